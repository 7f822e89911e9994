#!/bin/bash
# exports.sh BUILD: the shared library exports exactly what the headers mark with CENTRIFUGE_API, and the version script names it.
set -euo pipefail
build=$1
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# Declarations as one line each, without comments.
sed -z 's:/\*\([^*]\|\*[^/]\)*\*/: :g; s/\n/ /g; s/;/;\n/g' include/centrifuge/*.h |
    sed -n 's/.*CENTRIFUGE_API[^(]*\b\(centrifuge_[a-z0-9_]*\)(.*/\1/p' | sort >"$temporary/headers"
sed -n 's/^ *\(centrifuge_[a-z0-9_]*\);$/\1/p' src/native/centrifuge.map | sort >"$temporary/map"
nm -D --defined-only "$build/libcentrifuge.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$temporary/library"

test -s "$temporary/headers"
diff -u "$temporary/headers" "$temporary/map" || { echo "exports: src/native/centrifuge.map and the headers differ" >&2; exit 1; }
diff -u "$temporary/map" "$temporary/library" || { echo "exports: the library and src/native/centrifuge.map differ" >&2; exit 1; }
readelf -d "$build/libcentrifuge.so" | grep -q 'SONAME.*\[libcentrifuge\.so\.[0-9]*\]' || { echo "exports: no SONAME" >&2; exit 1; }
echo "exports: $(wc -l <"$temporary/library") symbols"
