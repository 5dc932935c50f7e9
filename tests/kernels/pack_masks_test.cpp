// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/pack_run.hpp"

// The pack kernel with masks: rows of one length and of any, against the host encoder.
namespace kvroof::compress {
namespace {

class PackMasks : public PackRun {};
KVROOF_ON_EVERY_BACKEND(PackMasks);

TEST_P(PackMasks, packs_what_masks_choose) {
  for (const int head_dim : {64, 128, 256}) {
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      for (const int kept : {1, 40, head_dim - 1, head_dim}) {
        Pack pack;
        pack.head_dim = head_dim;
        pack.operand = operand;
        pack.kept = kept;
        pack.kv_heads = 2;
        pack.kv_lengths = {150, 64, 0, 130};
        pack.row_capacity = 160;
        pack.masks = random_masks(pack, 26, [&](auto&) { return kept; });
        EXPECT_TRUE(packs_random(pack, 27)) << "head_dim " << head_dim << ", kept " << kept;
      }
    }
  }
}

TEST_P(PackMasks, packs_rows_of_any_length_behind_the_offsets_of_the_host_encoder) {
  for (const int head_dim : {64, 128, 256}) {
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      Pack pack;
      pack.head_dim = head_dim;
      pack.operand = operand;
      pack.kept = head_dim;  // the room
      pack.kv_heads = 3;
      pack.window = 5;
      pack.kv_lengths = {300, 69, 0, 133};
      pack.spare_chunks = 130;  // more offsets than one round of the scan takes
      pack.has_offsets = true;
      pack.masks = random_masks(
          pack, 30, [&](auto& random) { return static_cast<int>(random() % (pack.width() + 1)); });
      const Rows rows = random_rows(pack, 31);
      const Packed got = launched(pack, rows, device());
      const variable_rows::EncodedRows want = encoded(pack, rows);
      EXPECT_EQ(got.offsets, want.offsets);
      const auto [at, wanted] =
          std::mismatch(want.chunks.begin(), want.chunks.end(), got.chunks.begin());
      EXPECT_EQ(at, want.chunks.end()) << "byte " << at - want.chunks.begin();
      EXPECT_TRUE(std::all_of(wanted, got.chunks.end(), [](auto b) { return b == kUntouched; }));
    }
  }
}

TEST_P(PackMasks, writes_the_offsets_of_chunks_for_which_there_is_no_room_but_no_such_chunk) {
  Pack pack;
  pack.kept = 16;  // the room
  pack.kv_lengths = {256};
  pack.has_offsets = true;
  pack.masks = random_masks(pack, 32, [](auto&) { return 64; });
  const Rows rows = random_rows(pack, 33);
  const Packed got = launched(pack, rows, device());
  const variable_rows::EncodedRows want = encoded(pack, rows);
  EXPECT_EQ(got.offsets, want.offsets);
  const std::size_t whole = std::size_t{want.offsets[1]} * variable_rows::kOffsetBytes;
  ASSERT_LT(whole, got.chunks.size());
  ASSERT_GT(std::size_t{want.offsets[2]} * variable_rows::kOffsetBytes, got.chunks.size());
  const auto end = got.chunks.begin() + static_cast<std::ptrdiff_t>(whole);
  EXPECT_TRUE(std::equal(got.chunks.begin(), end, want.chunks.begin()));
  EXPECT_TRUE(std::all_of(end, got.chunks.end(), [](auto byte) { return byte == kUntouched; }));
}

TEST_P(PackMasks, touches_no_other_chunk_when_a_mask_keeps_more_than_it_says) {
  Pack pack;
  pack.kept = 8;
  pack.kv_lengths = {64};
  pack.spare_chunks = 12;  // where a careless kernel would go on writing
  pack.masks = random_masks(pack, 28, [](auto&) { return 128; });
  const std::vector<std::byte> got = packed(pack, random_rows(pack, 29), device());
  EXPECT_TRUE(std::all_of(got.begin() + static_cast<std::ptrdiff_t>(pack.chunk_bytes()), got.end(),
                          [](std::byte byte) { return byte == kUntouched; }));
}

}  // namespace
}  // namespace kvroof::compress
