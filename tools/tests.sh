#!/bin/sh
# All tests, those that use a database on SQLite and on PostgreSQL, dealt out to one process more than there are processors: there
# is always one that waits for its engines. SKIP=browser,java,s3,postgres leaves some out.
set -eu

database=both
markers=
for name in $(echo "${SKIP:-}" | tr ',' ' '); do
    if [ "$name" = postgres ]; then database=sqlite; else markers="${markers:+$markers and }not $name"; fi
    echo "*** SKIPPED because asked for: everything that needs $name ***"
done

# Whatever a test or an engine keeps at home is kept here instead.
mkdir -p .cache/tests .cache/home
HOME=$PWD/.cache/home
export HOME

# A test that hangs ends its process with the stack of every thread; it is named, and another process goes on with the rest.
processors=$(getconf _NPROCESSORS_ONLN)
code=0
.venv/bin/pytest --database "$database" --numprocesses $((processors + 1)) --dist worksteal --basetemp .cache/tests/run \
    --color=no --durations=10 -o faulthandler_exit_on_timeout=true ${markers:+-m "$markers"} </dev/null || code=$?
if [ -n "${SKIP:-}" ]; then echo "*** not everything was tested: SKIP=$SKIP ***"; fi
exit $code
