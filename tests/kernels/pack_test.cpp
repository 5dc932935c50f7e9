// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "tests/kernels/pack_run.hpp"

// The prune-and-pack kernel against the reference's choice and the host encoder, byte by byte.
namespace kvroof::compress {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class PackKernel : public PackRun {
 protected:
  /// One chunk of rows that all look like `row`.
  ::testing::AssertionResult packs_everywhere(const std::function<std::uint16_t(int)>& row) {
    Rows rows;
    for (int i = 0; i < 64 * 128; ++i) rows.push_back(row(i % 128));
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
        for (const int kept : {1, 5, 64, 127, 128}) {
          Pack pack;
          pack.operand = operand;
          pack.type = type;
          pack.kept = kept;
          if (const auto result = packs(pack, rows); !result) return result;
        }
      }
    }
    return ::testing::AssertionSuccess();
  }
};
KVROOF_ON_EVERY_BACKEND(PackKernel);

TEST_P(PackKernel, writes_the_bytes_of_the_host_encoder_for_any_bit_patterns) {
  unsigned seed = 0;
  for (const auto& [head_dim, counts] : std::vector<std::pair<int, std::vector<int>>>{
           {64, {1, 31, 64}},
           {128, {1, 2, 3, 7, 8, 31, 40, 63, 64, 65, 96, 127, 128}},
           {256, {1, 128, 255}}}) {
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
        for (const int kept : counts) {
          Pack pack;
          pack.head_dim = head_dim;
          pack.operand = operand;
          pack.type = type;
          pack.kept = kept;
          pack.kv_lengths = {130};
          EXPECT_TRUE(packs_random(pack, ++seed)) << "head_dim " << head_dim << ", kept " << kept;
        }
      }
    }
  }
}

TEST_P(PackKernel, keeps_exactly_k_of_every_row) {
  for (const int kept : {1, 39, 64, 128}) {
    Pack pack;
    pack.kept = kept;
    const std::vector<std::byte> chunk = packed(pack, random_rows(pack, 3), device());
    Rows rows(64 * 128);
    std::vector<std::uint8_t> mask(64 * 128);
    lane_chunk::decode(pack.operand, 128, kept, std::span(chunk).first(pack.chunk_bytes()), rows,
                       mask);
    for (auto row = mask.begin(); row != mask.end(); row += 128)
      EXPECT_EQ(std::count(row, row + 128, 1), kept);
  }
}

TEST_P(PackKernel, gives_ties_to_the_lowest_channel) {
  // Few distinct magnitudes, signs mixed: ties in every row, at every threshold.
  std::mt19937 random(11);
  for (const int head_dim : {64, 128, 256}) {
    Rows rows(static_cast<std::size_t>(64 * head_dim));
    for (std::uint16_t& bits : rows)
      bits = static_cast<std::uint16_t>(0x3c00 + 0x100 * (random() % 3) + 0x8000 * (random() % 2));
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      for (const int kept : {1, head_dim / 6, head_dim / 3, head_dim / 2, head_dim - 1}) {
        Pack pack;
        pack.head_dim = head_dim;
        pack.operand = operand;
        pack.kept = kept;
        EXPECT_TRUE(packs(pack, rows)) << "head_dim " << head_dim << ", kept " << kept;
      }
    }
  }
}

TEST_P(PackKernel, keeps_the_first_channels_of_rows_that_are_all_equal_or_all_zero) {
  EXPECT_TRUE(packs_everywhere([](int) { return std::uint16_t{0x3c00}; }));
  EXPECT_TRUE(packs_everywhere([](int) { return std::uint16_t{0}; }));
  EXPECT_TRUE(packs_everywhere([](int) { return std::uint16_t{0x8000}; }));
}

TEST_P(PackKernel, ranks_minus_zero_like_zero_and_keeps_its_sign) {
  EXPECT_TRUE(packs_everywhere(
      [](int channel) { return static_cast<std::uint16_t>(channel % 2 == 0 ? 0x8000 : 0); }));
}

