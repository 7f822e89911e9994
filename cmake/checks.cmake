# What the tests check of the sources themselves.

if(NOT CENTRIFUGE_FUZZ)
  add_test(NAME portable-core COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-portable)
  set_tests_properties(portable-core PROPERTIES ENVIRONMENT "UTHASH_DIR=${UTHASH_INCLUDE_DIR}" TIMEOUT 300)
  add_test(NAME floors COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-floors)
  add_test(NAME format COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-format)
endif()
