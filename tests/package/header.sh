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
test "$checked" -gt 0
# The macros that hide the structs' sizes, as a program uses them.
for standard in c99 c11; do
    cc -std=$standard $warnings tests/package/consumer/main.c
done
c++ -std=c++17 $warnings tests/package/consumer/main.cpp
echo "header: $checked compilations"
