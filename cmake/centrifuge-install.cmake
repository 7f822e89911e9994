# What `cmake --install` puts where: headers, libraries, what pkg-config and find_package look for, programs, documents.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/centrifuge DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h*")
install(TARGETS centrifuge centrifuge-static EXPORT centrifugeTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT centrifugeTargets NAMESPACE centrifuge:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/centrifuge)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/centrifugeConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/centrifugeConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/centrifuge)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/centrifugeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/centrifugeConfig.cmake ${CMAKE_BINARY_DIR}/cmake/centrifugeConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/centrifuge)

# Relative to the file, so that `cmake --install --prefix` may choose another place than was configured; a library folder that is
# absolute stays where it is, and the prefix is the configured one.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /prefix)
  string(PREPEND PC_PREFIX "\${pcfiledir}/")
endif()
cmake_path(APPEND PC_LIBDIR "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND PC_INCLUDEDIR "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/libcentrifuge.pc.in ${CMAKE_BINARY_DIR}/cmake/libcentrifuge.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cmake/libcentrifuge.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

foreach(program IN ITEMS centrifuged centrifuge-cli)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
# Side by side, as here, so that the guides' links lead to the examples.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "*.md" PATTERN "*.c" PATTERN "*.cpp")

if(NOT CMAKE_CROSSCOMPILING)
  install(CODE "cmake_path(APPEND libdir \"\${CMAKE_INSTALL_PREFIX}\" \"${CMAKE_INSTALL_LIBDIR}\")")
  install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/tell-loader.cmake)
endif()
