#!/bin/sh
# Without a Java everything works, save that forms are published without having been seen by ODK Validate.
set -eu

if command -v java >/dev/null 2>&1; then
    exit 0
fi
tools/install.sh default-jre-headless || {
    echo "Siraba starts without it: until there is a Java, forms are NOT VALIDATED by ODK Validate when they are published." >&2
}
