#!/bin/bash
# service.sh BUILD: systemd finds no fault with the unit, and little that it may do besides its work.
set -euo pipefail
build=$(realpath "$1")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
unit=$temporary/centrifuged.service
sed "s:/usr/bin/centrifuged:$build/centrifuged:" share/systemd/centrifuged.service >"$unit"
grep -q "$build/centrifuged" "$unit"

cp share/systemd/centrifuged.socket "$temporary/"
said=$(systemd-analyze verify --man=no "$unit" "$temporary/centrifuged.socket" 2>&1 | grep -F centrifuged. || true)
[ -z "$said" ] || { echo "service: systemd-analyze verify says: $said" >&2; exit 1; }
# In tenths, 0 to 100.
systemd-analyze security --offline=true --threshold=20 "$unit" >"$temporary/log" || { tail -n 1 "$temporary/log" >&2; exit 1; }
tail -n 1 "$temporary/log"
