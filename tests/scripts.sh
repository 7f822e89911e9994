#!/bin/bash
# The scripts themselves: their syntax, and what they say when they are used wrongly.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
failed=0

# expect CODE TEXT COMMAND...
expect() {
    local code=$1 text=$2 output got
    shift 2
    output=$("$@" 2>&1)
    got=$?
    if [ "$got" -ne "$code" ] || [[ "$output" != *"$text"* ]]; then
        echo "FAILED: $* ended with $got, not $code, or did not say '$text': $output"
        failed=1
    fi
}

for script in scripts/* tests/*.sh tests/package/*.sh .ci/run; do
    if head -n 1 "$script" 2>/dev/null | grep -q bash; then
        expect 0 "" bash -n "$script"
    fi
done
expect 2 "usage" scripts/install-packages nonsense
expect 0 "" scripts/install-packages build
expect 2 "PORT is 'x'" env PORT=x scripts/run
expect 2 "PORT is 70000" env PORT=70000 scripts/run
expect 0 "make run" make -s help

# A port that is taken: said before anything is built.
coproc HOLDER { exec node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))'; }
read -r port <&"${HOLDER[0]}"
expect 1 "port $port is already in use" env PORT="$port" scripts/run
expect 1 "make run PORT=$((port + 1))" env PORT="$port" scripts/run
kill "$HOLDER_PID"

exit $failed
