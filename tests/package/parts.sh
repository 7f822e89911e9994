#!/bin/bash
# parts.sh BUILD: whoever wants a part gets that: the components of an installation, which are the whole of it together, what an
# uninstallation leaves (nothing), the shared or the static library alone, the library without programs in a project of others.
set -euo pipefail
build=$(realpath "$1")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

fail() {
    echo "parts: $1" >&2
    exit 1
}

# below FOLDER: its files, one a line.
below() {
    (cd "$1" && find . ! -type d | sort)
}

cmake --install "$build" --prefix "$temporary/whole" >"$temporary/log"
below "$temporary/whole" >"$temporary/files"
cp "$build/install_manifest.txt" "$temporary/"
for component in runtime development server cli documentation; do
    cmake --install "$build" --prefix "$temporary/$component" --component "$component" >"$temporary/log"
    below "$temporary/$component"
done | sort >"$temporary/together"
diff -u "$temporary/files" "$temporary/together" || fail "the components are not the whole"
compgen -G "$temporary/runtime/lib*/libcentrifuge.so.*" >/dev/null || compgen -G "$temporary/runtime/lib/*/libcentrifuge.so.*" >/dev/null ||
    fail "no shared library in the component runtime"
for file in bash-completion/completions/centrifuge-cli zsh/site-functions/_centrifuge-cli fish/vendor_completions.d/centrifuge-cli.fish; do
    grep -q bench "$temporary/cli/share/$file" || fail "the component cli has no share/$file that knows the commands"
done
[ ! -e "$temporary/runtime/include" ] || fail "headers in the component runtime"

touch "$temporary/whole/lib/somebody-elses"
scripts/uninstall "$temporary" >"$temporary/log"
[ "$(below "$temporary/whole")" = ./lib/somebody-elses ] || fail "an uninstallation leaves: $(below "$temporary/whole")"
[ ! -e "$temporary/whole/include" ] || fail "an uninstallation leaves empty folders"
if scripts/uninstall "$temporary/runtime" 2>"$temporary/log"; then
    fail "nothing was installed, and an uninstallation says nothing"
fi
grep -q 'nothing was installed' "$temporary/log" || fail "an uninstallation of nothing says: $(cat "$temporary/log")"

# would_build OPTION...: the names of the files that a build with them makes.
would_build() {
    cmake -S . -B "$temporary/other" -G Ninja -DCENTRIFUGE_TESTS=OFF -DCENTRIFUGE_SERVER=OFF -DCENTRIFUGE_CLI=OFF "$@" >"$temporary/log" ||
        fail "configuring with $* fails"
    ninja -C "$temporary/other" -t commands all | grep -o "\blibcentrifuge\.\(a\|so\)\b" | sort -u | tr "\n" " "
}

[ "$(would_build -DCENTRIFUGE_STATIC=OFF)" = "libcentrifuge.so " ] || fail "the shared library alone: $(would_build -DCENTRIFUGE_STATIC=OFF)"
[ "$(would_build -DCENTRIFUGE_STATIC=ON -DCENTRIFUGE_SHARED=OFF)" = "libcentrifuge.a " ] || fail "the static library alone is not"
grep -q '^CMAKE_BUILD_TYPE:STRING=RelWithDebInfo' "$temporary/other/CMakeCache.txt" || fail "the build type is not RelWithDebInfo by itself"
if cmake -S . -B "$temporary/other" -DCENTRIFUGE_STATIC=OFF -DCENTRIFUGE_SHARED=OFF >"$temporary/log" 2>&1; then
    fail "a build of no library is configured"
fi

cmake -S tests/package/subproject -B "$temporary/sub" -G Ninja -DLIBCENTRIFUGE="$PWD" >"$temporary/log"
cmake --build "$temporary/sub" -j 2 --target program >"$temporary/log" || fail "a project that has these sources is not built: $(tail -n 5 "$temporary/log")"
[ "$("$temporary/sub/program")" = "$(sed -n 's/^project(centrifuge VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)" ] || fail "its program says something else"
others=$(ninja -C "$temporary/sub" -t targets all | sed -n 's/: phony$//; /\(centrifuged\|centrifuge-cli\|test_\|bench_\|example_\)/p' | grep -v cf_ || true)
[ -z "$others" ] || fail "a project that has these sources builds more than the library: $others"
echo "parts: five components, one uninstallation, two libraries alone, one project that has the sources"
