#!/bin/bash
# python.sh: bindings/python, built as its page says against an installed copy, and tried against a server. CENTRIFUGE_BUILD says which build.
set -euo pipefail
build=$(realpath "${CENTRIFUGE_BUILD:-build/release}")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cmake --install "$build" --prefix "$temporary/prefix" >/dev/null
library=$(dirname "$(find "$temporary/prefix" -name libcentrifuge.so)")
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 bindings/python/build.py "$temporary/package" >/dev/null
# A library with sanitizers wants them in front of all others; what Python itself keeps to its end is no leak of ours.
sanitizers=$(sed -n 's/^CENTRIFUGE_SANITIZE:STRING=\(.\)/\1/p' "$build/CMakeCache.txt")
preload=
[ -z "$sanitizers" ] || preload=$(cc -print-file-name=libasan.so)
CENTRIFUGED=$build/centrifuged PYTHONPATH=$temporary/package PYTHONMALLOC=malloc LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 \
    /usr/bin/python3 bindings/python/test/test_libcentrifuge.py "$@"
