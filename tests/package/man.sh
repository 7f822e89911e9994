#!/bin/bash
# man.sh BUILD: every public name, command and option has its manual page; the pages are correct mdoc(7), refer to pages that are
# there, and are found where `cmake --install` puts them.
set -euo pipefail
build=$(realpath "$1")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

fail() {
    echo "man: $1" >&2
    exit 1
}

DESTDIR=$temporary cmake --install "$build" --prefix /usr >"$temporary/log"
pages=$temporary/usr/share/man
test -f "$pages/man3/libcentrifuge.3" || fail "no pages are installed; is python3 there?"

# An exported function that hides a size has its page under the name that programs use, too.
functions=$(sed -n 's/^ *\(centrifuge_[a-z0-9_]*\);$/\1/p' src/native/centrifuge.map)
types=$(sed -n 's/^\(typedef .*[ *(]\|} \)\(centrifuge_[a-z0-9_]*\)\();\|)(.*\|;\)$/\2/p' include/centrifuge/*.h | sort -u)
names=0
for name in $functions $(sed -n 's/_sized$//p' <<<"$functions") $types centrifuge centrifuge_json centrifuge_backend; do
    test -f "$pages/man3/$name.3" || fail "no page for $name"
    grep -q "^\.Nm $name\b\|^\.It Vt $name$\|^\.Nm ${name%_sized}\b" "$pages/man3/$name.3" || fail "the page $name.3 does not name it"
    names=$((names + 1))
done
test "$names" -gt 90 || fail "only $names names are looked for"

for command in $("$build/centrifuge-cli" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'); do
    test -f "$pages/man1/centrifuge-cli-$command.1" || fail "no page for centrifuge-cli $command"
    for option in $("$build/centrifuge-cli" "$command" --help | sed -n 's/^  .\{3\} --\([a-z-]*\).*/\1/p'); do
        grep -q "^\.It .*Fl -$option\b" "$pages/man1/centrifuge-cli.1" || fail "centrifuge-cli.1 lacks --$option"
        grep -q "^|.*\`--$option\`" docs/cli.md || fail "docs/cli.md lacks --$option"
    done
done
for option in $("$build/centrifuged" --help | sed -n 's/^  .\{3\} --\([a-z_]*\).*/\1/p'); do
    grep -q "^\.It .*Fl -$option\b" "$pages/man8/centrifuged.8" || fail "centrifuged.8 lacks --$option"
done

find "$pages" -type f -print0 | xargs -0 mandoc -Tlint -W warning || fail "mandoc has warnings"
sed -n 's/^\.\(It \)\?Xr \([^ ]*\) \([0-9]\).*/\3 \2/p' "$pages"/man?/* | sort -u | while read -r section name; do
    test -f "$pages/man$section/$name.$section" || fail "a page refers to $name($section), which is not there"
done

# The guide lies where its links lead to the examples.
guide=$(find "$temporary/usr/share/doc" -name client.md)
sed -n 's:.*](\(\.\./examples/[a-z-]*\.c\(pp\)\?\)).*:\1:p' "$guide" | sort -u | while read -r example; do
    test -f "$(dirname "$guide")/$example" || fail "the installed guide links to $example, which is not installed"
done

# As a user asks for them.
for name in centrifuge_client_subscribe centrifuge_options centrifuge-cli centrifuge-cli-sub centrifuged; do
    test -n "$(MANPATH=$pages mman -w "$name" 2>/dev/null)" || fail "'man $name' finds nothing"
done
shown=$(MANPATH=$pages mman centrifuge_client_subscribe 2>/dev/null | sed 's/.\x08//g')
for expected in 'centrifuge_client_subscribe(centrifuge_client \*client,' 'CENTRIFUGE_ERROR_LIMIT_CHANNEL' 'libcentrifuge(3)'; do
    grep -q "$expected" <<<"$shown" || fail "'man centrifuge_client_subscribe' does not show $expected"
done
echo "man: $names names"
