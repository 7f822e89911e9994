#!/bin/bash
# system/booted.sh: what scripts/try-service has done inside, as root of a Debian that systemd runs and the packages are installed in.
set -euo pipefail
config=/etc/centrifuged/config.json
log=/var/log/centrifuged/centrifuged.log

fail() {
    echo "$1" >&2
    journalctl --unit=centrifuged --no-pager --lines=30 >&2
    exit 1
}

pid() { systemctl show --property=MainPID --value centrifuged; }

# The status of a request.
ask() { curl --silent --output /dev/null --max-time 20 --write-out '%{http_code}' http://127.0.0.1:8000/health || true; }

until_it_serves() {
    for _ in $(seq 300); do
        [ "$(ask)" != 200 ] || return 0
        sleep 0.1
    done
    fail "$1"
}

# Of the next start.
override() {
    mkdir -p /etc/systemd/system/centrifuged.service.d
    printf '[Service]\n%s\n' "$1" >/etc/systemd/system/centrifuged.service.d/try.conf
    systemctl daemon-reload
}

configure() {
    printf '{"secret": "secret", "insecure": true%s}\n' "$1" >"$config"
}

try_start() {
    systemctl enable --now centrifuged
    [ "$(ask)" = 200 ] || fail "the start is over, and it does not serve"
}

try_reload() {
    local before
    before=$(pid)
    systemctl reload centrifuged || fail "a reload fails"
    cp -p "$config" /root/good.json
    echo '{' >"$config"
    ! systemctl reload centrifuged || fail "a reload of a wrong configuration says that it is good"
    [ "$(pid)" = "$before" ] || fail "a reload is another process"
    [ "$(ask)" = 200 ] || fail "it does not serve behind a wrong configuration"
    cp -p /root/good.json "$config"
}

# For the start and the reload.
try_other_file() {
    printf 'secret: secret\nname: other\n' >/etc/centrifuged/other.yaml
    override Environment=CONFIG=/etc/centrifuged/other.yaml
    systemctl restart centrifuged
    systemctl reload centrifuged || fail "a reload of another file fails"
    echo '{' >/etc/centrifuged/other.yaml
    ! systemctl reload centrifuged || fail "a reload of another file that is wrong says that it is good"
    override ''
    systemctl restart centrifuged
}

try_crash() {
    local before
    before=$(pid)
    kill -KILL "$before"
    until_it_serves "it is not started again"
    [ "$(pid)" != "$before" ] || fail "it has survived SIGKILL"
}

# More than five attempts: the port is free when they are over.
try_taken_port() {
    systemctl stop centrifuged
    systemd-run --quiet --unit=taken --service-type=notify centrifuged --insecure --config "$config"
    ! systemctl start centrifuged 2>/dev/null || fail "two have one port"
    for _ in $(seq 400); do
        [ "$(systemctl show --property=NRestarts --value centrifuged)" -lt 6 ] || break
        sleep 0.1
    done
    systemctl stop taken
    until_it_serves "it is given up because its port was taken"
}

try_watchdog() {
    local before
    override WatchdogSec=2
    systemctl restart centrifuged
    before=$(pid)
    kill -STOP "$before"
    for _ in $(seq 300); do
        [ "$(pid)" = "$before" ] || break
        sleep 0.1
    done
    until_it_serves "a loop that stands still is not noticed"
    [ "$(systemctl show --property=NRestarts --value centrifuged)" = 1 ] || fail "the watchdog has not started it again"
}

# Longer than the unit's patience.
try_spread() {
    override TimeoutStopSec=3
    configure ', "shutdown_spread": 8'
    systemctl restart centrifuged
    for user in ann bob eve; do
        centrifuge-cli sub news --user "$user" --secret secret --url ws://127.0.0.1:8000/connection/websocket >/dev/null 2>&1 &
    done
    for _ in $(seq 100); do
        [ "$(ss --no-header --tcp state established '( sport = :8000 )' | wc -l)" -lt 3 ] || break
        sleep 0.1
    done
    systemctl stop centrifuged
    [ "$(systemctl show --property=Result --value centrifuged)" = success ] || fail "a long end is cut short"
    journalctl --unit=centrifuged --no-pager | grep -q 'clients are told within 8 seconds' || fail "nobody was told"
    # shellcheck disable=SC2046 # one argument each
    kill $(jobs -p)
}

try_socket() {
    local codes=/root/codes
    override ''
    configure ''
    systemctl enable --now centrifuged.socket
    (for _ in $(seq 300); do
        ask
        echo
    done) >"$codes" &
    local asking=$!
    for _ in 1 2 3; do
        systemctl restart centrifuged
        sleep 0.3
    done
    wait "$asking"
    ! grep -qv 200 "$codes" || fail "a restart refuses requests: $(sort "$codes" | uniq -c)"
    systemctl disable --now centrifuged.socket
}

# Also while the configuration is wrong.
try_logrotate() {
    configure ", \"log_file\": \"$log\", \"api_socket\": \"/run/centrifuged/api\""
    systemctl restart centrifuged
    [ "$(stat -c '%U %a' /run/centrifuged/api)" = "centrifuged 660" ] || fail "the socket of the API is of $(stat -c '%U %a' /run/centrifuged/api)"
    echo '{' >"$config"
    logrotate --force /etc/logrotate.d/centrifuged
    for _ in $(seq 100); do
        ! grep -qs 'Error parsing configuration' "$log" || return 0
        sleep 0.1
    done
    fail "a log that was rotated away is not followed by a new one"
}

# The same packages again are an upgrade for dpkg.
try_upgrade() {
    local before
    configure ''
    systemctl restart centrifuged
    before=$(pid)
    dpkg --install /root/centrifuged_*.deb >/dev/null 2>&1 || fail "an upgrade fails"
    until_it_serves "an upgrade leaves it stopped"
    [ "$(pid)" != "$before" ] || fail "an upgrade leaves the old program running"
    systemctl stop centrifuged
    dpkg --install /root/centrifuged_*.deb >/dev/null 2>&1 || fail "an upgrade of a stopped service fails"
}

try_remove() {
    systemctl start centrifuged
    DEBIAN_FRONTEND=noninteractive apt-get remove --yes centrifuged >/dev/null 2>&1 || fail "it cannot be removed"
    [ "$(ask)" = 000 ] || fail "it runs on without its package"
}

for step in start reload other_file crash taken_port watchdog spread socket logrotate upgrade remove; do
    echo "booted: $step"
    "try_$step"
done
