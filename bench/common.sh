# Sourced by the scripts beside it, in the repository's root: a server for each measurement, and the best of several rounds.
# BENCH_BUILD chooses another build folder, BENCH_QUICK=1 a shorter run.
# shellcheck shell=bash

build=${BENCH_BUILD:-build/release}
programs=$build/bench
work=build/bench
scale=1 rounds=3
[ -z "${BENCH_QUICK:-}" ] || scale=10 rounds=1

mkdir -p "$work"
ulimit -n "$(ulimit -Hn)"
for needed in "$build/centrifuged" "$programs"/{load,floor,flood,sockjs,feed,receive,publish,hold,resubscribe}; do
    [ -x "$needed" ] || { echo "bench: $needed is missing; build it with: make build" >&2; exit 1; }
done

# The server and the floors' senders on one processor, their readers on another, where there are two.
server_core=-1 reader_core=-1 pin=()
if [ "$(nproc)" -ge 2 ]; then
    server_core=0 reader_core=1
    pin=(taskset -c "$server_core")
fi

server=
stop_server() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}
trap stop_server EXIT

# start_server CONFIG: a fresh one for each measurement, on a free port.
start_server() {
    local try
    stop_server
    for try in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        "${pin[@]}" "$build/centrifuged" -c "$1" -a 127.0.0.1 -p "$port" >"$work/server.log" 2>&1 &
        server=$!
        for _ in $(seq 100); do
            if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                sleep 0.2
                return 0
            fi
            kill -0 "$server" 2>/dev/null || break
            sleep 0.05
        done
        stop_server
    done
    echo "bench: centrifuged does not start:" >&2
    cat "$work/server.log" >&2
    exit 1
}

# value NAME 'a=1 b=2'
value() {
    sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" <<<"$2"
}

# Each measurement is taken $rounds times, the measured and what it is compared with in turn; the one with the least CPU time (or
# NAME) counts, since all that disturbs a measurement adds to it.
keep_less() { # the best so far, a new one, NAME
    local name=${3:-cpu_ns}
    if [ -z "$1" ] || [ "$(value "$name" "$2")" -lt "$(value "$name" "$1")" ]; then echo "$2"; else echo "$1"; fi
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
times() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", a / b }'; }
milliseconds() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'; }
thousands() { sed ':a;s/\B[0-9]\{3\}\>/,&/;ta' <<<"$1"; }
row() {
    local cell
    printf '|'
    for cell in "$@"; do printf ' %s |' "$cell"; done
    printf '\n'
}
