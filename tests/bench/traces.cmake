# SPDX-License-Identifier: Apache-2.0
# Speed of the trace library; included by the CMakeLists.txt of this folder.
add_executable(kvroof_bench_traces ${CMAKE_CURRENT_LIST_DIR}/traces_bench.cpp)
target_link_libraries(kvroof_bench_traces PRIVATE kvroof_traces kvroof_options benchmark::benchmark)
