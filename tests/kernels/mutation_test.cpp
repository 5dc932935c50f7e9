// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "kernels/attention/plan.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/compare_pack.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// Validation must fail a kernel that is wrong. Each test makes one thing wrong in the cache that
// the decode kernel sees, or in what it gave, and wants to hear of it. The cache is tampered with
// between pack and decode, so a wrong chunk must fail both the comparison of chunks and that of
// outputs.
namespace kvroof {
namespace {

using attention::DecodeProblem;
using validate::Case;
using validate::DeviceRunHooks;
using Bytes = std::vector<std::byte>;

constexpr int kHeadDim = 128;
constexpr int kTokens = lane_chunk::kTokens;

/// The chunks of one operand during before_decode: read, change, write back.
class Chunks {
 public:
  Chunks(Device& device, const DecodeProblem& problem, Operand operand)
      : device_(device),
        operand_(operand),
        kept_(operand == Operand::kKeys ? problem.keys.kept : problem.values.kept),
        capacity_(problem.chunk_capacity),
        // The test owns this memory; the kernel only reads it.
        memory_(const_cast<std::byte*>(operand == Operand::kKeys ? problem.keys.chunks
                                                                 : problem.values.chunks)),
        bytes_(static_cast<std::size_t>(lane_chunk::chunk_bytes(kHeadDim, kept_))) {}

  Bytes read(int head, int chunk) const {
    Bytes bytes(bytes_);
    device_.copy_to_host(bytes.data(), address(head, chunk), bytes_);
    return bytes;
  }
  void write(int head, int chunk, const Bytes& bytes) {
    device_.copy_to_device(address(head, chunk), bytes.data(), bytes_);
  }
  /// Lets `edit` change the dense rows [64, head_dim] and mask of a chunk.
  void edit(int head, int chunk,
            const std::function<void(std::vector<std::uint16_t>&, std::vector<std::uint8_t>&)>& e) {
    Bytes bytes = read(head, chunk);
    std::vector<std::uint16_t> rows(kTokens * kHeadDim);
    std::vector<std::uint8_t> mask(rows.size());
    lane_chunk::decode(operand_, kHeadDim, kept_, bytes, rows, mask);
    e(rows, mask);
    lane_chunk::encode(operand_, kHeadDim, kept_, rows, mask, bytes);
    write(head, chunk, bytes);
  }

 private:
  std::byte* address(int head, int chunk) const {
    return memory_ + static_cast<std::size_t>(head * capacity_ + chunk) * bytes_;
  }

  Device& device_;
  Operand operand_;
  int kept_;
  int capacity_;
  std::byte* memory_;
  std::size_t bytes_;
};

class Mutation : public test::OnEveryBackend {
 protected:
  Mutation() : one_(test::small_case(4 * kTokens + 40)), tensors_(load_inputs(one_)) {
    one_.blocks = 3;
  }

  validate::CaseResult run(const std::function<void(Device&, DecodeProblem&)>& mutate) {
    return validate::validate(one_, tensors_, device(), DeviceRunHooks{mutate});
  }
  /// Both the comparison of `operand`'s chunks and that of the outputs fail.
  ::testing::AssertionResult caught(Operand operand, const std::function<void(Chunks&)>& mutate) {
    const validate::CaseResult result = run([&](Device& device, DecodeProblem& problem) {
      Chunks chunks(device, problem, operand);
      mutate(chunks);
    });
    const char* pack = operand == Operand::kKeys ? "pack_keys" : "pack_values";
    for (const char* kernel : {pack, "decode"}) {
      if (!test::kernel_failed(result, kernel))
        return ::testing::AssertionFailure() << kernel << " noticed nothing";
    }
    if (result.status() != validate::Status::kFailed)
      return ::testing::AssertionFailure() << "the case did not fail";
    return ::testing::AssertionSuccess();
  }

