#!/bin/bash
# install.sh BUILD: installs into an empty folder and builds programs against what is there: with pkg-config, with find_package
# from C and C++, its wrapper included, and with the static library; runs them.
set -euo pipefail
build=$(realpath "$1")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
prefix=$temporary/prefix
cmake --install "$build" --prefix "$prefix" >"$temporary/log"

for file in include/centrifuge/client.h include/centrifuge/error.h lib*/libcentrifuge.a lib*/libcentrifuge.so lib*/pkgconfig/libcentrifuge.pc; do
    compgen -G "$prefix/$file" >/dev/null || compgen -G "$prefix/${file/lib\*/lib\/*}" >/dev/null || { echo "install: no $file" >&2; exit 1; }
done

libdir=$(dirname "$(find "$prefix" -name libcentrifuge.a)")
# A build with sanitizers needs them in its users, too.
sanitize=$(sed -n 's/^CENTRIFUGE_SANITIZE:STRING=\(.\)/-fsanitize=\1/p' "$build/CMakeCache.txt")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
export PKG_CONFIG_PATH=$libdir/pkgconfig

# A program prints the version of the library that it runs with.
runs() {
    got=$(LD_LIBRARY_PATH=$libdir "$@")
    test "$got" = "$version" || { echo "install: $1 says '$got', not '$version'" >&2; exit 1; }
}

version=$(pkg-config --modversion libcentrifuge)
main=tests/package/consumer/main.c
"$compiler" $sanitize "$main" $(pkg-config --cflags --libs libcentrifuge) -o "$temporary/shared"
runs "$temporary/shared"

plusplus=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
"$plusplus" -std=c++11 $sanitize tests/package/consumer/wrapper.cpp $(pkg-config --cflags --libs libcentrifuge) -o "$temporary/wrapper"
runs "$temporary/wrapper"

# Static: what --static adds, without the shared library in sight.
mkdir "$temporary/static-only"
cp "$libdir/libcentrifuge.a" "$temporary/static-only/"
libraries=$(pkg-config --static --libs-only-l libcentrifuge)
"$compiler" $sanitize "$main" $(pkg-config --cflags libcentrifuge) -L"$temporary/static-only" $libraries -o "$temporary/static"
runs "$temporary/static"
if LD_LIBRARY_PATH=$libdir ldd "$temporary/static" | grep -q libcentrifuge; then
    echo "install: the static program needs the shared library" >&2
    exit 1
fi

cmake -S tests/package/consumer -B "$temporary/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_C_FLAGS="$sanitize" -DCMAKE_CXX_FLAGS="$sanitize" >>"$temporary/log"
cmake --build "$temporary/consumer" >>"$temporary/log"
for program in shared static plusplus wrapper; do
    runs "$temporary/consumer/$program"
done
echo "install: seven programs built and run with libcentrifuge $version"
