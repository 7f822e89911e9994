#!/bin/bash
# guide.sh BUILD: docs/client.md is true: all its C compiles, it names every option with its default and every event, and what the
# documents link to is there.
set -euo pipefail
build=$(realpath "$1")
guide=docs/client.md
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
warnings="-Wall -Wextra -Wpedantic -Wno-unused-parameter -Wno-unused-variable -Wno-unused-function -Wno-unused-but-set-variable -Werror -Iinclude"

fail() {
    echo "guide: $1" >&2
    exit 1
}

# blocks FILE PREFIX: the C blocks of a document as PREFIX1.c, PREFIX2.c, ...
blocks() {
    awk -v prefix="$2" '/^```c$/ { inside = 1; file = prefix (++count) ".c"; printf "" >file; next }
        /^```/ { inside = 0 }
        inside { print >file }' "$1"
}

# Programs, as they are.
blocks "$guide" "$temporary/guide"
blocks README.md "$temporary/readme"
programs=0
for block in "$temporary"/*.c; do
    if grep -q '^int main' "$block"; then
        cc -std=c99 $warnings -fsyntax-only "$block" || fail "a program of a document does not compile"
        programs=$((programs + 1))
    fi
done
test "$programs" -ge 2 || fail "only $programs programs are there"

# All blocks of the guide as one: its functions and constants in their order, then its statements as one function.
{
    printf '#define _POSIX_C_SOURCE 200809L\n#include <poll.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n'
    cat $(printf '%s\n' "$temporary"/guide*.c | sort -V) >"$temporary/all"
    awk '/^(static|#include|int main)/ { inside = 1 }
        inside && !/^int main/ && !main { print }
        /^int main/ { main = 1 }
        inside && (/^}/ || /^#include/ || /^static.*;$/) { inside = 0; main = 0 }' "$temporary/all"
    printf 'void guide(centrifuge_client *client, centrifuge_options options, centrifuge_error error, void *user);\n'
    printf 'void guide(centrifuge_client *client, centrifuge_options options, centrifuge_error error, void *user)\n{\n'
    awk '/^(static|#include|int main)/ { inside = 1 }
        !inside { print }
        inside && (/^}/ || /^#include/ || /^static.*;$/) { inside = 0 }' "$temporary/all"
    printf '}\n'
} >"$temporary/guide.c"
grep -q 'centrifuge_client_stop_batching(client, true);' "$temporary/guide.c" || fail "the blocks were not taken out"
for compiler in gcc clang; do
    $compiler -std=c99 $warnings -fsyntax-only "$temporary/guide.c" || fail "the guide's C does not compile with $compiler"
done

# Options: every one is named, and has the default that the tables say.
members() {
    sed -n "/^typedef struct $1 {/,/^} $1;/p" include/centrifuge/client.h | sed -z 's:/\*\([^*]\|\*[^/]\)*\*/: :g' | grep '^ .*;' |
        sed -n 's/.*(\*\([a-z_]*\))(.*/\1/p; t; s/.*[ *]\([a-z_]*\);.*/\1/p'
}
options=$(members centrifuge_options | grep -v '^size$')
test "$(wc -w <<<"$options")" -gt 50 || fail "the options were not found"
for name in $options $(members centrifuge_client_events) $(members centrifuge_subscription_events); do
    grep -q "\`$name\`\|^### $name\b" "$guide" || fail "$name is not in $guide"
done

# Rows of the tables whose columns are '... option [in C] | unit | default | ...'.
awk -F ' *[|] *' '/^\| JavaScript \|/ { name = 3; value = 5 }
    /^\| option \|/ { name = 2; value = 4 }
    /^$/ { name = 0 }
    name && $name ~ /`/ && $name !~ /listener/ {
        count = split($name, names, ", "); values = split($value, defaults, ", ")
        for (i = 1; i <= count; i++)
            print names[i] "|" (values == count ? defaults[i] : $value)
    }' "$guide" | tr -d '`' >"$temporary/defaults"
checked=0
{
    printf '#include <centrifuge/client.h>\n#include <stdio.h>\n#include <string.h>\n'
    printf '#define CHECK(option, truth) if (!(truth)) { fprintf(stderr, "guide: the default of %%s is another\\n", #option); wrong = 1; }\n'
    printf 'int main(void)\n{\n    int wrong = 0;\n    centrifuge_options o;\n    centrifuge_options_default(&o);\n'
    while IFS='|' read -r name value; do
        case $value in
            none | environment | any | "the system's") printf '    CHECK(%s, !o.%s)\n' "$name" "$name" ;;
            \"*) printf '    CHECK(%s, strcmp(o.%s, %s) == 0)\n' "$name" "$name" "$value" ;;
            *MiB) printf '    CHECK(%s, o.%s == %s * 1024 * 1024)\n' "$name" "$name" "${value% MiB}" ;;
            *) printf '    CHECK(%s, o.%s == %s)\n' "$name" "$name" "$value" ;;
        esac
        checked=$((checked + 1))
    done <"$temporary/defaults"
    printf '    return wrong;\n}\n'
    test "$checked" -gt 45 || fail "only $checked defaults are there"
} >"$temporary/defaults.c"
sanitize=$(sed -n 's/^CENTRIFUGE_SANITIZE:STRING=\(.\)/-fsanitize=\1/p' "$build/CMakeCache.txt")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
"$compiler" $sanitize $warnings "$temporary/defaults.c" -L"$build" -lcentrifuge -o "$temporary/defaults-program"
LD_LIBRARY_PATH=$build "$temporary/defaults-program"

# Links: to headings of the same document, and to files.
for document in docs/*.md docs/spec/*.md *.md; do
    slugs=$(grep '^#' "$document" | sed 's/^#* //' | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-')
    for link in $(sed -n 's/`[^`]*`//g; s/](/\n](/gp' "$document" | sed -n 's/^](\([^) ]*\)).*/\1/p'); do
        case $link in
            \#*) grep -qx "${link#\#}" <<<"$slugs" || fail "$document links to $link, which is no heading" ;;
            *://*) ;;
            *) test -e "$(dirname "$document")/${link%%#*}" || fail "$document links to $link, which is not there" ;;
        esac
    done
done
echo "guide: $(grep -c '^```c$' "$guide") blocks, $(wc -w <<<"$options") options"
