// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/two_four/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "kernels/format/two_four.hpp"
#include "tests/support/baseline.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The 2:4 decode against the reference on the same masks.
namespace kvroof::two_four {
namespace {

using test::PrunedCase;
using test::small_case;
using validate::Case;

/// Keys keep two of four channels of a token, values two of four tokens of a channel.
reference::Mask prune(Operand operand, const reference::Matrix& rows) {
  return operand == Operand::kKeys ? reference::prune_n_of_m(rows, 2, 4)
                                   : reference::prune_values_per_channel_magnitude(rows, 2, 4);
}

struct Result {
  std::vector<std::uint16_t> outputs;
  std::vector<float> log_sum_exps;
  bool operator==(const Result&) const = default;
};

using Tamper = std::function<void(attention::DecodeProblem&, attention::DecodePlan&)>;

DeviceBuffer<std::byte> upload_chunks(const PrunedCase& pruned, Operand operand, Device& device) {
  const Case& one = pruned.one();
  const auto bytes = static_cast<std::size_t>(chunk_bytes(one.head_dim));
  const auto capacity = static_cast<std::size_t>(pruned.chunk_capacity());
  DeviceBuffer<std::byte> chunks(
      device, static_cast<std::size_t>(one.batch * one.kv_heads) * capacity * bytes, "chunks");
  std::vector<std::byte> encoded(bytes);
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int head = 0; head < one.kv_heads; ++head) {
      for (int index = 0; index < pruned.compressed(sequence) / kTokens; ++index) {
        const auto chunk = pruned.chunk(operand, sequence, head, index);
        encode(operand, one.head_dim, chunk.rows, chunk.mask, encoded);
        const auto row = static_cast<std::size_t>(sequence * one.kv_heads + head);
        device.copy_to_device(
            chunks.data() + (row * capacity + static_cast<std::size_t>(index)) * bytes,
            encoded.data(), bytes);
      }
    }
  }
  return chunks;
}

Result run(const PrunedCase& pruned, Device& device, const Tamper& tamper = {}) {
  const Case& one = pruned.one();
  std::vector<std::int32_t> lengths;
  for (int sequence = 0; sequence < one.batch; ++sequence)
    lengths.push_back(one.kv_length(sequence));
  DeviceBuffer<std::int32_t> kv_lengths(device, lengths.size(), "kv_lengths");
  kv_lengths.upload(lengths);
  const std::vector<std::uint16_t> query_bits = pruned.query_bits();
  DeviceBuffer<std::uint16_t> queries(device, query_bits.size(), "queries");
  queries.upload(query_bits);
  const auto keys = upload_chunks(pruned, Operand::kKeys, device);
  const auto values = upload_chunks(pruned, Operand::kValues, device);
  const auto ring =
      static_cast<std::size_t>(one.batch * one.kv_heads * pruned.window_capacity() * one.head_dim);
  DeviceBuffer<std::uint16_t> window_keys(device, ring, "window keys");
  DeviceBuffer<std::uint16_t> window_values(device, ring, "window values");
  pruned.fill_ring(Operand::kKeys, device, window_keys);
  pruned.fill_ring(Operand::kValues, device, window_values);
  DeviceBuffer<std::uint16_t> outputs(device, query_bits.size(), "outputs");
  DeviceBuffer<float> log_sum_exps(device, static_cast<std::size_t>(one.batch * one.query_heads),
                                   "log_sum_exps");
  outputs.fill(std::byte{0xff});
  log_sum_exps.fill(std::byte{0xff});

  attention::DecodeProblem problem{.batch = one.batch,
                                   .query_heads = one.query_heads,
                                   .kv_heads = one.kv_heads,
                                   .head_dim = one.head_dim,
                                   .value_type = one.value_type,
                                   .softmax_scale = pruned.scale(),
                                   .queries = queries.data(),
                                   .kv_lengths = kv_lengths.data(),
                                   .max_kv_len = one.max_kv_len(),
                                   .keys = {keys.data(), one.head_dim / 2},
                                   .values = {values.data(), one.head_dim / 2},
                                   .chunk_capacity = pruned.chunk_capacity(),
                                   .window_keys = window_keys.data(),
                                   .window_values = window_values.data(),
                                   .window = one.window,
                                   .window_capacity = pruned.window_capacity(),
                                   .outputs = outputs.data(),
                                   .log_sum_exps = log_sum_exps.data()};
  attention::DecodePlan plan = two_four::make_plan(problem, device.info(), one.blocks);
  DeviceBuffer<std::byte> workspace(
      device, static_cast<std::size_t>(attention::workspace_bytes(problem, plan)), "workspace");
  workspace.fill(std::byte{0});
  problem.workspace = workspace.data();
  if (tamper) tamper(problem, plan);
  two_four::launch(problem, plan, device);
  device.synchronize();
  Result result{std::vector<std::uint16_t>(outputs.size()),
                std::vector<float>(log_sum_exps.size())};
  outputs.download(result.outputs);
  log_sum_exps.download(result.log_sum_exps);
  return result;
}

class TwoFourDecode : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult is_right(Case one,
                                      const std::function<void(inputs::KvTensors&)>& change = {}) {
    inputs::KvTensors tensors = load_inputs(one);
    if (change) change(tensors);
    const PrunedCase pruned(one, std::move(tensors), prune);
    const Result result = run(pruned, device());
    return pruned.agrees(result.outputs, result.log_sum_exps);
  }
};
KVROOF_ON_EVERY_BACKEND(TwoFourDecode);

