// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "kernels/cache/kv_cache.hpp"
#include "kernels/compress/launch.hpp"
#include "kernels/format/mustafar_tile.hpp"
#include "kernels/format/two_four.hpp"
#include "kernels/format/variable_rows.hpp"
#include "kernels/prune/launch.hpp"
#include "tests/support/convert.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The second kv head behind 2^31 elements and 2^32 bytes of the first, in every array that has a
// stride between heads: reserved address space, of which only what is used is ever touched.
// decode_rows_test.cpp and dense_numbers_test.cpp do the same to chunks and to dense rows. Not
// here: the table of offsets of chunks that differ in size, which the pack kernel writes whole, and
// so the chunks behind it, which follow each other without gaps.
namespace kvroof {
namespace {

constexpr int kHeadDim = 128;
constexpr int kFarRows = (1 << 24) + 8;  // of head_dim 128
constexpr std::size_t kFarBytes = std::size_t{5} << 30;

class FarApart : public test::OnEveryBackend {
 protected:
  /// Moves `bytes` of each of two heads, `stride` bytes apart, to places `far_stride` bytes apart.
  void move(const void* from, std::size_t stride, void* to, std::size_t far_stride,
            std::size_t bytes) {
    std::vector<std::byte> share(bytes);
    for (std::size_t head = 0; head < 2; ++head) {
      device().copy_to_host(share.data(), static_cast<const std::byte*>(from) + head * stride,
                            bytes);
      device().copy_to_device(static_cast<std::byte*>(to) + head * far_stride, share.data(), bytes);
    }
  }

  /// The same for the tokens [first, end) of a ring, which becomes one of kFarRows rows.
  void move_ring(const void* from, int capacity, int first, int end, std::uint16_t* to) {
    constexpr std::size_t row = kHeadDim * 2;
    for (int token = first; token < end; ++token) {
      const auto source = static_cast<std::size_t>(token % capacity) * row;
      move(static_cast<const std::byte*>(from) + source, static_cast<std::size_t>(capacity) * row,
           to + token * kHeadDim, std::size_t{kFarRows} * row, row);
    }
  }

  /// Puts the windows of a problem on two kv heads with 168 tokens, 128 of them in chunks, apart.
  template <class Problem>
  void move_windows(Problem& problem, const DeviceBuffer<std::uint16_t>& far) {
    constexpr std::size_t to_values = 1024 * kHeadDim;  // both in one array
    move_ring(problem.window_keys, problem.window_capacity, 128, 168, far.data());
    move_ring(problem.window_values, problem.window_capacity, 128, 168, far.data() + to_values);
    problem.window_keys = far.data();
    problem.window_values = far.data() + to_values;
    problem.window_capacity = kFarRows;
  }
  DeviceBuffer<std::uint16_t> far_rows() {
    return {device(), (2 * std::size_t{kFarRows} + 1024) * kHeadDim, "far rows"};
  }

