# SPDX-License-Identifier: Apache-2.0
# kvroof_test(<name> SOURCES a.cpp ... LIBRARIES lib ... [LABELS smoke ...] [TIMEOUT seconds])
# One GoogleTest program, one ctest entry per test. A test that calls GTEST_SKIP is reported as skipped.
function(kvroof_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} kvroof_options GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
