#!/bin/bash
# deb.sh BUILD: the Debian packages are built, lintian finds nothing, and what they install works in a fresh Debian. Only where the
# programs for that are (scripts/install-packages deb, debootstrap), and for root: it takes some minutes.
set -euo pipefail
if [ "$(id -u)" -ne 0 ] || [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    echo "deb: skipped: not root, or not all is committed"
    exit 77
fi
for program in dpkg-buildpackage dh lintian fakeroot debootstrap; do
    command -v "$program" >/dev/null || { echo "deb: skipped: no $program"; exit 77; }
done
scripts/deb
scripts/try-deb
