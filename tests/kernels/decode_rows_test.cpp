// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "reference/prune.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/pruned_decode.hpp"
#include "tests/support/validated.hpp"

// The decode kernel over chunks from the host encoder: every head_dim and group, rows of any
// length.
namespace kvroof::attention {
namespace {

using reference::Mask;
using reference::Matrix;
using test::ChooseSurvivors;
using test::is_right;
using test::PrunedDecode;
using validate::Case;

class DecodeRows : public test::OnEveryBackend {};
KVROOF_ON_EVERY_BACKEND(DecodeRows);

Case make_case(int head_dim, int group, std::vector<int> lengths) {
  Case one;
  one.head_dim = head_dim;
  one.kv_heads = 1;
  one.query_heads = group;
  one.batch = static_cast<int>(lengths.size());
  one.kv_lengths = std::move(lengths);
  one.kept_keys = head_dim / 2;
  one.kept_values = head_dim / 2;
  one.seed = static_cast<std::uint64_t>(head_dim + group);
  return one;
}

ChooseSurvivors exactly_kept(const Case& one) {
  return [one](Operand operand, const Matrix& rows) {
    return reference::prune_per_token_magnitude(
        rows, operand == Operand::kKeys ? one.kept_keys : one.kept_values);
  };
}

ChooseSurvivors all_or_nothing(bool all) {
  return
      [all](Operand, const Matrix& rows) { return Mask::Constant(rows.rows(), rows.cols(), all); };
}

/// Every chunk another density, from nothing to everything; drawn anew for every operand and head.
ChooseSurvivors chunks_of_any_density(unsigned seed) {
  return [random = std::mt19937(seed)](Operand, const Matrix& rows) mutable {
    Mask mask(rows.rows(), rows.cols());
    for (Eigen::Index token = 0; token < rows.rows(); ++token) {
      const auto of_16 = static_cast<unsigned>(token / 64 * 5) % 17;
      for (Eigen::Index channel = 0; channel < rows.cols(); ++channel)
        mask(token, channel) = random() % 16 < of_16;
    }
    return mask;
  };
}

/// All elements of one lane survive, in chunks with an even number; of all lanes but that one in
/// the others.
ChooseSurvivors one_lane(int lane) {
  return [lane](Operand operand, const Matrix& rows) {
    const auto head_dim = static_cast<int>(rows.cols());
    Mask mask(rows.rows(), rows.cols());
    for (Eigen::Index token = 0; token < rows.rows(); ++token)
      mask.row(token).setConstant(token / 64 % 2 != 0);
    for (Eigen::Index chunk = 0; chunk < rows.rows() / 64; ++chunk) {
      for (int place = 0; place < 2 * head_dim; ++place) {  // of the lane: tile, step, h, element
        const lane_chunk::Element element =
            lane_chunk::element(operand, lane, place / (head_dim / 2), place % (head_dim / 2) / 8,
                                place % 8 / 4, place % 4);
        mask(chunk * 64 + element.token, element.channel) = chunk % 2 == 0;
      }
    }
    return mask;
  };
}

/// Keys per token with ties kept, as the published code does; values per channel in groups of 32
/// tokens, whose rows keep what the channels leave them.
Mask published_and_per_channel(Operand operand, const Matrix& rows) {
  if (operand == Operand::kKeys) return reference::prune_per_token_published(rows, 0.7);
  return reference::prune_values_per_channel_magnitude(rows, 13, 32);
}

struct Shape {
  int head_dim;
  int group;
  ValueType type;
};
constexpr Shape kShapes[] = {
    {64, 1, ValueType::kF16},   {64, 7, ValueType::kBF16},   {64, 16, ValueType::kF16},
    {128, 5, ValueType::kBF16}, {128, 9, ValueType::kF16},   {128, 16, ValueType::kBF16},
    {256, 6, ValueType::kF16},  {256, 11, ValueType::kBF16}, {256, 16, ValueType::kF16}};

TEST_P(DecodeRows, serves_every_head_dim_and_group_at_a_constant_stride) {
  for (const auto& [head_dim, group, type] : kShapes) {
    Case one = make_case(head_dim, group, {300, 0, 95, 161});
    one.value_type = type;
    one.kept_keys = head_dim / 2 + 1;
    one.kept_values = head_dim / 3;
    one.blocks = group % 2 + 1;
    EXPECT_TRUE(is_right({one, exactly_kept(one), false, false}, device()));
  }
}

TEST_P(DecodeRows, serves_several_kv_heads_with_groups_above_eight) {
  for (const int head_dim : {64, 128}) {
    Case one = make_case(head_dim, 0, {200});
    one.kv_heads = 3;
    one.query_heads = 3 * 12;
    for (const int blocks : {1, 4}) {
      one.blocks = blocks;
      EXPECT_TRUE(is_right({one, exactly_kept(one), false, true}, device()));
    }
  }
}

TEST_P(DecodeRows, serves_rules_that_fix_no_count_per_row) {
  for (const auto& [head_dim, group, type] : kShapes) {
    Case one = make_case(head_dim, group, {225, 0, 96, 351});
    one.value_type = type;
    EXPECT_TRUE(is_right({one, published_and_per_channel}, device()));
  }
}

TEST_P(DecodeRows, serves_chunks_from_empty_to_full_side_by_side) {
  for (const int head_dim : {64, 128, 256}) {
    for (const int group : {4, 9}) {
      Case one = make_case(head_dim, group, {8 * 64 + 32, 64 + 32});
      one.blocks = 2;
      EXPECT_TRUE(is_right({one, chunks_of_any_density(3)}, device()));
    }
  }
}

TEST_P(DecodeRows, serves_masks_that_keep_everything_or_nothing_or_one_lane) {
  for (const int head_dim : {64, 128, 256}) {
    const Case one = make_case(head_dim, 3, {4 * 64 + 40});
    EXPECT_TRUE(is_right({one, all_or_nothing(true)}, device()));
    EXPECT_TRUE(is_right({one, all_or_nothing(false)}, device()));
    for (const int lane : {0, 31}) EXPECT_TRUE(is_right({one, one_lane(lane)}, device()));
  }
}

TEST_P(DecodeRows, give_the_same_bits_whichever_way_and_whatever_size_was_guessed) {
  Case one = make_case(128, 8, {300, 170});
  const auto tensors = load_inputs(one);
  const ChooseSurvivors choose = exactly_kept(one);
  const auto wanted = test::run({one, choose, false, false}, tensors, device());
  for (const int guess : {1, 64, 128}) {
    one.kept_keys = one.kept_values = guess;
    // Blocks and warps follow from the guess; outputs are equal only where they are.
    PrunedDecode decode{one, choose};
    const auto result = test::run(decode, tensors, device());
    EXPECT_TRUE(is_right(decode, tensors, result));
    if (guess == 64) {
      EXPECT_EQ(result.device.outputs, wanted.device.outputs);
    }
  }
}

TEST_P(DecodeRows, let_a_NaN_reach_its_own_head_row_only) {
  Case one = make_case(64, 10, {200, 200});
  one.kv_heads = 2;
  one.query_heads = 20;
  auto tensors = load_inputs(one);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr int token = 70;
  test::element(tensors, tensors.keys, 0, 1, token, 5) = nan;
  test::element(tensors, tensors.values, 1, 0, token, 6) = nan;
  const auto with_nan = [choose = chunks_of_any_density(8)](Operand operand, const Matrix& rows) {
    Mask mask = choose(operand, rows);
    mask(token, 5) = mask(token, 6) = true;
    return mask;
  };
  const auto result = test::run({one, with_nan}, tensors, device());
  for (std::size_t i = 0; i < result.device.outputs.size(); ++i) {
    const std::size_t head_row = i / 64 / 10;
    const bool reached = head_row == 1 || (head_row == 2 && i % 64 == 6);
    ASSERT_EQ(std::isnan(inputs::from_bits(tensors.dtype, result.device.outputs[i])), reached) << i;
  }
}

// ---- far apart ----

/// Reserved address space: only the chunks that are used are ever touched.
constexpr std::size_t kFar = std::size_t{5} << 30;

TEST_P(DecodeRows, find_chunks_beyond_2_to_the_32_bytes_by_their_offsets) {
  const Case one = make_case(128, 2, {64 + 32});
  const DeviceBuffer<std::byte> far(device(), kFar + 65536, "far chunks");
  PrunedDecode decode{one, chunks_of_any_density(2)};
  decode.before_launch = [&](DecodeProblem& problem) {
    std::uint32_t offsets[2];
    device().copy_to_host(offsets, problem.keys.offsets, sizeof offsets);
    std::vector<std::byte> chunk(std::size_t{offsets[1]} * variable_rows::kOffsetBytes);
    device().copy_to_host(chunk.data(), problem.keys.chunks, chunk.size());
    device().copy_to_device(far.data() + kFar, chunk.data(), chunk.size());
    for (std::uint32_t& offset : offsets) offset += kFar / variable_rows::kOffsetBytes;
    device().copy_to_device(const_cast<std::uint32_t*>(problem.keys.offsets), offsets,
                            sizeof offsets);
    problem.keys.chunks = far.data();
  };
  EXPECT_TRUE(is_right(decode, device()));
}

TEST_P(DecodeRows, find_rows_beyond_2_to_the_32_bytes_at_a_constant_stride) {
  Case one = make_case(128, 2, {64 + 32});
  one.kv_heads = 2;
  one.query_heads = 4;
  const auto stride = static_cast<std::size_t>(lane_chunk::chunk_bytes(128, one.kept_values));
  const DeviceBuffer<std::byte> far(device(), kFar + 65536, "far chunks");
  PrunedDecode decode{one, exactly_kept(one), false, false};
  decode.before_launch = [&](DecodeProblem& problem) {
    problem.chunk_capacity = static_cast<int>(kFar / stride);
    for (auto* operand : {&problem.keys, &problem.values}) {
      const std::size_t place = operand == &problem.keys ? 0 : stride;  // of the far row 0
      std::vector<std::byte> chunks(2 * stride);
      device().copy_to_host(chunks.data(), operand->chunks, chunks.size());
      const std::size_t row = static_cast<std::size_t>(problem.chunk_capacity) * stride;
      device().copy_to_device(far.data() + place, chunks.data(), stride);
      device().copy_to_device(far.data() + place + row, chunks.data() + stride, stride);
      operand->chunks = far.data() + place;
    }
  };
  EXPECT_TRUE(is_right(decode, device()));
}

}  // namespace
}  // namespace kvroof::attention