  ::testing::AssertionResult right(const char* method, const validate::DeviceRunHooks& hooks) {
    validate::Case one = test::small_case(168);
    one.method = method;
    return test::passed(validate::validate(one, load_inputs(one), device(), hooks));
  }
};
KVROOF_ON_EVERY_BACKEND(FarApart);

TEST_P(FarApart, windows_of_the_sparse_decode) {
  const auto far = far_rows();
  EXPECT_TRUE(right("lane_chunk", {.before_decode = [&](Device&, attention::DecodeProblem& p) {
                      move_windows(p, far);
                    }}));
}

TEST_P(FarApart, chunks_and_windows_of_the_2_4_decode) {
  const auto far = far_rows();
  const DeviceBuffer<std::byte> far_chunks(device(), kFarBytes, "far chunks");
  EXPECT_TRUE(right("two_four", {.before_decode = [&](Device&, attention::DecodeProblem& p) {
                      move_windows(p, far);
                      constexpr auto chunk =
                          static_cast<std::size_t>(two_four::chunk_bytes(kHeadDim));
                      constexpr std::size_t capacity = (std::size_t{1} << 32) / chunk + 1;
                      for (auto* operand : {&p.keys, &p.values}) {
                        std::byte* to = far_chunks.data() + (operand == &p.keys ? 0 : 2 * chunk);
                        move(operand->chunks, 2 * chunk, to, capacity * chunk, 2 * chunk);
                        operand->chunks = to;
                      }
                      p.chunk_capacity = static_cast<int>(capacity);
                    }}));
}

TEST_P(FarApart, tiles_values_and_windows_of_Mustafars_pipeline) {
  constexpr std::size_t near_tiles = 128 * kHeadDim / mustafar::kTile;
  constexpr std::size_t far_tiles = std::size_t{1} << 29;  // x 8 bytes of bitmap
  constexpr std::int32_t far_head = 1 << 28;               // x 16 bytes
  const auto far = far_rows();
  const DeviceBuffer<std::uint64_t> bitmaps(device(), far_tiles + 2 * near_tiles, "far bitmaps");
  const DeviceBuffer<std::int32_t> offsets(device(), far_tiles + 4 * near_tiles, "far offsets");
  const DeviceBuffer<std::byte> values(device(), kFarBytes, "far values");
  const auto move_tiles = [&](mustafar::TileOperand& operand, std::size_t place) {
    std::int32_t heads[2], ends[2];
    device().copy_to_host(heads, operand.head_offsets, sizeof heads);
    for (std::size_t head = 0; head < 2; ++head)
      device().copy_to_host(ends + head, operand.offsets + head * (near_tiles + 1) + near_tiles, 4);
    for (std::size_t head = 0; head < 2; ++head) {
      const auto bytes = static_cast<std::size_t>(ends[head]) * 4;
      std::vector<std::byte> share(bytes);
      const std::int32_t to =
          static_cast<std::int32_t>(place * 65536) + static_cast<int>(head) * far_head;
      device().copy_to_host(share.data(),
                            operand.values + std::size_t{8} * static_cast<std::size_t>(heads[head]),
                            bytes);
      device().copy_to_device(values.data() + std::size_t{16} * static_cast<std::size_t>(to),
                              share.data(), bytes);
      heads[head] = to;
    }
    device().copy_to_device(const_cast<std::int32_t*>(operand.head_offsets), heads, sizeof heads);
    move(operand.bitmaps, near_tiles * 8, bitmaps.data() + place * near_tiles, far_tiles * 8,
         near_tiles * 8);
    move(operand.offsets, (near_tiles + 1) * 4, offsets.data() + place * 2 * near_tiles,
         (far_tiles + 1) * 4, (near_tiles + 1) * 4);
    operand.bitmaps = bitmaps.data() + place * near_tiles;
    operand.offsets = offsets.data() + place * 2 * near_tiles;
    operand.values = reinterpret_cast<const std::uint16_t*>(values.data());
  };
  EXPECT_TRUE(right("mustafar", {.before_mustafar = [&](Device&, mustafar::Problem& p) {
                      move_windows(p, far);
                      move_tiles(p.keys, 0);
                      move_tiles(p.values, 1);
                      p.tile_capacity = static_cast<int>(far_tiles);
                    }}));
}

TEST_P(FarApart, reduced_rows_of_ThinK) {
  constexpr std::size_t columns = 64;
  constexpr std::size_t row = columns * 2;
  constexpr std::size_t capacity = (std::size_t{1} << 25) + 8;
  constexpr std::size_t tokens = 128;  // in reduced rows
  const DeviceBuffer<std::uint16_t> far(device(), (2 * capacity + 2 * tokens) * columns,
                                        "far reduced rows");
  EXPECT_TRUE(right("think", {.before_dense = [&](Device&, dense::DenseProblem& p) {
                      ASSERT_EQ(p.reduced_capacity, static_cast<int>(tokens));
                      for (auto* side : {&p.reduced_keys, &p.reduced_values}) {
                        ASSERT_EQ(side->channels, static_cast<int>(columns));
                        std::uint16_t* to =
                            far.data() + (side == &p.reduced_keys ? 0 : tokens * columns);
                        move(side->rows, tokens * row, to, capacity * row, tokens * row);
                        side->rows = to;
                      }
                      p.reduced_capacity = static_cast<int>(capacity);
                    }}));
}

/// Dense rows of two kv heads far apart, and what is made of them.
struct FarSource {
  FarSource(Device& device, int tokens, int capacity = kFarRows)
      : tokens_(tokens),
        rows(device, (std::size_t{2} * static_cast<std::size_t>(capacity)) * kHeadDim, "far rows"),
        lengths(device, 1, "kv_lengths") {
    std::mt19937 random(5);
    for (auto& head : bits) {
      for (int i = 0; i < tokens * kHeadDim; ++i)
        head.push_back(static_cast<std::uint16_t>(random() % 0x7c00));
      device.copy_to_device(rows.data() + (&head - bits) * std::ptrdiff_t{capacity} * kHeadDim,
                            head.data(), head.size() * 2);
    }
    lengths.upload(std::vector<std::int32_t>{tokens});
  }
  int tokens_;
  std::vector<std::uint16_t> bits[2];
  DeviceBuffer<std::uint16_t> rows;
  DeviceBuffer<std::int32_t> lengths;
};

TEST_P(FarApart, rows_and_chunks_of_the_pack_kernel) {
  constexpr int kept = 64;
  const auto chunk = static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, kept));
  const std::size_t capacity = (std::size_t{1} << 32) / chunk + 1;
  const FarSource source(device(), 64);
  const DeviceBuffer<std::byte> chunks(device(), 2 * capacity * chunk, "far chunks");
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    compress::launch({.batch = 1,
                      .kv_heads = 2,
                      .head_dim = kHeadDim,
                      .operand = operand,
                      .kept = kept,
                      .rows = source.rows.data(),
                      .row_capacity = kFarRows,
                      .kv_lengths = source.lengths.data(),
                      .max_kv_len = 64,
                      .chunks = chunks.data(),
                      .chunk_capacity = static_cast<int>(capacity)},
                     device());
    device().synchronize();
    std::vector<std::byte> got(chunk);
    for (const std::size_t head : {0u, 1u}) {
      device().copy_to_host(got.data(), chunks.data() + head * capacity * chunk, chunk);
      EXPECT_EQ(got,
                test::reference_chunk(operand, ValueType::kF16, kept, source.bits[head], kHeadDim))
          << "head " << head;
    }
  }
}

