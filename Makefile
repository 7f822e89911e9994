# A thin front; the work is in CMakeLists.txt (presets: CMakePresets.json) and scripts/.

PREFIX ?= /usr/local

.PHONY: help run build web test bench fuzz coverage format install uninstall dist deb clean

help:
	@echo 'make run       install what is missing, build, start centrifuged and the chat (PORT=8000, CHAT_PORT=8001, INSECURE=1)'
	@echo 'make build     build the library, centrifuged and centrifuge-cli into build/release/'
	@echo 'make web       build centrifuge.js and its npm package into dist/'
	@echo 'make test      install what is missing, build with sanitizers, run all tests'
	@echo 'make bench     measure; see docs/performance.md'
	@echo 'make fuzz      run the fuzz targets (FUZZ_SECONDS=600 each, FUZZ_TARGETS="json frames" for some)'
	@echo 'make coverage  count the branches that the unit tests of the core take; name every one that is not taken'
	@echo 'make format    format the sources with clang-format'
	@echo 'make install   install build/release (PREFIX=/usr/local, DESTDIR=)'
	@echo 'make uninstall remove what the last make install has installed (the same DESTDIR)'
	@echo 'make dist      pack the sources of this commit into build/centrifuge-VERSION.tar.gz'
	@echo 'make deb       build Debian packages into build/deb/; root installs what that needs'
	@echo 'make clean     remove build/ and dist/'

run:
	@scripts/run

build:
	@scripts/build

web:
	@scripts/web

test:
	@scripts/test

bench:
	@scripts/bench

fuzz:
	@scripts/fuzz

coverage:
	@scripts/coverage

format:
	@git ls-files -z '*.c' '*.h' '*.hpp' '*.cpp' | xargs -0 clang-format -i

# cmake makes folders with the umask: everybody may read them.
install: build
	@umask 022 && cmake --install build/release --prefix '$(PREFIX)'

uninstall:
	@scripts/uninstall build/release

dist:
	@scripts/dist

deb:
	@scripts/deb

clean:
	@rm -rf build dist
