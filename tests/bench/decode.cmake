# SPDX-License-Identifier: Apache-2.0
add_executable(kvroof_bench_decode ${CMAKE_CURRENT_LIST_DIR}/decode_bench.cpp)
target_link_libraries(kvroof_bench_decode PRIVATE kvroof_profiler benchmark::benchmark)