TEST_P(FarApart, masks_of_the_mask_and_pack_kernels) {
  // A row of a mask is a sixteenth of a row: 64 GiB of rows lie between heads.
  if (!simulated()) GTEST_SKIP() << "128 GiB of rows are address space on the simulator only";
  constexpr int capacity = (1 << 28) + 8;
  constexpr int kept = 64;
  const FarSource source(device(), 64, capacity);
  const DeviceBuffer<std::uint64_t> masks(device(), 2 * std::size_t{capacity} * 2, "far masks");
  prune::launch({.batch = 1,
                 .kv_heads = 2,
                 .head_dim = kHeadDim,
                 .rule = prune::Rule::kPerTokenMagnitude,
                 .kept = kept,
                 .rows = source.rows.data(),
                 .row_capacity = capacity,
                 .kv_lengths = source.lengths.data(),
                 .max_kv_len = 64,
                 .masks = masks.data()},
                device());
  const auto chunk = static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, kept));
  const DeviceBuffer<std::byte> chunks(device(), 2 * chunk, "chunks");
  compress::PackProblem pack{.batch = 1,
                             .kv_heads = 2,
                             .head_dim = kHeadDim,
                             .kept = kept,
                             .rows = source.rows.data(),
                             .row_capacity = capacity,
                             .masks = masks.data(),
                             .kv_lengths = source.lengths.data(),
                             .max_kv_len = 64,
                             .chunks = chunks.data(),
                             .chunk_capacity = 1};
  compress::launch(pack, device());
  device().synchronize();
  std::vector<std::byte> got(chunk), wanted[2];
  for (const std::size_t head : {0u, 1u}) {
    wanted[head] =
        test::reference_chunk(Operand::kKeys, ValueType::kF16, kept, source.bits[head], kHeadDim);
    device().copy_to_host(got.data(), chunks.data() + head * chunk, chunk);
    EXPECT_EQ(got, wanted[head]) << "head " << head;
  }
  // Behind offsets a chunk is the same without what is left of its room.
  const DeviceBuffer<std::uint32_t> offsets(device(), 4, "offsets");
  pack.offsets = offsets.data();
  pack.chunks_bytes = static_cast<std::int64_t>(2 * chunk);
  compress::launch(pack, device());
  device().synchronize();
  std::vector<std::uint32_t> table(4);
  device().copy_to_host(table.data(), offsets.data(), 16);
  for (const std::size_t head : {0u, 1u}) {
    const std::size_t begin = std::size_t{table[2 * head]} * variable_rows::kOffsetBytes;
    const std::size_t end = std::size_t{table[2 * head + 1]} * variable_rows::kOffsetBytes;
    ASSERT_TRUE(begin < end && end - begin <= chunk) << begin << " to " << end;
    got.resize(end - begin);
    wanted[head].resize(end - begin);
    device().copy_to_host(got.data(), chunks.data() + begin, end - begin);
    EXPECT_EQ(got, wanted[head]) << "head " << head << ", behind offsets";
  }
}

