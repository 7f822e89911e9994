# What has to be installed. All that is missing is named at once, as Debian calls it.
set(missing "")

# cf_want(FOUND WHAT PACKAGE): WHAT is missing unless the variable FOUND is true; Debian has it in PACKAGE.
macro(cf_want found what package)
  if(NOT ${found})
    string(APPEND missing "\n  ${what}: Debian's ${package}")
  endif()
endmacro()

# cf_want_module(PREFIX MODULE PACKAGE): what pkg-config knows as MODULE, as PkgConfig::PREFIX.
macro(cf_want_module prefix module package)
  pkg_check_modules(${prefix} IMPORTED_TARGET ${module})
  if(PKG_CONFIG_FOUND)
    cf_want(${prefix}_FOUND "${module}" ${package})
  endif()
endmacro()

find_package(PkgConfig)
cf_want(PKG_CONFIG_FOUND "pkg-config" pkg-config)
find_package(CURL 7.68)
cf_want(CURL_FOUND "libcurl from 7.68" libcurl4-openssl-dev)
# Both are libcurl's own dependencies: names in every alphabet, which libcurl would read in the locale's encoding, and authorities, which
# it would read for each connection.
cf_want_module(IDN2 libidn2 libidn2-dev)
cf_want_module(TLS openssl libssl-dev)

if(CENTRIFUGE_SERVER)
  cf_want_module(ZLIB zlib zlib1g-dev)
  find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp)
  find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp)
  cf_want(LLHTTP_SOURCE_DIR "llhttp's sources" node-llhttp)
  cf_want_module(HIREDIS hiredis libhiredis-dev)
  cf_want(LLHTTP_INCLUDE_DIR "llhttp's headers" node-llhttp)
  cf_want_module(YAML yaml-0.1 libyaml-dev)
  find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h)
  if(TOMLPLUSPLUS_INCLUDE_DIR)
    set(can_toml ON)
  endif()
  option(CENTRIFUGE_TOML "Configuration files in TOML (toml++, libtomlplusplus-dev)" ${can_toml})
  if(CENTRIFUGE_TOML)
    cf_want(TOMLPLUSPLUS_INCLUDE_DIR "toml++" libtomlplusplus-dev)
  endif()
endif()
if(CENTRIFUGE_SERVER OR CENTRIFUGE_EXAMPLES OR CENTRIFUGE_TESTS)
  cf_want_module(LIBUV libuv libuv1-dev)
endif()
if(CENTRIFUGE_TESTS AND NOT CENTRIFUGE_FUZZ)
  cf_want_module(CMOCKA cmocka "libcmocka-dev (without the tests, -DCENTRIFUGE_TESTS=OFF, it is not needed)")
endif()

if(missing)
  message(FATAL_ERROR "Not installed, or not found:${missing}\nscripts/install-packages installs all of it on Debian.")
endif()
