// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/traffic.hpp"

#include <gtest/gtest.h>

namespace kvroof::model {
namespace {

attention::DecodeProblem problem(int batch, int max_kv_len, int kept_keys, int kept_values) {
  return {.batch = batch,
          .query_heads = 32,
          .kv_heads = 8,
          .head_dim = 128,
          .max_kv_len = max_kv_len,
          .keys = {nullptr, kept_keys},
          .values = {nullptr, kept_values},
          .window = 32};
}

TEST(decode_traffic, counts_one_sequence_as_by_hand) {
  // 4096 tokens, 32 of them always dense: 63 chunks and 64 tokens in the window.
  const std::vector<std::int32_t> lengths{4096};
  const DecodeTraffic traffic = decode_traffic(problem(1, 4096, 64, 40), lengths);
  constexpr std::int64_t rows = 63 * 64 * 8;
  EXPECT_EQ(traffic.keys.values, rows * 64 * 2);
  EXPECT_EQ(traffic.values.values, rows * 40 * 2);
  EXPECT_EQ(traffic.keys.bitmaps, rows * 128 / 8);
  EXPECT_EQ(traffic.keys.total(), 63 * 8 * std::int64_t{9472});  // docs/kernels/attention.md
  EXPECT_EQ(traffic.values.total(), 63 * 8 * std::int64_t{6400});
  EXPECT_EQ(traffic.window, 2 * 64 * 8 * 128 * 2);
  EXPECT_EQ(traffic.queries, 32 * 128 * 2);
  EXPECT_EQ(traffic.outputs, 32 * 128 * 2);
  EXPECT_EQ(traffic.log_sums, 0);
  EXPECT_EQ(traffic.dense, 2 * std::int64_t{4096} * 8 * 128 * 2);
  EXPECT_EQ(traffic.useful_flops, 2.0 * 32 * (63 * 64 * (64 + 40) + 64 * 2 * 128));
  EXPECT_EQ(traffic.dense_flops, 4.0 * 32 * 4096 * 128);
  EXPECT_EQ(traffic.read_bytes(), 63 * 8 * (9472 + 6400) + 262144 + 8192 + 4);
}

TEST(decode_traffic, is_what_the_format_counts) {
  for (const int kept : {1, 7, 40, 64, 127, 128}) {
    const std::vector<std::int32_t> lengths{0, 95, 96, 97, 1000};
    const DecodeTraffic traffic = decode_traffic(problem(5, 1000, kept, kept), lengths);
    // Of 96 and 97 tokens one chunk has left the window of 32, of 1000 fifteen.
    const lane_chunk::Bytes bytes = lane_chunk::count_bytes(128, kept, (1 + 1 + 15) * 8);
    EXPECT_EQ(traffic.keys.total(), bytes.total());
    EXPECT_EQ(traffic.keys.total(), 17 * 8 * lane_chunk::chunk_bytes(128, kept));
    EXPECT_EQ(traffic.values.padding, bytes.padding);
    EXPECT_EQ(traffic.window, 2 * std::int64_t{95 + 32 + 33 + 40} * 8 * 256);
  }
}

TEST(decode_traffic, has_the_floor_that_the_benchmark_divides_by) {
  // tests/bench/gpu_bench.cpp: rows (2 kept + head_dim / 8) + 4 heads window head_dim + 2 queries.
  const std::vector<std::int32_t> lengths(8, 32768);
  const DecodeTraffic traffic = decode_traffic(problem(8, 32768, 40, 40), lengths);
  const double rows = 2.0 * 64 * 511 * 64;
  EXPECT_EQ(static_cast<double>(traffic.floor_bytes()),
            rows * (2.0 * 40 + 16) + 4.0 * 64 * 64 * 128 + 2.0 * 2 * 8 * 32 * 128);
}

TEST(decode_traffic, shrinks_as_more_is_pruned_and_counts_dense_alike) {
  const std::vector<std::int32_t> lengths{5000};
  std::int64_t before = INT64_MAX;
  for (int kept = 128; kept > 0; --kept) {
    const DecodeTraffic traffic = decode_traffic(problem(1, 5000, kept, kept), lengths);
    EXPECT_LT(traffic.read_bytes(), before) << kept;
    EXPECT_EQ(traffic.dense, 2 * std::int64_t{5000} * 8 * 256);
    before = traffic.read_bytes();
  }
}

TEST(decode_traffic, counts_log_sums_only_when_they_are_written) {
  float somewhere = 0.0f;
  attention::DecodeProblem one = problem(1, 100, 64, 64);
  one.log_sum_exps = &somewhere;
  const std::vector<std::int32_t> lengths{100};
  EXPECT_EQ(decode_traffic(one, lengths).log_sums, 32 * 4);
}

TEST(decode_traffic, refuses_shapes_that_make_no_sense) {
  const std::vector<std::int32_t> lengths{100};
  const std::vector<std::int32_t> too_long{101};
  const std::vector<std::int32_t> negative{-1};
  EXPECT_THROW(decode_traffic(problem(2, 100, 64, 64), lengths), std::invalid_argument);
  EXPECT_THROW(decode_traffic(problem(1, 100, 64, 64), too_long), std::invalid_argument);
  EXPECT_THROW(decode_traffic(problem(1, 100, 64, 64), negative), std::invalid_argument);
  EXPECT_THROW(decode_traffic(problem(1, 100, 0, 64), lengths), std::invalid_argument);
  EXPECT_THROW(decode_traffic(problem(1, 100, 64, 129), lengths), std::invalid_argument);
  attention::DecodeProblem uneven = problem(1, 100, 64, 64);
  uneven.query_heads = 31;
  EXPECT_THROW(decode_traffic(uneven, lengths), std::invalid_argument);
}

TEST(pack_traffic, reads_dense_rows_and_writes_chunks) {
  const compress::PackProblem pack{.batch = 2,
                                   .kv_heads = 8,
                                   .head_dim = 128,
                                   .kept = 64,
                                   .max_kv_len = 1000,
                                   .window = 32,
                                   .first_chunk = 3};
  const std::vector<std::int32_t> lengths{1000, 100};  // 15 chunks and 1, of which 3 are done
  const PackTraffic traffic = pack_traffic(pack, lengths);
  EXPECT_EQ(traffic.rows, 12 * 8 * 64);
  EXPECT_EQ(traffic.read, 12 * 8 * 64 * 256);
  EXPECT_EQ(traffic.written.total(), 12 * 8 * std::int64_t{9472});
}

}  // namespace
}  // namespace kvroof::model
