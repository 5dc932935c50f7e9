# SPDX-License-Identifier: Apache-2.0
# Speed of the trace library; included by the CMakeLists.txt of this folder.
add_executable(traces_bench ${CMAKE_CURRENT_LIST_DIR}/traces_bench.cpp)
target_link_libraries(traces_bench PRIVATE kvroof_traces kvroof_options benchmark::benchmark)