  Case one_;
  inputs::KvTensors tensors_;
};
KVROOF_ON_EVERY_BACKEND(Mutation);

TEST_P(Mutation, none_passes) {
  EXPECT_TRUE(test::passed(run([](Device&, DecodeProblem&) {})));
}

// The smallest step that is wrong beyond doubt is two tolerances from what the kernel gave, rounded
// away to a number of the type: wherever within its tolerance the right kernel was, the wrong
// element is outside.
TEST_P(Mutation, one_output_element_two_tolerances_off_fails) {
  validate::DeviceResult result = run_on_device(one_, tensors_, device());
  const validate::KernelResult right = compare_attention(one_, tensors_, result).at(0);
  ASSERT_EQ(right.status, validate::Status::kPassed);
  const auto at = static_cast<std::size_t>(
      (right.worst_index.at(0) * one_.query_heads + right.worst_index.at(1)) * kHeadDim +
      right.worst_index.at(2));
  const float got = inputs::from_bits(tensors_.dtype, result.outputs[at]);
  EXPECT_LT(right.tolerance, 0.02) << "outputs are about 1: a tolerance must be worth something";
  for (const double side : {-1.0, 1.0}) {
    validate::DeviceResult wrong = result;
    const double target = got + side * 2.0 * right.tolerance;
    float moved = inputs::round_to(tensors_.dtype, static_cast<float>(target));
    if (std::abs(moved - got) < 2.0 * right.tolerance)
      moved = inputs::round_to(tensors_.dtype,
                               static_cast<float>(target + side * 0x1p-11 * std::abs(target)));
    ASSERT_LE(std::abs(moved - got), 2.0 * right.tolerance + 0x1p-9 * std::abs(target));
    wrong.outputs[at] = inputs::to_bits(tensors_.dtype, moved);
    const validate::KernelResult seen = compare_attention(one_, tensors_, wrong).at(0);
    EXPECT_EQ(seen.status, validate::Status::kFailed);
    EXPECT_EQ(seen.worst_index, right.worst_index);
    EXPECT_FALSE(seen.reason.empty());
  }
}

TEST_P(Mutation, one_log_sum_exp_two_tolerances_off_fails) {
  validate::DeviceResult result = run_on_device(one_, tensors_, device());
  const validate::KernelResult right = compare_attention(one_, tensors_, result).at(1);
  ASSERT_EQ(right.status, validate::Status::kPassed);
  EXPECT_LT(right.tolerance, 0.01);
  const auto at = static_cast<std::size_t>(right.worst_index.at(1));
  result.log_sum_exps[at] += static_cast<float>(2.001 * right.tolerance);
  EXPECT_EQ(compare_attention(one_, tensors_, result).at(1).status, validate::Status::kFailed);
}

TEST_P(Mutation, an_output_that_nobody_wrote_fails) {
  validate::DeviceResult result = run_on_device(one_, tensors_, device());
  result.outputs[517] = 0xffff;  // the poison
  EXPECT_EQ(compare_attention(one_, tensors_, result).at(0).status, validate::Status::kFailed);
}

TEST_P(Mutation, two_query_heads_of_a_group_that_change_places_fail) {
  validate::DeviceResult result = run_on_device(one_, tensors_, device());
  std::swap_ranges(result.outputs.begin(), result.outputs.begin() + kHeadDim,
                   result.outputs.begin() + kHeadDim);
  EXPECT_EQ(compare_attention(one_, tensors_, result).at(0).status, validate::Status::kFailed);
  std::swap(result.log_sum_exps[0], result.log_sum_exps[1]);
  EXPECT_EQ(compare_attention(one_, tensors_, result).at(1).status, validate::Status::kFailed);
}

// The largest surviving key channel of a row is an outlier: its sign decides the row's score. Every
// token of the chunk is tried on its own.
TEST_P(Mutation, one_key_of_an_outlier_channel_with_its_sign_flipped_fails) {
  int noticed = 0;
  for (int token = 0; token < kTokens; token += 9) {
    const auto flip = [&](std::vector<std::uint16_t>& rows, const std::vector<std::uint8_t>&) {
      const auto first = rows.begin() + token * kHeadDim;
      auto largest = std::max_element(first, first + kHeadDim, [](auto a, auto b) {
        return (a & kMagnitudeBits) < (b & kMagnitudeBits);
      });
      *largest ^= kSignBit;
    };
    const auto result = run([&](Device& device, DecodeProblem& problem) {
      Chunks(device, problem, Operand::kKeys).edit(1, 2, flip);
    });
    EXPECT_TRUE(test::kernel_failed(result, "pack_keys")) << "token " << token;
    noticed += test::kernel_failed(result, "decode") ? 1 : 0;
  }
  EXPECT_GE(noticed, 6) << "of 8 tokens; those that weigh nothing before and after do not show";
}

TEST_P(Mutation, the_values_of_the_weightiest_token_with_one_sign_flipped_fail) {
  // One token of chunk 1 is given the weight by making its key the query's image.
  for (int channel = 0; channel < kHeadDim; ++channel) {
    test::element(tensors_, tensors_.keys, 0, 0, kTokens + 5, channel) =
        test::round_to(tensors_, tensors_.queries[static_cast<std::size_t>(channel)] * 0.25f);
  }
  EXPECT_TRUE(caught(Operand::kValues, [](Chunks& chunks) {
    chunks.edit(0, 1, [](std::vector<std::uint16_t>& rows, const std::vector<std::uint8_t>& mask) {
      const auto row = mask.begin() + 5 * kHeadDim;
      const auto channel = std::find(row, row + kHeadDim, 1) - mask.begin();
      rows[static_cast<std::size_t>(channel)] ^= kSignBit;
    });
  }));
}

TEST_P(Mutation, a_stale_tile_of_16_tokens_fails) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (int tile = 1; tile < lane_chunk::kTiles; ++tile) {
      EXPECT_TRUE(caught(
          operand,
          [&](Chunks& chunks) {
            chunks.edit(
                0, 3, [&](std::vector<std::uint16_t>& rows, std::vector<std::uint8_t>& mask) {
                  constexpr int elements = lane_chunk::kTileTokens * kHeadDim;
                  const auto offset = static_cast<std::ptrdiff_t>(tile * elements);
                  std::copy_n(rows.begin() + offset - elements, elements, rows.begin() + offset);
                  std::copy_n(mask.begin() + offset - elements, elements, mask.begin() + offset);
                });
          }))
          << "tile " << tile;
    }
  }
}

