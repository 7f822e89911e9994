#!/bin/bash
# configure.sh BUILD: a configuration without packages that are needed names all of them, as scripts/install-packages does.
set -euo pipefail
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

fail() {
    echo "configure: $1" >&2
    cat "$temporary/log" >&2
    exit 1
}

# refused NAME OPTION...: a configuration that ends with an error; what it says is in $temporary/log, without its line breaks.
refused() {
    if cmake -S . -B "$temporary/$1" -G Ninja -DCENTRIFUGE_NODE=OFF "${@:2}" >"$temporary/long" 2>&1; then
        fail "the configuration '$1' succeeds"
    fi
    tr -s ' \n' ' ' <"$temporary/long" >"$temporary/log"
}

# names PACKAGE...
names() {
    local package
    for package in "$@"; do
        grep -q "Debian's $package\b" "$temporary/log" || fail "$package is not named"
        grep -qw -- "$package" scripts/install-packages || fail "scripts/install-packages has no $package"
    done
}

# Nothing is where pkg-config and CMake look.
nothing=(-DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON "-DCMAKE_IGNORE_PATH=/usr/share/llhttp;/usr/share/include/llhttp")
libraries="libcurl4-openssl-dev libidn2-dev libssl-dev zlib1g-dev libuv1-dev node-llhttp libyaml-dev"
export PKG_CONFIG_LIBDIR=$temporary
refused all "${nothing[@]}"
names $libraries libcmocka-dev
refused untested "${nothing[@]}" -DCENTRIFUGE_TESTS=OFF
names $libraries
! grep -q cmocka "$temporary/log" || fail "cmocka is wanted without tests"
unset PKG_CONFIG_LIBDIR

refused unasked -DPKG_CONFIG_EXECUTABLE=
names pkg-config
! grep -q "Debian's lib" "$temporary/log" || fail "without pkg-config, libraries are called missing that are there"

# Only one.
mkdir "$temporary/but-cmocka"
IFS=: read -ra folders < <(pkg-config --variable pc_path pkg-config)
for folder in "${folders[@]}"; do
    find "$folder" -maxdepth 1 -name '*.pc' ! -name cmocka.pc -exec ln -sf {} "$temporary/but-cmocka/" \; 2>/dev/null || true
done
PKG_CONFIG_LIBDIR=$temporary/but-cmocka refused one
names libcmocka-dev
test "$(grep -o "Debian's" "$temporary/log" | wc -l)" -eq 1 || fail "more than cmocka is called missing"

node=$(readlink -f "$(command -v node)")
refused headers -DCENTRIFUGE_NODE=ON "-DCMAKE_IGNORE_PATH=${node%/bin/*}/include/node;/usr/include/node"
names libnode-dev
echo "configure: five configurations name what they lack"
