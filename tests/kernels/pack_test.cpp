// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "kernels/compress/launch.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "tests/support/convert.hpp"
#include "tests/support/devices.hpp"

// The prune-and-pack kernel against the reference's choice and the host encoder, byte by byte.
namespace kvroof::compress {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Rows = std::vector<std::uint16_t>;

constexpr int kHeadDim = 128;
constexpr std::byte kUntouched{0xee};

/// A launch over a batch whose rows lie in a ring of `row_capacity`.
struct Pack {
  Operand operand = Operand::kKeys;
  ValueType type = ValueType::kF16;
  int kept = 64;
  int kv_heads = 1;
  std::vector<std::int32_t> kv_lengths = {64};
  int window = 0;
  int first_chunk = 0;
  bool newest_only = false;
  int row_capacity = 0;              // 0: the longest sequence
  int spare_chunks = 1;              // chunks of room beyond what is needed
  std::vector<std::uint64_t> masks;  // [heads, capacity, head_dim / 64]; empty: by magnitude

  int max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }
  int capacity() const { return row_capacity > 0 ? row_capacity : max_kv_len(); }
  int chunks_of(int kv_len) const { return kv_len <= window ? 0 : (kv_len - window) / 64; }
  /// Whether a launch packs this chunk of a sequence of kv_len tokens.
  bool packs_chunk(int chunk, int kv_len) const {
    if (newest_only) return chunk == chunks_of(kv_len) - 1 && (kv_len - window) % 64 == 0;
    return chunk >= first_chunk && chunk < chunks_of(kv_len);
  }
  int chunk_capacity() const { return chunks_of(max_kv_len()) + spare_chunks; }
  std::size_t chunk_bytes() const {
    return static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, kept));
  }
  std::size_t heads() const { return kv_lengths.size() * static_cast<std::size_t>(kv_heads); }
};

Rows random_rows(std::size_t elements, unsigned seed) {
  std::mt19937 random(seed);
  Rows rows(elements);
  for (std::uint16_t& bits : rows) bits = static_cast<std::uint16_t>(random());
  return rows;
}

/// Packs `rows` [heads, capacity, head_dim] into chunks that held kUntouched before.
std::vector<std::byte> packed(const Pack& pack, const Rows& rows, Device& device) {
  DeviceBuffer<std::uint16_t> source(device, rows.size(), "rows");
  source.upload(rows);
  DeviceBuffer<std::int32_t> lengths(device, pack.kv_lengths.size(), "kv_lengths");
  lengths.upload(pack.kv_lengths);
  DeviceBuffer<std::uint64_t> masks(device, pack.masks.size(), "masks");
  masks.upload(pack.masks);
  DeviceBuffer<std::byte> chunks(
      device, pack.heads() * static_cast<std::size_t>(pack.chunk_capacity()) * pack.chunk_bytes(),
      "chunks");
  chunks.fill(kUntouched);
  launch({.batch = static_cast<int>(pack.kv_lengths.size()),
          .kv_heads = pack.kv_heads,
          .head_dim = kHeadDim,
          .value_type = pack.type,
          .operand = pack.operand,
          .kept = pack.kept,
          .rows = source.data(),
          .row_capacity = pack.capacity(),
          .masks = pack.masks.empty() ? nullptr : masks.data(),
          .kv_lengths = lengths.data(),
          .max_kv_len = pack.max_kv_len(),
          .window = pack.window,
          .first_chunk = pack.first_chunk,
          .newest_only = pack.newest_only,
          .chunks = chunks.data(),
          .chunk_capacity = pack.chunk_capacity()},
         device);
  device.synchronize();
  std::vector<std::byte> result(chunks.size());
  chunks.download(result);
  return result;
}

/// The 64 rows of a chunk, gathered from the ring.
Rows chunk_rows(const Pack& pack, const Rows& rows, std::size_t head, int chunk) {
  Rows result;
  for (int token = chunk * 64; token < chunk * 64 + 64; ++token) {
    const std::size_t row = head * static_cast<std::size_t>(pack.capacity()) +
                            static_cast<std::size_t>(token % pack.capacity());
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(row * kHeadDim);
    result.insert(result.end(), first, first + kHeadDim);
  }
  return result;
}

/// The chunk whose survivors the masks choose.
std::vector<std::byte> masked_chunk(const Pack& pack, const Rows& rows, std::size_t head,
                                    int chunk) {
  std::vector<std::uint8_t> mask;
  for (int token = chunk * 64; token < chunk * 64 + 64; ++token) {
    const std::size_t row = head * static_cast<std::size_t>(pack.capacity()) +
                            static_cast<std::size_t>(token % pack.capacity());
    for (std::size_t c = 0; c < kHeadDim; ++c)
      mask.push_back(pack.masks[row * 2 + c / 64] >> c % 64 & 1u);
  }
  std::vector<std::byte> bytes(pack.chunk_bytes());
  lane_chunk::encode(pack.operand, kHeadDim, pack.kept, chunk_rows(pack, rows, head, chunk), mask,
                     bytes);
  return bytes;
}

/// What packed() should give.
std::vector<std::byte> expected(const Pack& pack, const Rows& rows) {
  std::vector<std::byte> result;
  for (std::size_t head = 0; head < pack.heads(); ++head) {
    const int length = pack.kv_lengths[head / static_cast<std::size_t>(pack.kv_heads)];
    for (int chunk = 0; chunk < pack.chunk_capacity(); ++chunk) {
      if (!pack.packs_chunk(chunk, length)) {
        result.insert(result.end(), pack.chunk_bytes(), kUntouched);
        continue;
      }
      const auto bytes = pack.masks.empty()
                             ? test::reference_chunk(pack.operand, pack.type, pack.kept,
                                                     chunk_rows(pack, rows, head, chunk), kHeadDim)
                             : masked_chunk(pack, rows, head, chunk);
      result.insert(result.end(), bytes.begin(), bytes.end());
    }
  }
  return result;
}

