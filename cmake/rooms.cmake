# How a room (a folder of src/), its tests and its fuzz targets are built.

add_library(cf_flags INTERFACE)
target_compile_options(cf_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes>
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow>)
if(CENTRIFUGE_WERROR)
  target_compile_options(cf_flags INTERFACE -Werror)
endif()
if(CENTRIFUGE_SANITIZE)
  target_compile_options(cf_flags INTERFACE -fsanitize=${CENTRIFUGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(cf_flags INTERFACE -fsanitize=${CENTRIFUGE_SANITIZE})
endif()
if(CENTRIFUGE_LTO)
  # The rooms' objects carry both forms: programs and tests link the ordinary one, libcentrifuge.so the other.
  target_link_options(cf_flags INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:CENTRIFUGE_LTO>>>:-fno-lto>)
endif()
if(CENTRIFUGE_COVERAGE)
  target_compile_options(cf_flags INTERFACE --coverage -O0 -fprofile-abs-path)
  target_link_options(cf_flags INTERFACE --coverage)
endif()
if(CENTRIFUGE_FUZZ)
  target_compile_options(cf_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Only what hangs takes so long, on a machine ten times slower than ours, too. Waits inside of tests end earlier and say for what.
set(CENTRIFUGE_TEST_SECONDS 3600)

# cf_room(NAME SOURCES a.c ... [LINK cf_base ... other libraries])
# makes the static library cf_NAME. LINK names rooms below only: an arrow never points up.
function(cf_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINK" ${ARGN})
  add_library(cf_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(cf_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(cf_${name} PRIVATE cf_flags PUBLIC ${ROOM_LINK})
endfunction()

# cf_test(NAME SOURCES a.c ... LINK cf_room ...) makes a cmocka test program and registers it.
function(cf_test name)
  if(NOT CENTRIFUGE_TESTS OR CENTRIFUGE_FUZZ)
    return()
  endif()
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK" ${ARGN})
  add_executable(test_${name} ${TEST_SOURCES})
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(test_${name} PRIVATE cf_flags ${TEST_LINK} cf_system PkgConfig::CMOCKA)
  add_test(NAME unit-${name} COMMAND test_${name})
  set_tests_properties(unit-${name} PROPERTIES TIMEOUT ${CENTRIFUGE_TEST_SECONDS} LABELS unit)
endfunction()

# cf_fuzzer(NAME SOURCES fuzz_x.c LINK cf_room ...): a source with LLVMFuzzerTestOneInput. With CENTRIFUGE_FUZZ it becomes
# fuzz_NAME, a libFuzzer program; otherwise replay_NAME, which runs tests/fuzz/corpus/NAME/* once, as a test.
function(cf_fuzzer name)
  if(NOT CENTRIFUGE_TESTS)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "" "SOURCES;LINK" ${ARGN})
  if(CENTRIFUGE_FUZZ)
    add_executable(fuzz_${name} ${FUZZ_SOURCES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz_${name} PRIVATE cf_flags ${FUZZ_LINK} cf_system)
  else()
    add_executable(replay_${name} ${FUZZ_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    set_target_properties(replay_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_link_libraries(replay_${name} PRIVATE cf_flags ${FUZZ_LINK} cf_system)
    add_test(NAME fuzz-corpus-${name} COMMAND replay_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz-corpus-${name} PROPERTIES TIMEOUT ${CENTRIFUGE_TEST_SECONDS} LABELS fuzz)
  endif()
endfunction()