TEST_P(PackKernel, ranks_subnormal_numbers_by_magnitude) {
  EXPECT_TRUE(packs_everywhere([](int channel) {
    return static_cast<std::uint16_t>((channel * 37) % 128 + (channel % 3 == 0 ? 0x8000 : 0));
  }));
}

TEST_P(PackKernel, ranks_NaN_above_infinity_and_all_NaN_alike) {
  for (const std::uint16_t infinity : {std::uint16_t{0x7c00}, std::uint16_t{0x7f80}}) {
    EXPECT_TRUE(packs_everywhere([&](int channel) {
      if (channel % 7 == 6)  // NaN of different payloads and signs
        return static_cast<std::uint16_t>((infinity + 1 + channel % 9) | (channel % 2 << 15));
      return static_cast<std::uint16_t>(channel % 7 == 3 ? infinity : 0x3c00);
    }));
  }
}

TEST_P(PackKernel, leaves_the_chunks_before_the_first_one_alone) {
  Pack pack;
  pack.kv_heads = 2;
  pack.kv_lengths = {400, 200, 64, 0};
  for (const int first_chunk : {0, 1, 3, 6, 7}) {
    pack.first_chunk = first_chunk;
    EXPECT_TRUE(packs_random(pack, 20)) << "first chunk " << first_chunk;
  }
}

TEST_P(PackKernel, reads_rows_from_a_ring_that_is_shorter_than_the_sequence) {
  Pack pack;
  pack.kv_heads = 3;
  pack.window = 32;
  for (const auto& [length, capacity] :
       std::vector<std::pair<int, int>>{{1000, 105}, {1000, 200}, {999, 104}, {992, 96}}) {
    pack.kv_lengths = {length};
    pack.row_capacity = capacity;
    pack.first_chunk = (length - std::min(capacity, length) + 63) / 64;
    EXPECT_TRUE(packs_random(pack, 21)) << length << " tokens, ring of " << capacity;
  }
}

TEST_P(PackKernel, packs_only_the_chunk_that_the_last_token_completed_when_asked_to) {
  Pack pack;
  pack.newest_only = true;
  pack.kv_heads = 2;
  for (const auto& [window, head_dim] :
       std::vector<std::pair<int, int>>{{0, 128}, {1, 64}, {32, 128}, {33, 256}}) {
    pack.window = window;
    pack.head_dim = head_dim;
    pack.row_capacity = window + 64;
    pack.kv_lengths.clear();
    for (const int left : {0, 1, 63, 64, 65, 128, 640}) pack.kv_lengths.push_back(window + left);
    pack.kv_lengths.push_back(0);
    EXPECT_TRUE(packs_random(pack, 25)) << "window " << window;
  }
}

TEST_P(PackKernel, writes_nothing_for_a_sequence_that_is_still_in_its_window) {
  for (const int window : {1, 32, 100, 1000}) {
    Pack pack;
    pack.window = window;
    pack.kv_lengths = {window + 63, 0, 1, window, window + 62};
    EXPECT_EQ(pack.chunks_of(window + 63), 0);
    EXPECT_TRUE(packs_random(pack, 22)) << "window " << window;
  }
}

TEST_P(PackKernel, packs_ragged_batches) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    Pack pack;
    pack.operand = operand;
    pack.kept = 40;
    pack.kv_heads = 2;
    pack.window = 17;
    pack.kv_lengths = {300, 0, 81, 80, 145, 1};
    EXPECT_TRUE(packs_random(pack, 23));
  }
}

