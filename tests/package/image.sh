#!/bin/bash
# image.sh BUILD: a linter has nothing to say of the Dockerfile, what it copies is there, and its second stage installs the libraries that the
# programs need. scripts/try-image builds and starts the image.
set -euo pipefail
build=$1

fail() {
    echo "image: $1" >&2
    exit 1
}

said=$(js/node_modules/.bin/dockerfile-utils lint Dockerfile) || fail "$said"
test -z "$said" || fail "$said"

while read -r path; do
    test -e "$path" || fail ".dockerignore lets $path through, which is not there"
done < <(sed -n 's|^!/||p' .dockerignore)

# What any Debian has, and what only a build with sanitizers needs.
present="libc6 libgcc-s1 libstdc++6"
installed=$(sed -n 's/.*apt-get install -y --no-install-recommends \([^\\]*\).*/\1/p' Dockerfile)
needed=0
for program in centrifuged centrifuge-cli; do
    for library in $(ldd "$build/$program" | sed -n 's|.* => \(/[^ ]*\) .*|\1|p'); do
        name=$(basename "$library")
        [[ $name != lib*san.* ]] || continue
        readelf -d "$build/$program" | grep -qF "[$name]" || continue # a library of a library
        package=$(dpkg -S "*/$(basename "$(dirname "$library")")/$name" | sed -n '1s/:.*//p')
        [[ " $present $installed " == *" $package "* ]] || fail "$program needs $name, and the image has no $package"
        needed=$((needed + 1))
    done
done
test "$needed" -ge 10 || fail "only $needed libraries were looked at"
