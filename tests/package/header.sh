#!/bin/bash
# header.sh: each public header compiles alone, as C99 and C11, as C++11 and C++17, without a warning.
set -euo pipefail
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude -fsyntax-only"

compilers() {
    for compiler in "$@"; do
        if command -v "$compiler" >/dev/null; then
            echo "$compiler"
        fi
    done
}

checked=0
for header in include/centrifuge/*.h; do
    printf '#include <centrifuge/%s>\ntypedef int nothing;\n' "$(basename "$header")" >"$temporary/header.c"
    cp "$temporary/header.c" "$temporary/header.cpp"
    for compiler in $(compilers gcc clang); do
        "$compiler" -std=c99 $warnings -Wstrict-prototypes "$temporary/header.c"
        "$compiler" -std=c11 $warnings -Wstrict-prototypes "$temporary/header.c"
        checked=$((checked + 2))
    done
    for compiler in $(compilers g++ clang++); do
        "$compiler" -std=c++11 $warnings "$temporary/header.cpp"
        "$compiler" -std=c++17 $warnings "$temporary/header.cpp"
        checked=$((checked + 2))
    done
done
# Adapters, as their users compile them: with the headers of a library whose own warnings are nobody's here.
adapter() {
    printf '#include <centrifuge/adapters/%s.h>\ntypedef int nothing;\n' "$1" >"$temporary/header.c"
    cp "$temporary/header.c" "$temporary/header.cpp"
    cc -std=c99 -D_POSIX_C_SOURCE=200809L $warnings $2 "$temporary/header.c"
    c++ -std=c++11 $warnings $2 "$temporary/header.cpp"
    checked=$((checked + 2))
}
adapter libuv ""
[ ! -e /usr/include/ev.h ] || adapter libev ""
for pair in libevent:libevent glib:glib-2.0 sd-event:libsystemd; do
    if pkg-config --exists "${pair#*:}"; then
        adapter "${pair%:*}" "$(pkg-config --cflags "${pair#*:}" | sed 's/-I/-isystem /g')"
    fi
done
test "$checked" -gt 0
# The macros that hide the structs' sizes, as a program uses them.
for standard in c99 c11; do
    cc -std=$standard $warnings tests/package/consumer/main.c
done
c++ -std=c++17 $warnings tests/package/consumer/main.cpp
echo "header: $checked compilations"
