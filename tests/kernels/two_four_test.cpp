// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/two_four/launch.hpp"

#include "tests/support/method_tests.hpp"

// The 2:4 decode against the reference, through profiler/validate.
namespace kvroof::two_four {
namespace {

using attention::DecodeProblem;
using inputs::KvTensors;
using validate::Case;

class TwoFourDecode : public test::MethodTest {
 protected:
  TwoFourDecode() : MethodTest("two_four") {}
};
KVROOF_ON_EVERY_BACKEND(TwoFourDecode);

TEST_P(TwoFourDecode, is_right_at_every_length_around_a_tile_and_a_chunk) {
  expect_right_at_lengths({1, 15, 17, 32, 33, 64, 95, 96, 97, 127, 128, 129, 160, 700});
}

TEST_P(TwoFourDecode, serves_every_group_size) {
  for (const int group : {1, 2, 3, 5, 6, 7, 8}) {
    Case one = case_of(200);
    one.kv_heads = 3;
    one.query_heads = 3 * group;
    EXPECT_TRUE(right(one));
  }
}

TEST_P(TwoFourDecode, serves_every_head_dim_with_one_and_two_tiles_of_query_heads) {
  for (const int head_dim : {64, 128, 256}) {
    for (const int group : {6, 9, 16}) {
      Case one = case_of(200);
      one.value_type = group == 9 ? ValueType::kBF16 : ValueType::kF16;
      one.head_dim = head_dim;
      one.kept_keys = one.kept_values = head_dim / 2;
      one.kv_heads = 1;
      one.query_heads = group;
      EXPECT_TRUE(right(one));
    }
  }
}

TEST_P(TwoFourDecode, serves_ragged_batches_with_empty_sequences) {
  expect_ragged_batches_with_empty_sequences({0, 1, 3});
}

TEST_P(TwoFourDecode, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  expect_windows_from_none_to_more_than_the_cache();
}

TEST_P(TwoFourDecode, is_right_with_any_number_of_blocks_and_the_same_twice) {
  for (const int blocks : {1, 2, 5, 16}) {
    Case one = case_of(1000);
    one.blocks = blocks;
    EXPECT_TRUE(right(one));
    const KvTensors tensors = load_inputs(one);
    const auto first = run_on_device(one, tensors, device());
    const auto second = run_on_device(one, tensors, device());
    EXPECT_EQ(first.outputs, second.outputs);
    EXPECT_EQ(first.log_sum_exps, second.log_sum_exps);
  }
}

TEST_P(TwoFourDecode, keeps_what_is_not_finite_where_the_reference_has_it) {
  expect_what_is_not_finite_where_the_reference_has_it({0, 63, 200, 299});
}

TEST_P(TwoFourDecode, notices_chunks_of_another_operand) {
  EXPECT_TRUE(fails(case_of(300), "decode_2_4", {.before_decode = [](Device&, DecodeProblem& p) {
                      std::swap(p.keys.chunks, p.values.chunks);
                    }}));
}

TEST_P(TwoFourDecode, performs_half_the_products_of_a_dense_decode) {
  if (!simulated()) GTEST_SKIP() << "only the simulator counts";
  Case one = case_of(64 * 8);
  one.window = 0;
  one.blocks = 1;
  EXPECT_TRUE(right(one));
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
  for (const Invalid& invalid : list)
    expect_refused(invalid.sentence,
                   {.before_decode = [&](Device&, DecodeProblem& p) { invalid.spoil(p); }});
  expect_refused("use make_plan()", {.before_decode = [](Device& d, DecodeProblem& p) {
                   two_four::launch(p, {}, d);
                 }});
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
            "5 blocks x 8 warps, 148480 B shared");
}

}  // namespace
}  // namespace kvroof::two_four
