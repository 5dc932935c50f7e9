// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The decode kernel against the reference, through profiler/validate: shapes.
namespace kvroof::attention {
namespace {

using test::passed;
using test::small_case;
using validate::Case;

class Attention : public test::OnEveryBackend {};
KVROOF_ON_EVERY_BACKEND(Attention);

TEST_P(Attention, passes_the_smoke_suite) {
  for (const Case& one : suite_cases(validate::Suite::kSmoke)) {
    if (!validate::method_named(one.method).why_not_on(device().backend()).empty()) continue;
    EXPECT_TRUE(passed(validate::validate(one, device())));
  }
}

TEST_P(Attention, is_right_at_every_length_around_a_tile_and_a_chunk) {
  for (const int length : {1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 160}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = small_case(length);
      one.value_type = type;
      EXPECT_TRUE(passed(validate::validate(one, device())));
    }
  }
}

TEST_P(Attention, serves_ragged_batches_with_empty_sequences) {
  const std::vector<std::vector<int>> batches = {{0, 95, 96, 400},
                                                 {0, 0, 1},
                                                 {1, 0, 0},
                                                 {300, 0, 0, 300},
                                                 {15, 16, 17, 63, 64, 65, 95, 96, 97}};
  for (const std::vector<int>& lengths : batches) {
    for (const int blocks : {0, 1, 3}) {
      Case one = small_case(0);
      one.batch = static_cast<int>(lengths.size());
      one.kv_lengths = lengths;
      one.blocks = blocks;
      EXPECT_TRUE(passed(validate::validate(one, device())));
    }
  }
}

TEST_P(Attention, serves_more_sequences_than_a_warp_has_lanes) {
  Case one = small_case(0);
  one.batch = 71;
  one.kv_heads = 1;
  one.query_heads = 2;
  one.kv_lengths.clear();
  for (int sequence = 0; sequence < one.batch; ++sequence)
    one.kv_lengths.push_back(sequence * 37 % 131);
  for (const int blocks : {0, 1, 5}) {
    one.blocks = blocks;
    EXPECT_TRUE(passed(validate::validate(one, device())));
  }
}

TEST_P(Attention, writes_output_0_and_log_sum_exp_minus_infinity_for_an_empty_sequence) {
  Case one = small_case(0);
  one.batch = 2;
  one.kv_lengths = {0, 70};
  const inputs::KvTensors tensors = load_inputs(one);
  const validate::DeviceResult result = run_on_device(one, tensors, device());
  const auto heads = static_cast<std::size_t>(one.query_heads);
  for (std::size_t i = 0; i < heads * 128; ++i) ASSERT_EQ(result.outputs[i] & kMagnitudeBits, 0);
  for (std::size_t head = 0; head < heads; ++head) {
    EXPECT_EQ(result.log_sum_exps[head], -std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isfinite(result.log_sum_exps[heads + head]));
  }
}

TEST_P(Attention, keeps_any_number_of_elements_per_row) {
  for (const auto& [keys, values] : std::vector<std::pair<int, int>>{
           {1, 1}, {128, 128}, {1, 128}, {128, 1}, {7, 65}, {63, 64}, {127, 40}}) {
    Case one = small_case(230);
    one.kept_keys = keys;
    one.kept_values = values;
    EXPECT_TRUE(passed(validate::validate(one, device())));
  }
}

TEST_P(Attention, serves_every_group_size) {
  for (const int group : {1, 2, 3, 5, 7, 8}) {
    for (const int kv_heads : {1, 3}) {
      Case one = small_case(200);
      one.kv_heads = kv_heads;
      one.query_heads = group * kv_heads;
      EXPECT_TRUE(passed(validate::validate(one, device())));
    }
  }
}

TEST_P(Attention, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  for (const int window : {0, 1, 15, 17, 63, 64, 100, 299, 300, 301, 5000}) {
    for (const int length : {64, 300}) {
      Case one = small_case(length);
      one.window = window;
      EXPECT_TRUE(passed(validate::validate(one, device())));
    }
  }
}

TEST_P(Attention, leaves_the_workspace_ready_for_the_next_launch) {
  Case one = small_case(610);
  const inputs::KvTensors tensors = load_inputs(one);
  // A first launch by hand before the one that is compared: its counters must be 0 again.
  const validate::DeviceRunHooks twice{[&](Device& target, DecodeProblem& problem) {
    launch(problem, make_plan(problem, target.info(), one.blocks), target);
  }};
  EXPECT_TRUE(passed(validate::validate(one, tensors, device(), twice)));
}

TEST_P(Attention, writes_no_log_sum_exps_when_nobody_wants_them) {
  Case one = small_case(300);
  const inputs::KvTensors tensors = load_inputs(one);
  const validate::DeviceResult wanted = run_on_device(one, tensors, device());
  const validate::DeviceResult unwanted =
      run_on_device(one, tensors, device(),
                    {[](Device&, DecodeProblem& problem) { problem.log_sum_exps = nullptr; }});
  EXPECT_EQ(wanted.outputs, unwanted.outputs);
  for (const float untouched : unwanted.log_sum_exps) EXPECT_TRUE(std::isnan(untouched));
}

TEST_P(Attention, scales_scores_by_the_given_factor) {
  Case one = small_case(200);
  const inputs::KvTensors tensors = load_inputs(one);
  const validate::DeviceRunHooks doubled{
      [](Device&, DecodeProblem& problem) { problem.softmax_scale *= 2.0f; }};
  EXPECT_TRUE(test::kernel_failed(validate::validate(one, tensors, device(), doubled), "decode"));
  inputs::KvTensors halved = tensors;
  for (float& query : halved.queries) query *= 0.5f;
  const validate::DeviceResult scaled = run_on_device(one, halved, device(), doubled);
  EXPECT_EQ(scaled.outputs, run_on_device(one, tensors, device()).outputs);
}

}  // namespace
}  // namespace kvroof::attention
