// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/two_four/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The 2:4 decode against the reference, through profiler/validate.
namespace kvroof::two_four {
namespace {

using attention::DecodeProblem;
using inputs::KvTensors;
using test::passed;
using validate::Case;

Case small_case(int kv_len) {
  Case one = test::small_case(kv_len);
  one.method = "two_four";
  return one;
}

class TwoFourDecode : public test::OnEveryBackend {
 protected:
  validate::CaseResult run(const Case& one, const std::function<void(KvTensors&)>& change = {}) {
    Case loaded = one;
    KvTensors tensors = load_inputs(loaded);
    if (change) change(tensors);
    return validate::validate(loaded, tensors, device());
  }
};
KVROOF_ON_EVERY_BACKEND(TwoFourDecode);

TEST_P(TwoFourDecode, is_right_at_every_length_around_a_tile_and_a_chunk) {
  for (const int length : {1, 15, 17, 32, 33, 64, 95, 96, 97, 127, 128, 129, 160, 700}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = small_case(length);
      one.value_type = type;
      EXPECT_TRUE(passed(run(one)));
    }
  }
}

TEST_P(TwoFourDecode, serves_every_group_size) {
  for (const int group : {1, 2, 3, 5, 6, 7, 8}) {
    Case one = small_case(200);
    one.kv_heads = 3;
    one.query_heads = 3 * group;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(TwoFourDecode, serves_every_head_dim_with_one_and_two_tiles_of_query_heads) {
  for (const int head_dim : {64, 128, 256}) {
    for (const int group : {6, 9, 16}) {
      Case one = small_case(200);
      one.value_type = group == 9 ? ValueType::kBF16 : ValueType::kF16;
      one.head_dim = head_dim;
      one.kept_keys = one.kept_values = head_dim / 2;
      one.kv_heads = 1;
      one.query_heads = group;
      EXPECT_TRUE(passed(run(one)));
    }
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
      EXPECT_TRUE(passed(run(one)));
    }
  }
}

TEST_P(TwoFourDecode, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  for (const int window : {0, 1, 17, 64, 299, 300, 301, 5000}) {
    Case one = small_case(300);
    one.window = window;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(TwoFourDecode, is_right_with_any_number_of_blocks_and_the_same_twice) {
  for (const int blocks : {1, 2, 5, 16}) {
    Case one = small_case(1000);
    one.blocks = blocks;
    EXPECT_TRUE(passed(run(one)));
    const KvTensors tensors = load_inputs(one);
    const auto first = run_on_device(one, tensors, device());
    const auto second = run_on_device(one, tensors, device());
    EXPECT_EQ(first.outputs, second.outputs);
    EXPECT_EQ(first.log_sum_exps, second.log_sum_exps);
  }
}

TEST_P(TwoFourDecode, keeps_what_is_not_finite_where_the_reference_has_it) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int token : {0, 63, 200, 299}) {
    for (const float special : {infinity, -infinity, nan}) {
      EXPECT_TRUE(passed(run(small_case(300), [&](KvTensors& t) {
        test::element(t, t.values, 0, 1, token, 77) = special;
      })));
      EXPECT_TRUE(passed(run(small_case(300), [&](KvTensors& t) {
        test::element(t, t.keys, 0, 0, token, 5) = special;
      })));
    }
  }
}

TEST_P(TwoFourDecode, notices_chunks_of_another_operand) {
  Case one = small_case(300);
  const validate::DeviceRunHooks swapped{[](Device&, DecodeProblem& problem) {
    std::swap(problem.keys.chunks, problem.values.chunks);
  }};
  const auto result = validate::validate(one, load_inputs(one), device(), swapped);
  EXPECT_TRUE(test::kernel_failed(result, "decode_2_4"));
}

TEST_P(TwoFourDecode, performs_half_the_products_of_a_dense_decode) {
  if (!simulated()) GTEST_SKIP() << "only the simulator counts";
  Case one = small_case(64 * 8);
  one.window = 0;
  one.blocks = 1;
  EXPECT_TRUE(passed(run(one)));
  const simt::Counters& counters = simt::as_simulator(device()).launches().back().counters;
  // Two kv heads x 8 chunks x 16 instructions for keys and as many for values.
  EXPECT_EQ(counters.mma, 2 * 8 * 32);
  EXPECT_EQ(counters.mma_flops, counters.mma * 2 * 16 * 8 * 16);
}

TEST_P(TwoFourDecode, refuses_what_it_cannot_serve_with_a_sentence) {
  struct Invalid {
    const char* sentence;
    std::function<void(DecodeProblem&)> spoil;
  };
  using P = DecodeProblem;
  const Invalid list[] = {
      {"head_dim must be 64, 128 or 256 and the value type",
       [](P& p) {
         p.head_dim = 96;
         p.keys.kept = p.values.kept = 48;
       }},
      {"offsets must be null",
       [](P& p) { p.keys.offsets = reinterpret_cast<const std::uint32_t*>(p.kv_lengths); }},
      {"keep half of head_dim (64), got 63 and 64", [](P& p) { p.keys.kept = 63; }},
      {"keep half of head_dim (64), got 64 and 40", [](P& p) { p.values.kept = 40; }},
      {"key chunks must not be null", [](P& p) { p.keys.chunks = nullptr; }},
      {"batch must be positive, got 0", [](P& p) { p.batch = 0; }}};
  Case one = small_case(300);
  const KvTensors tensors = load_inputs(one);
  const auto refused = [&](const char* sentence, const validate::DeviceRunHooks& hooks) {
    try {
      run_on_device(one, tensors, device(), hooks);
      ADD_FAILURE() << "accepted: " << sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(sentence));
    }
  };
  for (const Invalid& invalid : list)
    refused(invalid.sentence, {[&](Device&, DecodeProblem& p) { invalid.spoil(p); }});
  refused("use make_plan()", {[&](Device& d, DecodeProblem& p) { two_four::launch(p, {}, d); }});
}

TEST(TwoFourPlan, takes_twelve_warps_where_each_has_much_to_do_and_eight_elsewhere) {
  DecodeProblem problem;
  problem.batch = problem.kv_heads = 8;
  problem.query_heads = 32;
  problem.head_dim = 128;
  problem.max_kv_len = 32768;
  problem.window = 32;
  EXPECT_EQ(two_four::make_plan(problem, h200_device_info()).warps, 12);
  problem.max_kv_len = 4096;
  EXPECT_EQ(two_four::make_plan(problem, h200_device_info()).warps, 8);
  EXPECT_EQ(two_four::describe(two_four::make_plan(problem, h200_device_info(), 5)),
            "5 blocks x 8 warps, 147584 B shared");
}

}  // namespace
}  // namespace kvroof::two_four