TEST_P(TwoFourDecode, is_right_at_every_length_around_a_tile_and_a_chunk) {
  for (const int length : {1, 15, 17, 32, 33, 64, 95, 96, 97, 127, 128, 129, 160, 700}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = small_case(length);
      one.value_type = type;
      EXPECT_TRUE(is_right(one));
    }
  }
}

TEST_P(TwoFourDecode, serves_every_group_size) {
  for (const int group : {1, 2, 3, 5, 6, 7, 8}) {
    Case one = small_case(200);
    one.kv_heads = 3;
    one.query_heads = 3 * group;
    EXPECT_TRUE(is_right(one));
  }
}

TEST_P(TwoFourDecode, serves_ragged_batches_with_empty_sequences) {
  for (const std::vector<int>& lengths : std::vector<std::vector<int>>{
           {0, 95, 96, 400}, {0, 0, 1}, {300, 0, 0, 300}, {15, 16, 17, 63, 64, 65, 95, 96, 97}}) {
    for (const int blocks : {0, 1, 3}) {
      Case one = small_case(0);
      one.batch = static_cast<int>(lengths.size());
      one.kv_lengths = lengths;
      one.blocks = blocks;
      EXPECT_TRUE(is_right(one));
    }
  }
}

TEST_P(TwoFourDecode, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  for (const int window : {0, 1, 17, 64, 299, 300, 301, 5000}) {
    Case one = small_case(300);
    one.window = window;
    EXPECT_TRUE(is_right(one));
  }
}

TEST_P(TwoFourDecode, is_right_with_any_number_of_blocks_and_the_same_twice) {
  for (const int blocks : {1, 2, 5, 16}) {
    Case one = small_case(1000);
    one.blocks = blocks;
    inputs::KvTensors tensors = load_inputs(one);
    const PrunedCase pruned(one, std::move(tensors), prune);
    const Result first = run(pruned, device());
    EXPECT_TRUE(pruned.agrees(first.outputs, first.log_sum_exps));
    EXPECT_EQ(first, run(pruned, device()));
  }
}

TEST_P(TwoFourDecode, notices_values_that_change_places) {
  Case one = small_case(300);
  inputs::KvTensors tensors = load_inputs(one);
  const PrunedCase pruned(one, tensors, prune);
  std::swap_ranges(tensors.values.begin(), tensors.values.begin() + 64 * 128,
                   tensors.values.begin() + 64 * 128);
  const PrunedCase other(one, std::move(tensors), prune);
  const Result result = run(other, device());
  EXPECT_FALSE(pruned.agrees(result.outputs, result.log_sum_exps));
  EXPECT_TRUE(other.agrees(result.outputs, result.log_sum_exps));
}

TEST_P(TwoFourDecode, keeps_what_is_not_finite_where_the_reference_has_it) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int token : {0, 63, 64, 200, 299}) {
    for (const float special : {infinity, -infinity, nan}) {
      EXPECT_TRUE(is_right(small_case(300), [&](inputs::KvTensors& t) {
        test::element(t, t.values, 0, 1, token, 77) = special;
      }));
      EXPECT_TRUE(is_right(small_case(300), [&](inputs::KvTensors& t) {
        test::element(t, t.keys, 0, 0, token, 5) = special;
      }));
    }
  }
}

TEST_P(TwoFourDecode, performs_half_the_products_of_a_dense_decode) {
  if (!simulated()) GTEST_SKIP() << "only the simulator counts";
  Case one = small_case(64 * 8);
  one.window = 0;
  one.blocks = 1;
  EXPECT_TRUE(is_right(one));
  const simt::Counters& counters = simt::as_simulator(device()).launches().back().counters;
  // Two kv heads x 8 chunks x 16 instructions for keys and as many for values.
  EXPECT_EQ(counters.mma, 2 * 8 * 32);
  EXPECT_EQ(counters.mma_flops, counters.mma * 2 * 16 * 8 * 16);
}

struct Invalid {
  const char* sentence;
  Tamper spoil;
};

TEST_P(TwoFourDecode, refuses_what_it_cannot_serve_with_a_sentence) {
  using P = attention::DecodeProblem;
  using Plan = attention::DecodePlan;
  const Invalid list[] = {
      {"head_dim must be 128, got 64", [](P& p, Plan&) { p.head_dim = 64; }},
      {"keep half of head_dim (64), got 63 and 64", [](P& p, Plan&) { p.keys.kept = 63; }},
      {"keep half of head_dim (64), got 64 and 40", [](P& p, Plan&) { p.values.kept = 40; }},
      {"key chunks must not be null", [](P& p, Plan&) { p.keys.chunks = nullptr; }},
      {"batch must be positive, got 0", [](P& p, Plan&) { p.batch = 0; }},
      {"use make_plan()", [](P&, Plan& plan) { plan = {}; }}};
  Case one = small_case(300);
  const PrunedCase pruned(one, load_inputs(one), prune);
  for (const Invalid& invalid : list) {
    try {
      run(pruned, device(), invalid.spoil);
      ADD_FAILURE() << "accepted: " << invalid.sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(invalid.sentence));
    }
  }
}

}  // namespace
}  // namespace kvroof::two_four
