# The last step of an installation, with `libdir` from the caller: the dynamic loader learns of the new library where it looks for
# libraries anyway; otherwise it is said what a program needs to find it.
cmake_policy(VERSION 3.25)

# What is staged for a package is no library of this machine.
if(NOT "$ENV{DESTDIR}" STREQUAL "")
  return()
endif()
find_program(LDCONFIG ldconfig PATHS /sbin /usr/sbin)
if(NOT LDCONFIG)
  return()
endif()

# Its list of folders has lines like '/usr/local/lib: (from /etc/ld.so.conf.d/libc.conf:2)'.
execute_process(COMMAND ${LDCONFIG} -v -N -X OUTPUT_VARIABLE folders ERROR_QUIET)
string(REGEX MATCHALL "(^|\n)/[^:\n]*:" folders "${folders}")
set(searched FALSE)
file(REAL_PATH "${libdir}" wanted)
foreach(folder IN LISTS folders)
  string(REGEX REPLACE "^\n|:$" "" folder "${folder}")
  file(REAL_PATH "${folder}" folder)
  if(folder STREQUAL wanted)
    set(searched TRUE)
  endif()
endforeach()

if(NOT searched)
  message(STATUS "Programs find this libcentrifuge by the environment:\n"
    "       PKG_CONFIG_PATH=${libdir}/pkgconfig    when they are built\n"
    "       LD_LIBRARY_PATH=${libdir}    when they run, or linked with -Wl,-rpath,${libdir}")
  return()
endif()
execute_process(COMMAND ${LDCONFIG} RESULT_VARIABLE failed ERROR_VARIABLE why)
if(failed)
  message(STATUS "ldconfig failed: run it as root, so that programs find libcentrifuge in ${libdir}. It said: ${why}")
else()
  message(STATUS "Programs find libcentrifuge in ${libdir}: ldconfig has been run")
endif()