TEST_P(FarApart, prompt_and_ring_of_the_cache_that_grows) {
  constexpr std::int64_t needed = std::int64_t{27} << 30;
  if (!simulated() && device().info().memory_bytes < needed)
    GTEST_SKIP() << "the cache and its prompt take 26 GB of memory";
  constexpr std::size_t row = kHeadDim * 2;
  const FarSource source(device(), 70);
  DeviceBuffer<std::uint16_t> token(device(), 2 * kHeadDim, "token");
  std::vector<std::uint16_t> added;
  for (int i = 0; i < 2 * kHeadDim; ++i) added.push_back(static_cast<std::uint16_t>(i));
  token.upload(added);
  for (const int window : {1 << 24, 0}) {  // everything in a far ring, or 64 tokens in a chunk
    // A prompt takes a block per eight rows of the ring, too many to simulate.
    const int prompt = simulated() && window > 0 ? 0 : 70;
    cache::KvCache cache(device(), {.batch = 1,
                                    .kv_heads = 2,
                                    .head_dim = kHeadDim,
                                    .max_kv_len = 80,
                                    .window = window,
                                    .kept_keys = 64,
                                    .kept_values = 64});
    cache.prefill(
        {source.rows.data(), source.rows.data(), kFarRows, source.lengths.data(), prompt});
    cache.append(token.data(), token.data());
    device().synchronize();
    const cache::CacheView view = cache.view();
    const auto capacity = static_cast<std::size_t>(view.window_capacity);
    for (const std::size_t head : {0u, 1u}) {
      const std::vector<std::uint16_t>& bits = source.bits[head];
      for (int t = window > 0 ? 0 : 64; t <= prompt; ++t) {
        const auto* wanted =
            t < prompt ? bits.data() + t * kHeadDim : added.data() + head * kHeadDim;
        for (const void* ring : {view.window_keys, view.window_values}) {
          std::vector<std::uint16_t> got(kHeadDim);
          const std::size_t at = head * capacity + static_cast<std::size_t>(t) % capacity;
          device().copy_to_host(got.data(), static_cast<const std::byte*>(ring) + at * row, row);
          ASSERT_TRUE(std::equal(got.begin(), got.end(), wanted)) << head << ", token " << t;
        }
      }
      if (window > 0) continue;
      const auto chunk = static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, 64));
      std::vector<std::byte> got(chunk);
      device().copy_to_host(got.data(), view.key_chunks + head * chunk, chunk);
      EXPECT_EQ(got, test::reference_chunk(Operand::kKeys, ValueType::kF16, 64,
                                           {bits.begin(), bits.begin() + 64 * kHeadDim}, kHeadDim));
    }
  }
}

TEST_P(FarApart, rows_of_the_mask_kernels_and_of_attention_weights) {
  const FarSource source(device(), 64);
  const DeviceBuffer<std::uint64_t> masks(device(), 2 * std::size_t{kFarRows} * 2, "far masks");
  prune::launch({.batch = 1,
                 .kv_heads = 2,
                 .head_dim = kHeadDim,
                 .rule = prune::Rule::kPerTokenMagnitude,
                 .kept = 1,
                 .rows = source.rows.data(),
                 .row_capacity = kFarRows,
                 .kv_lengths = source.lengths.data(),
                 .max_kv_len = 64,
                 .masks = masks.data()},
                device());
  const DeviceBuffer<float> weights(device(), 2 * std::size_t{kFarRows}, "far weights");
  DeviceBuffer<std::uint16_t> queries(device(), 2 * kHeadDim, "queries");
  queries.fill(std::byte{0});
  prune::WeightsProblem sum{.batch = 1,
                            .query_heads = 2,
                            .kv_heads = 2,
                            .head_dim = kHeadDim,
                            .softmax_scale = 1,
                            .queries = queries.data(),
                            .num_queries = 1,
                            .keys = source.rows.data(),
                            .row_capacity = kFarRows,
                            .kv_lengths = source.lengths.data(),
                            .max_kv_len = 64,
                            .weights = weights.data()};
  const DeviceBuffer<std::byte> workspace(
      device(), static_cast<std::size_t>(prune::workspace_bytes(sum)), "workspace");
  sum.workspace = workspace.data();
  prune::launch(sum, device());
  device().synchronize();
  for (const std::size_t head : {0u, 1u}) {
    for (std::size_t token = 0; token < 64; ++token) {
      const auto row = source.bits[head].begin() + static_cast<std::ptrdiff_t>(token * kHeadDim);
      const auto largest = static_cast<std::size_t>(std::max_element(row, row + kHeadDim) - row);
      std::uint64_t mask[2];
      float weight = 0;
      const std::size_t at = head * kFarRows + token;
      device().copy_to_host(mask, masks.data() + at * 2, sizeof mask);
      device().copy_to_host(&weight, weights.data() + at, sizeof weight);
      ASSERT_EQ(mask[largest / 64], std::uint64_t{1} << largest % 64) << head << ", " << token;
      ASSERT_EQ(mask[1 - largest / 64], 0u) << head << ", " << token;
      ASSERT_EQ(weight, 1.0f / 64) << head << ", " << token;
    }
  }
}

}  // namespace
}  // namespace kvroof
