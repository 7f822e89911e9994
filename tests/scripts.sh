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

# A machine whose packages are missing, and whose apt-get fails once for each line of programs/held, with that line.
machine() {
    mkdir -p "$temporary/a machine"/{scripts,programs}
    cp scripts/install-packages "$temporary/a machine/scripts/"
    printf '#!/bin/bash\nexec "$@"\n' >"$temporary/a machine/programs/sudo"
    printf '#!/bin/bash\nexit 1\n' >"$temporary/a machine/programs/dpkg-query"
    cat >"$temporary/a machine/programs/apt-get" <<'PROGRAM'
#!/bin/bash
held="${0%/*}/held"
if [ -s "$held" ]; then
    head -n 1 "$held"
    sed -i 1d "$held"
    exit 100
fi >&2
echo "$1 $DEBIAN_FRONTEND" >>"${0%/*}/done"
PROGRAM
    chmod +x "$temporary/a machine/programs"/*
}

# on_machine HELD [NAME=VALUE...]: installs the packages of 'build' there.
on_machine() {
    printf '%s' "$1" >"$temporary/a machine/programs/held"
    rm -f "$temporary/a machine/programs/done"
    env PATH="$temporary/a machine/programs:$PATH" "${@:2}" "$temporary/a machine/scripts/install-packages" build
}

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
machine
lists=$'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n'
dpkg=$'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 8 (unattended-upgr)\n'
expect 0 "waiting for it (at most 600 s): /var/lib/apt/lists/lock. It is held by process 7" on_machine "$lists$dpkg"
expect 0 $'update noninteractive\ninstall noninteractive' cat "$temporary/a machine/programs/done"
expect 1 "another program has been installing packages for 0 s: /var/lib/dpkg/lock-frontend. It is held by process 8 (unattended-upgr)" \
    on_machine "$dpkg" PACKAGES_WAIT=0
expect 1 "dpkg --configure -a" on_machine "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
expect 1 "apt-get failed; all it said is in build/install-packages.log" on_machine "E: Unable to locate package gcc"

exit $failed