TEST_P(Mutation, a_stale_chunk_fails) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (int chunk = 1; chunk < 4; ++chunk) {
      EXPECT_TRUE(caught(
          operand, [&](Chunks& chunks) { chunks.write(1, chunk, chunks.read(1, chunk - 1)); }))
          << "chunk " << chunk;
    }
  }
}

TEST_P(Mutation, two_chunks_of_one_operand_that_change_places_fail) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    EXPECT_TRUE(caught(operand, [](Chunks& chunks) {
      const Bytes first = chunks.read(0, 0);
      chunks.write(0, 0, chunks.read(0, 3));
      chunks.write(0, 3, first);
    }));
  }
}

TEST_P(Mutation, two_kv_heads_that_change_places_fail) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    EXPECT_TRUE(caught(operand, [](Chunks& chunks) {
      for (int chunk = 0; chunk < 4; ++chunk) {
        const Bytes first = chunks.read(0, chunk);
        chunks.write(0, chunk, chunks.read(1, chunk));
        chunks.write(1, chunk, first);
      }
    }));
  }
}

TEST_P(Mutation, two_rows_of_the_window_that_change_places_fail) {
  const auto result = run([](Device& device, DecodeProblem& problem) {
    auto* const values = static_cast<std::uint16_t*>(const_cast<void*>(problem.window_values));
    constexpr int newest = 4 * kTokens + 39;
    std::vector<std::uint16_t> rows(2 * kHeadDim);
    auto* const first = values + newest % problem.window_capacity * kHeadDim;
    auto* const second = values + (newest - 20) % problem.window_capacity * kHeadDim;
    device.copy_to_host(rows.data(), first, kHeadDim * 2);
    device.copy_to_host(rows.data() + kHeadDim, second, kHeadDim * 2);
    device.copy_to_device(second, rows.data(), kHeadDim * 2);
    device.copy_to_device(first, rows.data() + kHeadDim, kHeadDim * 2);
  });
  EXPECT_TRUE(test::kernel_failed(result, "decode"));
}

