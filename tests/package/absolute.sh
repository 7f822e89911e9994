#!/bin/bash
# absolute.sh BUILD: an installation whose folders are absolute (CMAKE_INSTALL_LIBDIR=/...) puts everything there, and is found
# there with pkg-config and find_package.
set -euo pipefail
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
main=tests/package/consumer/main.c

fail() {
    echo "absolute: $1" >&2
    tail -n 20 "$temporary/log" >&2
    exit 1
}

# installed NAME OPTION...: one into $temporary/NAME. The tree is built once.
installed() {
    cmake -S . -B "$temporary/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DCENTRIFUGE_TESTS=OFF -DCENTRIFUGE_SERVER=OFF -DCENTRIFUGE_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$temporary/$1" "${@:2}" >"$temporary/log"
    cmake --build "$temporary/build" -j 2 >"$temporary/log" || fail "$1 is not built"
    cmake --install "$temporary/build" >"$temporary/log" || fail "$1 is not installed"
}

# works LIBDIR: a program is built in both ways, and runs.
works() {
    local consumer
    cc "$main" $(PKG_CONFIG_PATH=$1/pkgconfig pkg-config --cflags --libs libcentrifuge) -o "$temporary/program"
    LD_LIBRARY_PATH=$1 "$temporary/program" >/dev/null
    consumer=$(mktemp -d -p "$temporary")
    cmake -S tests/package/consumer -B "$consumer" -Dcentrifuge_DIR="$1/cmake/centrifuge" >"$temporary/log"
    cmake --build "$consumer" --target shared >"$temporary/log"
    LD_LIBRARY_PATH=$1 "$consumer/shared" >/dev/null
}

apart=$temporary/apart
installed prefix -DCMAKE_INSTALL_{LIBDIR="$apart/lib",INCLUDEDIR="$apart/headers"} \
    -DCMAKE_INSTALL_{BINDIR="$apart/programs",MANDIR="$apart/pages",DOCDIR="$apart/documents",DATAROOTDIR="$apart/data"}
works "$apart/lib"
test ! -e "$temporary/prefix" || fail "something is in the prefix, where all folders are absolute"
for file in programs/centrifuge-cli pages/man3/libcentrifuge.3 documents/docs/client.md data/bash-completion/completions/centrifuge-cli; do
    test -e "$apart/$file" || fail "$file is not where it was wanted"
done

installed mixed -DCMAKE_INSTALL_{LIBDIR=libraries,INCLUDEDIR="$temporary/include",BINDIR=bin,MANDIR=man,DOCDIR=doc}
works "$temporary/mixed/libraries"
test -x "$temporary/mixed/bin/centrifuge-cli" || fail "a relative folder is not below the prefix"
echo "absolute: two installations"
