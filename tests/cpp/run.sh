#!/bin/bash
# run.sh PROGRAM [CONFIGURATION]: runs it with the address of a centrifuged of its own. CENTRIFUGE_BUILD says where that is.
set -euo pipefail
build=${CENTRIFUGE_BUILD:-build/release}
log=$(mktemp)
server=0
stop() {
    if [ "$server" -ne 0 ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -f "$log"
}
trap stop EXIT

"$build/centrifuged" -c "${2:-tests/cpp/server.json}" -p 0 >"$log" 2>&1 &
server=$!
port=
for _ in $(seq 2400); do
    port=$(grep -o '127\.0\.0\.1:[0-9]*' "$log" | head -n 1 | cut -d: -f2 || true)
    test -z "$port" || break
    sleep 0.05
done
test -n "$port" || { echo "run: no server" >&2; cat "$log" >&2; exit 1; }
"$1" "ws://127.0.0.1:$port/connection/websocket"
