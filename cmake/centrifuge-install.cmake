# What `cmake --install` puts where: headers, libraries, what pkg-config and find_package look for, programs, documents. Each file is of a
# component (`cmake --install --component`): runtime, development, server, cli, documentation.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(libraries "")
if(CENTRIFUGE_SHARED)
  list(APPEND libraries centrifuge)
endif()
if(CENTRIFUGE_STATIC)
  list(APPEND libraries centrifuge-static)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/centrifuge DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development FILES_MATCHING PATTERN "*.h*")
install(TARGETS ${libraries} EXPORT centrifugeTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT centrifugeTargets NAMESPACE centrifuge:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/centrifuge COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/centrifugeConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/centrifugeConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/centrifuge)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/centrifugeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/centrifugeConfig.cmake ${PROJECT_BINARY_DIR}/cmake/centrifugeConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/centrifuge COMPONENT development)

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
configure_file(${PROJECT_SOURCE_DIR}/cmake/libcentrifuge.pc.in ${PROJECT_BINARY_DIR}/cmake/libcentrifuge.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/libcentrifuge.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

if(TARGET centrifuged)
  install(TARGETS centrifuged RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
endif()
if(TARGET centrifuge-cli)
  install(TARGETS centrifuge-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT cli)
endif()
# Side by side, as here, so that the guides' links lead to the examples.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT documentation FILES_MATCHING PATTERN "*.md" PATTERN "*.c" PATTERN "*.cpp")

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documentation)

if(CENTRIFUGE_SHARED AND NOT CMAKE_CROSSCOMPILING)
  install(CODE "cmake_path(APPEND libdir \"\${CMAKE_INSTALL_PREFIX}\" \"${CMAKE_INSTALL_LIBDIR}\")" COMPONENT runtime)
  install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/tell-loader.cmake COMPONENT runtime)
endif()