class PackKernel : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult packs(const Pack& pack, const Rows& rows) {
    const std::vector<std::byte> got = packed(pack, rows, device());
    const std::vector<std::byte> want = expected(pack, rows);
    if (got.size() != want.size()) return ::testing::AssertionFailure() << "sizes differ";
    const auto [at, wanted] = std::mismatch(got.begin(), got.end(), want.begin());
    if (at == got.end()) return ::testing::AssertionSuccess();
    const auto offset = static_cast<std::size_t>(at - got.begin());
    return ::testing::AssertionFailure()
           << "chunk " << offset / pack.chunk_bytes() << ", byte " << offset % pack.chunk_bytes()
           << ": got " << std::to_integer<int>(*at) << ", wanted " << std::to_integer<int>(*wanted);
  }
  ::testing::AssertionResult packs_random(const Pack& pack, unsigned seed) {
    return packs(
        pack,
        random_rows(pack.heads() * static_cast<std::size_t>(pack.capacity()) * kHeadDim, seed));
  }
  /// One chunk of rows that all look like `row`.
  ::testing::AssertionResult packs_everywhere(const std::function<std::uint16_t(int)>& row) {
    Rows rows;
    for (int i = 0; i < 64 * kHeadDim; ++i) rows.push_back(row(i % kHeadDim));
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
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      for (const int kept : {1, 2, 3, 7, 8, 31, 40, 63, 64, 65, 96, 127, 128}) {
        Pack pack;
        pack.operand = operand;
        pack.type = type;
        pack.kept = kept;
        pack.kv_lengths = {130};
        EXPECT_TRUE(packs_random(pack, ++seed)) << "kept " << kept;
      }
    }
  }
}

TEST_P(PackKernel, keeps_exactly_k_of_every_row) {
  for (const int kept : {1, 39, 64, 128}) {
    Pack pack;
    pack.kept = kept;
    const std::vector<std::byte> chunk = packed(pack, random_rows(64 * kHeadDim, 3), device());
    Rows rows(64 * kHeadDim);
    std::vector<std::uint8_t> mask(64 * kHeadDim);
    lane_chunk::decode(pack.operand, kHeadDim, kept, std::span(chunk).first(pack.chunk_bytes()),
                       rows, mask);
    for (auto row = mask.begin(); row != mask.end(); row += kHeadDim)
      EXPECT_EQ(std::count(row, row + kHeadDim, 1), kept);
  }
}

TEST_P(PackKernel, gives_ties_to_the_lowest_channel) {
  // Few distinct magnitudes, signs mixed: ties in every row, at every threshold.
  std::mt19937 random(11);
  Rows rows(64 * kHeadDim);
  for (std::uint16_t& bits : rows)
    bits = static_cast<std::uint16_t>(0x3c00 + 0x100 * (random() % 3) + 0x8000 * (random() % 2));
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const int kept : {1, 20, 43, 64, 86, 127}) {
      Pack pack;
      pack.operand = operand;
      pack.kept = kept;
      EXPECT_TRUE(packs(pack, rows)) << "kept " << kept;
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
  for (const int window : {0, 1, 32}) {
    pack.window = window;
    pack.row_capacity = window + 64;
    for (const int left : {0, 1, 63, 64, 65, 128, 640}) pack.kv_lengths.push_back(window + left);
    pack.kv_lengths.push_back(0);
    EXPECT_TRUE(packs_random(pack, 25)) << "window " << window;
  }
}

/// Masks for every row of the ring, `kept` channels each, drawn without looking at magnitudes.
std::vector<std::uint64_t> random_masks(const Pack& pack, int kept, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint64_t> masks;
  for (std::size_t row = 0; row < pack.heads() * static_cast<std::size_t>(pack.capacity()); ++row) {
    std::vector<int> bits(kHeadDim, 0);
    std::fill_n(bits.begin(), kept, 1);
    std::shuffle(bits.begin(), bits.end(), random);
    for (std::size_t word = 0; word < 2; ++word) {
      masks.push_back(0);
      for (std::size_t c = 0; c < 64; ++c)
        masks.back() |= static_cast<std::uint64_t>(bits[64 * word + c]) << c;
    }
  }
  return masks;
}

TEST_P(PackKernel, packs_what_masks_choose) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const int kept : {1, 40, 64, 127, 128}) {
      Pack pack;
      pack.operand = operand;
      pack.kept = kept;
      pack.kv_heads = 2;
      pack.kv_lengths = {300, 64, 0, 130};
      pack.row_capacity = 320;
      pack.masks = random_masks(pack, kept, 26);
      EXPECT_TRUE(packs_random(pack, 27)) << "kept " << kept;
    }
  }
}

TEST_P(PackKernel, touches_no_other_chunk_when_a_mask_keeps_more_than_it_says) {
  Pack pack;
  pack.kept = 8;
  pack.kv_lengths = {64};
  pack.spare_chunks = 12;  // where a careless kernel would go on writing
  pack.masks = random_masks(pack, 128, 28);
  const std::vector<std::byte> got = packed(pack, random_rows(64 * kHeadDim, 29), device());
  EXPECT_TRUE(std::all_of(got.begin() + static_cast<std::ptrdiff_t>(pack.chunk_bytes()), got.end(),
                          [](std::byte byte) { return byte == kUntouched; }));
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
  refused("head_dim must be 128 and the value type f16 or bf16, got 64",
          [](P& p) { p.head_dim = 64; });
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
