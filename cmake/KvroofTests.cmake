# SPDX-License-Identifier: Apache-2.0
# kvroof_test(<name> SOURCES a.cpp ... LIBRARIES lib ... [LABELS smoke ...] [TIMEOUT seconds])
# One GoogleTest program, one ctest entry per test. A test that calls GTEST_SKIP is reported as skipped.
# Of device code and of what reads files: the preset asan builds and runs these.
add_custom_target(sanitized_tests)

function(kvroof_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} kvroof_options GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)  # half the time to compile; what they test keeps its own level
  set(properties TIMEOUT ${arg_TIMEOUT})
  if(arg_LABELS)  # an empty value would vanish, and TIMEOUT become the label
    list(JOIN arg_LABELS "+" label)  # one: of a list only the first would come through; ctest -L matches its parts
    list(APPEND properties LABELS "${label}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
  if("sanitized" IN_LIST arg_LABELS)
    add_dependencies(sanitized_tests ${name})
  endif()
endfunction()
