#!/bin/bash
# install.sh BUILD: installs into an empty folder, as `make install` does, and builds programs against what is there: with pkg-config,
# with find_package from C and C++, its wrapper included, and with the static library; runs them. The same with the first program of
# README.md, by the command that stands there and by what the installation says of itself.
set -euo pipefail
build=$(realpath "$1")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
prefix=$temporary/prefix
# What is built already, as build/release.
mkdir "$temporary/build"
ln -s "$build" "$temporary/build/release"
(umask 077 && make -s -C "$temporary" -f "$PWD/Makefile" -o build install PREFIX="$prefix" >"$temporary/log")
cp "$temporary/log" "$temporary/installed"

fail() {
    echo "install: $1" >&2
    exit 1
}

private=$(find "$prefix" ! -type l ! -perm -o=r)
test -z "$private" || fail "installed for one user only: $private"
twice=$(sed -n 's/^-- [A-Z][A-Za-z-]*: //p' "$temporary/installed" | sort | uniq -d)
test -z "$twice" || fail "installed twice: $twice"
for file in include/centrifuge/client.h include/centrifuge/error.h lib*/libcentrifuge.a lib*/libcentrifuge.so lib*/pkgconfig/libcentrifuge.pc; do
    compgen -G "$prefix/$file" >/dev/null || compgen -G "$prefix/${file/lib\*/lib\/*}" >/dev/null || fail "no $file"
done

libdir=$(dirname "$(find "$prefix" -name libcentrifuge.a)")
# A build with sanitizers needs them in its users, too.
sanitize=$(sed -n 's/^CENTRIFUGE_SANITIZE:STRING=\(.\)/-fsanitize=\1/p' "$build/CMakeCache.txt")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
export PKG_CONFIG_PATH=$libdir/pkgconfig

# A program prints the version of the library that it runs with.
runs() {
    got=$(LD_LIBRARY_PATH=$libdir "$@")
    test "$got" = "$version" || fail "$1 says '$got', not '$version'"
}

version=$(pkg-config --modversion libcentrifuge)
main=tests/package/consumer/main.c
"$compiler" $sanitize "$main" $(pkg-config --cflags --libs libcentrifuge) -o "$temporary/shared"
runs "$temporary/shared"

plusplus=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
"$plusplus" -std=c++17 $sanitize tests/package/consumer/wrapper.cpp $(pkg-config --cflags --libs libcentrifuge) -o "$temporary/wrapper"
runs "$temporary/wrapper"

# Static: without the shared library in sight. What --static adds is all of libcurl's own libraries, most of which are not installed
# for development: the shared libcurl brings them along.
for library in $(pkg-config --static --libs-only-l libcurl libidn2 openssl); do
    pkg-config --static --libs-only-l libcentrifuge | grep -qF -- "$library" || fail "pkg-config --static has no $library"
done
mkdir "$temporary/static-only"
cp "$libdir/libcentrifuge.a" "$temporary/static-only/"
"$compiler" $sanitize "$main" $(pkg-config --cflags libcentrifuge) -L"$temporary/static-only" -lcentrifuge \
    $(pkg-config --libs libcurl libidn2 openssl) -lpthread -o "$temporary/static"
runs "$temporary/static"
if LD_LIBRARY_PATH=$libdir ldd "$temporary/static" | grep -q libcentrifuge; then
    fail "the static program needs the shared library"
fi

cmake -S tests/package/consumer -B "$temporary/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_C_FLAGS="$sanitize" -DCMAKE_CXX_FLAGS="$sanitize" >>"$temporary/log"
cmake --build "$temporary/consumer" >>"$temporary/log"
for program in shared static plusplus wrapper; do
    runs "$temporary/consumer/$program"
done

# The reader of README.md: in a folder with first.c, with what the installation says as environment. cc is the compiler of this build.
cc() {
    "$compiler" $sanitize "$@"
}

first_program() {
    local command variable
    unset PKG_CONFIG_PATH
    while read -r variable; do
        export "${variable?}"
    done < <(grep -o '[A-Z_]*_PATH=[^ ]*' "$temporary/installed")
    command=$(sed -n 's/^After `sudo make install`: `\(cc [^`]*\)`.*/\1/p' README.md)
    test -n "$command" || fail "README.md has no command for the first program"
    awk '/^## A first program/ { here = 1 } /^```$/ { inside = 0; here = here && !seen } inside { print } here && /^```c$/ { inside = seen = 1 }' \
        README.md | sed "s/localhost:8000/127.0.0.1:$1/" >"$temporary/first.c"
    cd "$temporary"
    eval "$command"
    exec ./a.out
}

"$build/centrifuged" -c share/development.json -p 0 >"$temporary/server" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$temporary"' EXIT
until port=$(grep -om1 '127\.0\.0\.1:[0-9]*' "$temporary/server" 2>/dev/null); do
    kill -0 "$server" || fail "no server: $(cat "$temporary/server")"
    sleep 0.05
done
port=${port#*:}
(first_program "$port") >"$temporary/heard" 2>&1 &
reader=$!
# Longer than what its standard output collects before it writes.
message="{\"text\": \"hello\", \"more\": \"$(printf '%8192s' '')\"}"
until grep -qF 'chat:room: {"text": "hello"' "$temporary/heard"; do
    kill -0 "$reader" || fail "the first program of README.md ended: $(cat "$temporary/heard")"
    "$build/centrifuge-cli" pub --api --insecure --url "http://127.0.0.1:$port" chat:room "$message"
    sleep 0.1
done
kill "$reader"

# Where the system looks for libraries, they are made known. (With an ldconfig that says it looks there.)
mkdir "$temporary/bin"
cat >"$temporary/bin/ldconfig" <<PROGRAM
#!/bin/sh
case " \$* " in
    *" -N "*) echo "$libdir: (from /etc/ld.so.conf.d/libc.conf:2)" ;;
    *) echo ran >>"$temporary/ran"; exit \${LDCONFIG_FAILS:-0} ;;
esac
PROGRAM
chmod +x "$temporary/bin/ldconfig"
again() {
    env PATH="$temporary/bin:$PATH" "$@" cmake --install "$build" --prefix "$prefix" | tail -n 1
}
[[ "$(again DESTDIR="$temporary/staged")" != *libcentrifuge\ in* && ! -e "$temporary/ran" ]] || fail "ldconfig was run for a staged installation"
[[ "$(again)" == *"ldconfig has been run"* && -s "$temporary/ran" ]] || fail "ldconfig was not run"
[[ "$(again LDCONFIG_FAILS=1)" == *"run it as root"* ]] || fail "nothing is said when ldconfig fails"
echo "install: eight programs built and run with libcentrifuge $version"