TEST_P(PackKernel, refuses_an_invalid_problem_with_a_sentence_and_launches_nothing) {
  alignas(16) static std::byte memory[32];
  static const std::int32_t lengths[] = {640};
  const PackProblem good{.batch = 1,
                         .kv_heads = 2,
                         .head_dim = 128,
                         .kept = 64,
                         .rows = memory,
                         .row_capacity = 640,
                         .kv_lengths = lengths,
                         .max_kv_len = 640,
                         .chunks = memory,
                         .chunk_capacity = 10};
  const auto refused = [&](const char* sentence, const std::function<void(PackProblem&)>& spoil) {
    PackProblem problem = good;
    spoil(problem);
    EXPECT_THAT([&] { launch(problem, device()); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
  };
  using P = PackProblem;
  refused("batch and kv_heads must be positive, got 0 and 2", [](P& p) { p.batch = 0; });
  refused("batch and kv_heads must be positive, got 1 and -1", [](P& p) { p.kv_heads = -1; });
  refused("must be at most 65535, got 65536 and 2", [](P& p) { p.batch = 65536; });
  refused("head_dim must be 64, 128 or 256, got 96", [](P& p) { p.head_dim = 96; });
  refused("got 0", [](P& p) { p.kept = 0; });
  refused("got 129", [](P& p) { p.kept = 129; });
  refused("must not be negative, got -1, 0 and 0", [](P& p) { p.max_kv_len = -1; });
  refused("must not be negative, got 640, -1 and 0", [](P& p) { p.window = -1; });
  refused("must not be negative, got 640, 0 and -1", [](P& p) { p.first_chunk = -1; });
  refused("make 10 chunks, there is room for 9", [](P& p) { p.chunk_capacity = 9; });
  refused("need 640 rows, there are 639", [](P& p) { p.row_capacity = 639; });
  refused("from chunk 1 on need 576 rows, there are 575", [](P& p) {
    p.first_chunk = 1;
    p.row_capacity = 575;
  });
  refused("a window of 577 tokens and the chunk that leaves it need 641 rows", [](P& p) {
    p.newest_only = true;
    p.window = 577;
  });
  refused("rows must be a pointer aligned to 16 bytes", [](P& p) { p.rows = nullptr; });
  refused("rows must be a pointer aligned to 16 bytes", [](P& p) { p.rows = memory + 1; });
  refused("chunks must be a pointer aligned to 16 bytes", [](P& p) { p.chunks = nullptr; });
  refused("chunks must be a pointer aligned to 16 bytes", [](P& p) { p.chunks = memory + 8; });
  refused("masks must be null or a pointer aligned to 8 bytes",
          [](P& p) { p.masks = reinterpret_cast<const std::uint64_t*>(memory + 4); });
  refused("kv_lengths must be a pointer aligned to 4 bytes", [](P& p) { p.kv_lengths = nullptr; });
  refused("first_chunk", [](P& p) {
    p.first_chunk = 2000000000;  // its first token is beyond any int
    p.row_capacity = 1;
  });
  const auto with_offsets = [&](const char* sentence, const std::function<void(P&)>& spoil) {
    refused(sentence, [&](P& p) {
      p.masks = reinterpret_cast<const std::uint64_t*>(memory);
      p.offsets = reinterpret_cast<std::uint32_t*>(memory);
      spoil(p);
    });
  };
  with_offsets("offsets are for masks, there are none", [](P& p) { p.masks = nullptr; });
  with_offsets("not from chunk 1 on", [](P& p) { p.first_chunk = 1; });
  with_offsets("or the newest only", [](P& p) { p.newest_only = true; });
  with_offsets("chunks_bytes must be 0 to 549755813888, got -1", [](P& p) { p.chunks_bytes = -1; });
  with_offsets("offsets must be null or a pointer aligned to 4 bytes",
               [](P& p) { p.offsets = reinterpret_cast<std::uint32_t*>(memory + 2); });
  EXPECT_TRUE(!simulated() || simt::as_simulator(device()).launches().empty());
}

TEST_P(PackKernel, launches_nothing_when_no_sequence_can_have_left_its_window) {
  Pack pack;
  pack.window = 64;
  pack.kv_lengths = {100};
  EXPECT_TRUE(packs_random(pack, 24));
  EXPECT_TRUE(!simulated() || simt::as_simulator(device()).launches().empty());
}

}  // namespace
}  // namespace kvroof::compress
