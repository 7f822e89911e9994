#!/bin/bash
# The wrapper compiles without a warning in every standard, without exceptions and run-time types, also where it is included
# twice, and in the guide; code of C++17 and C++20 links into one program.
set -euo pipefail
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
flags="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude -fno-exceptions -fno-rtti"
# check STANDARD FILE
check() {
    for compiler in g++ clang++; do
        if command -v "$compiler" >/dev/null; then
            "$compiler" -std=c++$1 $flags -include centrifuge/client.hpp -fsyntax-only "$2"
        fi
    done
}
for standard in 17 20; do
    check $standard examples/news.cpp
done
check 20 tests/cpp/test_client.cpp

# Every piece of C++ in the guide, each in a namespace of its own.
awk '/^```cpp$/ { inside = 1; pieces = pieces "namespace piece" ++count " {\n"; next }
     /^```$/ && inside { inside = 0; pieces = pieces "}\n" }
     inside && /^#include/ { print; next }
     inside { pieces = pieces $0 "\n" }
     END { printf "%s", pieces }' docs/cpp.md >"$temporary/guide.cpp"
grep -q 'namespace piece1 ' "$temporary/guide.cpp"
check 17 "$temporary/guide.cpp"
check 20 "$temporary/guide.cpp"

# An older standard is told so.
if g++ -std=c++14 -Iinclude -fsyntax-only -x c++ include/centrifuge/client.hpp 2>"$temporary/older" || ! grep -q 'needs C++17' "$temporary/older"; then
    echo "compile: C++14 was not refused by name" >&2
    exit 1
fi

cat >"$temporary/part.cpp" <<'END'
#include <centrifuge/client.hpp>
int PART();
int PART()
{
    centrifuge::client one((centrifuge::options()));
    centrifuge::subscription news = one.subscribe("news");
    news.on_message([](const centrifuge::message &message) { (void)message.data.size; });
    return one.status() == CENTRIFUGE_ERROR_MISSING_URL ? 0 : 1;
}
END
printf 'int part20();\nint part17();\nint main() { return part20() + part17(); }\n' >"$temporary/main.cpp"
c++ -std=c++20 -Iinclude -DPART=part20 -c "$temporary/part.cpp" -o "$temporary/part20.o"
c++ -std=c++17 -Iinclude -DPART=part17 -c "$temporary/part.cpp" -o "$temporary/part17.o"
sanitize=$(sed -n 's/^CENTRIFUGE_SANITIZE:STRING=\(.\)/-fsanitize=\1/p' "$1/CMakeCache.txt")
c++ $sanitize "$temporary/main.cpp" "$temporary/part20.o" "$temporary/part17.o" -L"$1" -lcentrifuge -Wl,-rpath,"$1" -o "$temporary/both"
"$temporary/both"
