#!/bin/sh
# Install Debian or Ubuntu packages where that needs no password; otherwise say the command that would.
set -eu

command="apt-get install -y --no-install-recommends $*"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Missing on this machine. Please run:  sudo $command" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "Missing on this machine, and it has no apt-get. Please install what Debian calls: $*" >&2
    exit 1
fi

echo "Installing $* …"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of packages may be missing (containers) or too old: fetch them only then.
if ! $as_root env DEBIAN_FRONTEND=noninteractive $command </dev/null >"$log" 2>&1 &&
    ! { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive $command; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "Could not install. Please run:  ${as_root:+sudo }$command" >&2
    exit 1
fi
