# The event loops that have an adapter (include/centrifuge/adapters), where they are installed: adapter::NAME for each in `adapters`.
# None of them is needed to build the library: its adapters are headers.
set(adapters "")

# cf_adapter(NAME LIBRARY PACKAGE): LIBRARY is what to link with; where there is none Debian's PACKAGE has it.
function(cf_adapter name library package)
  if(NOT TARGET ${library})
    message(STATUS "No ${package}: what uses the adapter for ${name} is left out")
    return()
  endif()
  add_library(adapter::${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(adapter::${name} INTERFACE ${library})
  set(adapters ${adapters} ${name} PARENT_SCOPE)
endfunction()

pkg_check_modules(LIBEVENT QUIET IMPORTED_TARGET libevent_core)
pkg_check_modules(GLIB QUIET IMPORTED_TARGET glib-2.0>=2.58)
pkg_check_modules(SYSTEMD QUIET IMPORTED_TARGET libsystemd>=247)
find_package(Qt6 QUIET COMPONENTS Core)
# It says nothing to pkg-config.
find_path(LIBEV_INCLUDE_DIR ev.h)
find_library(LIBEV_LIBRARY ev)
if(LIBEV_INCLUDE_DIR AND LIBEV_LIBRARY)
  add_library(libev INTERFACE IMPORTED)
  target_include_directories(libev INTERFACE ${LIBEV_INCLUDE_DIR})
  target_link_libraries(libev INTERFACE ${LIBEV_LIBRARY})
endif()

cf_adapter(libuv PkgConfig::LIBUV libuv1-dev)
cf_adapter(libev libev libev-dev)
cf_adapter(libevent PkgConfig::LIBEVENT libevent-dev)
cf_adapter(glib PkgConfig::GLIB libglib2.0-dev)
cf_adapter(sd-event PkgConfig::SYSTEMD libsystemd-dev)
cf_adapter(qt Qt6::Core qt6-base-dev)
