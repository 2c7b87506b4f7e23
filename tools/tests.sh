#!/bin/sh
# All tests on SQLite and on PostgreSQL, side by side: one has the processor while the other waits for its engines.
set -eu

databases="sqlite postgresql"
markers=
for name in $(echo "${SKIP:-}" | tr ',' ' '); do
    if [ "$name" = postgres ]; then databases=sqlite; else markers="${markers:+$markers and }not $name"; fi
    echo "*** SKIPPED because asked for: everything that needs $name ***"
done

# Whatever a test or an engine keeps at home is kept here instead.
mkdir -p .cache/tests .cache/home
HOME=$PWD/.cache/home
export HOME

for database in $databases; do
    (
        code=0
        .venv/bin/pytest --database "$database" --basetemp ".cache/tests/$database" -o "cache_dir=.cache/pytest-$database" \
            --color=no --durations=10 ${markers:+-m "$markers"} </dev/null >".cache/tests/$database.log" 2>&1 || code=$?
        echo $code >".cache/tests/$database.code"
    ) &
    echo "Testing on $database … (.cache/tests/$database.log)"
done
wait

failed=0
for database in $databases; do
    echo
    echo "===== $database"
    cat ".cache/tests/$database.log"
    [ "$(cat ".cache/tests/$database.code")" = 0 ] || failed=1
done
echo
for database in $databases; do
    echo "$database: $(tail -n 1 ".cache/tests/$database.log")"
done
if [ -n "${SKIP:-}" ]; then echo "*** not everything was tested: SKIP=$SKIP ***"; fi
exit $failed