// A wrong bit shifts every later element of the lane's stream by one place, within the lane's tile
// and the tiles behind it.
TEST_P(Mutation, one_wrong_bit_of_a_bitmap_fails) {
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    for (const std::size_t byte : {0, 3, 77, 200}) {
      const std::size_t at = lane_chunk::kHeaderBytes + byte;
      const auto result = run([&](Device& device, DecodeProblem& problem) {
        Chunks chunks(device, problem, operand);
        Bytes bytes = chunks.read(0, 2);
        bytes[at] ^= std::byte{0x10};
        chunks.write(0, 2, bytes);
      });
      EXPECT_TRUE(
          test::kernel_failed(result, operand == Operand::kKeys ? "pack_keys" : "pack_values"));
      EXPECT_TRUE(test::kernel_failed(result, "decode")) << "byte " << at;
    }
  }
}

TEST_P(Mutation, a_length_that_is_one_token_short_fails) {
  const auto result = run([](Device& device, DecodeProblem& problem) {
    auto* const lengths = const_cast<std::int32_t*>(problem.kv_lengths);
    const std::int32_t shorter = 4 * kTokens + 39;
    device.copy_to_device(lengths, &shorter, sizeof shorter);
  });
  EXPECT_TRUE(test::kernel_failed(result, "decode"));
  EXPECT_TRUE(test::kernel_failed(result, "decode_lse"));
}

TEST_P(Mutation, a_softmax_scale_that_is_a_percent_off_fails) {
  const auto result = run([](Device&, DecodeProblem& problem) { problem.softmax_scale *= 1.01f; });
  EXPECT_TRUE(test::kernel_failed(result, "decode"));
  EXPECT_TRUE(test::kernel_failed(result, "decode_lse"));
}

// With its counter never at the last block's number, a shared row is never merged.
TEST_P(Mutation, a_merge_that_never_happens_fails) {
  const auto result = run([&](Device& device, DecodeProblem& problem) {
    const auto plan = make_plan(problem, device.info(), one_.blocks);
    const attention::PartialLayout layout(problem, plan);
    const std::vector<std::uint32_t> counters(static_cast<std::size_t>(layout.counter_count), 1000);
    device.copy_to_device(layout.counters(problem.workspace), counters.data(),
                          counters.size() * sizeof(std::uint32_t));
  });
  EXPECT_TRUE(test::kernel_failed(result, "decode"));
  EXPECT_TRUE(test::kernel_failed(result, "decode_lse"));
}

TEST_P(Mutation, memory_that_is_too_short_is_reported_as_a_hazard) {
  if (!simulated()) GTEST_SKIP() << "out-of-bounds reads are found by the simulator";
  DeviceBuffer<std::uint16_t> short_queries(device(), 8 * kHeadDim - 8, "short queries");
  short_queries.fill(std::byte{0});
  const auto result =
      run([&](Device&, DecodeProblem& problem) { problem.queries = short_queries.data(); });
  EXPECT_TRUE(test::kernel_failed(result, "hazards"));
  EXPECT_EQ(result.status(), validate::Status::kFailed);
}

}  // namespace
}  // namespace kvroof
