#!/bin/bash
# The wrapper compiles without a warning in every standard, without exceptions and run-time types, also where it is included
# twice, and in the guide; code of C++11 and C++17 links into one program.
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
for standard in 11 14 17 20; do
    check $standard examples/news.cpp
done
check 14 tests/cpp/test_client.cpp
check 20 tests/cpp/test_client.cpp

# Every piece of C++ in the guide.
awk -v folder="$temporary" '/^```cpp$/ { file = folder "/guide" ++count ".cpp"; next } /^```$/ { file = "" } file { print > file }' docs/cpp.md
for piece in "$temporary"/guide*.cpp; do
    c++ -std=c++11 $flags -fsyntax-only "$piece"
    c++ -std=c++17 $flags -fsyntax-only "$piece"
done

cat >"$temporary/part.cpp" <<'END'
#include <centrifuge/client.hpp>
int PART();
int PART()
{
    centrifuge::client one((centrifuge::options()));
    centrifuge::subscription news = one.subscribe("news");
    news.on_message([](const centrifuge::message &message) { (void)message.data.size(); });
    return one.status() == CENTRIFUGE_ERROR_MISSING_URL ? 0 : 1;
}
END
printf 'int part11();\nint part17();\nint main() { return part11() + part17(); }\n' >"$temporary/main.cpp"
c++ -std=c++11 -Iinclude -DPART=part11 -c "$temporary/part.cpp" -o "$temporary/part11.o"
c++ -std=c++17 -Iinclude -DPART=part17 -c "$temporary/part.cpp" -o "$temporary/part17.o"
sanitize=$(sed -n 's/^CENTRIFUGE_SANITIZE:STRING=\(.\)/-fsanitize=\1/p' "$1/CMakeCache.txt")
c++ $sanitize "$temporary/main.cpp" "$temporary/part11.o" "$temporary/part17.o" -L"$1" -lcentrifuge -Wl,-rpath,"$1" -o "$temporary/both"
"$temporary/both"
