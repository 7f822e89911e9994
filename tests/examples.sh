#!/bin/bash
# Runs every example against centrifuged. CENTRIFUGE_BUILD says where both are.
set -euo pipefail
build=${CENTRIFUGE_BUILD:-build/release}
examples=$build/examples
temporary=$(mktemp -d)
server=0
stop() {
    if [ "$server" -ne 0 ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$temporary"
}
trap stop EXIT

fail() {
    echo "examples: $1" >&2
    tail -n 20 "$temporary"/* >&2
    exit 1
}

# until_has FILE TEXT: up to two minutes.
until_has() {
    for _ in $(seq 2400); do
        if grep -qF "$2" "$1" 2>/dev/null; then
            return 0
        fi
        sleep 0.05
    done
    fail "no '$2' in $(basename "$1")"
}

# serve PORT
serve() {
    "$build/centrifuged" -c share/development.json -p "$1" >"$temporary/server" 2>&1 &
    server=$!
    until_has "$temporary/server" 127.0.0.1:
}

serve 0
port=$(grep -o '127\.0\.0\.1:[0-9]*' "$temporary/server" | head -n 1 | cut -d: -f2)
url=ws://127.0.0.1:$port/connection/websocket

"$examples/sensor" "$url" chat:sensors 3 >"$temporary/sensor" || fail "sensor failed"
until_has "$temporary/sensor" "0 readings left"
# With a server that comes later.
kill "$server"
wait "$server" || true
"$examples/sensor" "$url" chat:sensors 3 >"$temporary/sensor" &
sensor=$!
sleep 0.3
serve "$port"
wait "$sensor" || fail "sensor did not find the server that came"
until_has "$temporary/sensor" "0 readings left"

"$examples/tick" "$url" game:room 600 >"$temporary/tick" || fail "tick failed"
until_has "$temporary/tick" ': "left"'

"$examples/private" "$url" '$chat:members' >"$temporary/private" || fail "private failed"
until_has "$temporary/private" '$chat:members: "for members only"'
if "$examples/private" "$url" '$chat:members' wrong >/dev/null 2>"$temporary/denied"; then
    fail "private took a wrong secret"
fi
until_has "$temporary/denied" 'libcentrifuge: error: $chat:members: permission denied'

# What is typed comes back; the end of it ends the program.
mkfifo "$temporary/keyboard"
"$examples/poll" "$url" chat:poll <"$temporary/keyboard" >"$temporary/poll" &
poll=$!
exec 5>"$temporary/keyboard"
echo 'it is "typed"' >&5
until_has "$temporary/poll" 'it is "typed"'
exec 5>&-
wait "$poll" || fail "poll failed"
# Who comes later reads it, too.
mkfifo "$temporary/later"
"$examples/poll" "$url" chat:poll <"$temporary/later" >"$temporary/poll" &
poll=$!
exec 5>"$temporary/later"
until_has "$temporary/poll" '(earlier) it is "typed"'
exec 5>&-
wait "$poll" || fail "poll did not tell what was said before"

# What it publishes waits until it is subscribed, so that it reads it.
printf 'say "hello"\n' | "$examples/news" "$url" chat:news 1 >"$temporary/news" || fail "news failed"
until_has "$temporary/news" 'chat:news: say "hello"'

"$examples/producer" "$url" chat:numbers >"$temporary/producer" 2>&1 || fail "producer failed"
test ! -s "$temporary/producer" || fail "producer was refused"

# Lines from one, received by the others.
"$examples/first" "$url" chat:lines >"$temporary/first" &
first=$!
# Each event loop that there is an adapter for, and whose library is here.
loops=()
listeners=()
for loop in libuv libev libevent glib sd-event qt; do
    if [ -x "$examples/$loop" ]; then
        "$examples/$loop" "$url" chat:lines 2 >"$temporary/$loop" &
        listeners+=($!)
        loops+=("$loop")
    fi
done
all_received() {
    local one
    for one in first "${loops[@]}"; do
        grep -q second "$temporary/$one" || return 1
    done
}
sends=0
until all_received; do
    sends=$((sends + 1))
    test "$sends" -le 200 || fail "first, ${loops[*]}: not all of them received something"
    printf 'first\nsecond\n' | "$examples/threads" "$url" chat:lines >"$temporary/threads" || fail "threads failed"
    until_has "$temporary/threads" "2 published"
    sleep 0.1
done
for i in "${!loops[@]}"; do
    wait "${listeners[$i]}" || fail "${loops[$i]} failed"
done
kill "$first"
wait "$first" 2>/dev/null || true
until_has "$temporary/first" 'chat:lines: "first"'
echo "examples: all of them ran"
