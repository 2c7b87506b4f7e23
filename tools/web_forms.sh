#!/bin/sh
# Bring ODK Web Forms, which fills forms in the browser, from npm into node_modules, exactly as package-lock.json pins it.
# `siraba` serves it itself and runs without it, but then says on its pages that forms cannot be opened in the browser.
set -eu

npm=$(command -v npm || true)
if [ -z "$npm" ]; then
    # npm in a wheel: nothing has to be installed on the system. It is needed now and never again, so it stays out of .venv.
    if ! [ -x .cache/node/bin/npm ]; then
        echo "Fetching npm …"
        rm -rf .cache/node
        .venv/bin/python -m venv --without-pip .cache/node
        .venv/bin/python -m pip --python .cache/node/bin/python install -q --group npm
    fi
    npm=$PWD/.cache/node/bin/npm
    PATH=$PWD/.cache/node/bin:$PATH
    export PATH
fi
echo "Installing ODK Web Forms …"
mkdir -p .cache/home
# No package may run a script of its own here.
HOME=$PWD/.cache/home npm_config_update_notifier=false npm_config_cache=$PWD/.cache/npm "$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error \
    --fetch-retries=1 --fetch-retry-mintimeout=1000 >/dev/null
