#!/bin/sh
# Make .venv with exactly the packages that were tested.
set -eu

python=
for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Siraba needs Python 3.11 or newer. On Debian and Ubuntu: sudo apt-get install python3 python3-venv" >&2
    exit 1
fi

# Debian and Ubuntu keep half of venv in a package of its own.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    tools/install.sh "$version-venv"
fi

if ! [ -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    echo "Making the Python environment in .venv …"
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "Installing Python packages …"
.venv/bin/python -m pip install -q -c constraints.txt pip setuptools
.venv/bin/python -m pip install -q -c constraints.txt --no-build-isolation -e .
