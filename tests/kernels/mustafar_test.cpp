// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/launch.hpp"

#include "tests/support/method_tests.hpp"

// Mustafar's pipeline against the reference, through profiler/validate.
namespace kvroof::mustafar {
namespace {

using inputs::KvTensors;
using validate::Case;

class MustafarDecode : public test::MethodTest {
 protected:
  MustafarDecode() : MethodTest("mustafar") {}
};
KVROOF_ON_EVERY_BACKEND(MustafarDecode);

TEST_P(MustafarDecode, is_right_at_every_length_around_a_tile_and_a_block) {
  expect_right_at_lengths({1, 31, 33, 64, 95, 96, 97, 127, 128, 160, 287, 288, 289, 352, 600});
}

TEST_P(MustafarDecode, serves_every_head_dim) {
  for (const int head_dim : {64, 128, 256}) {
    Case one = case_of(300);
    one.head_dim = head_dim;
    one.kept_keys = one.kept_values = head_dim / 4;
    EXPECT_TRUE(right(one));
  }
}

TEST_P(MustafarDecode, serves_tiles_that_are_full_nearly_empty_and_anything_between) {
  for (const int kept : {1, 2, 40, 127, 128}) {
    Case one = case_of(200);
    one.kept_keys = kept;
    one.kept_values = 129 - kept;
    EXPECT_TRUE(right(one));
  }
}

TEST_P(MustafarDecode, serves_tiles_of_which_half_are_full_and_half_are_empty) {
  EXPECT_TRUE(right(case_of(300), [](KvTensors& t) {
    for (std::size_t i = 0; i < t.keys.size(); ++i) {
      const float scale = i % 128 < 64 ? 1.0f : 0x1p-14f;  // the second 64 channels go
      t.keys[i] = test::round_to(t, (t.keys[i] + std::copysign(1.0f, t.keys[i])) * scale);
      t.values[i] = test::round_to(t, (t.values[i] + std::copysign(1.0f, t.values[i])) * scale);
    }
  }));
}

TEST_P(MustafarDecode, serves_any_group_of_query_heads) {
  for (const int group : {1, 3, 4, 7, 8, 11, 16}) {
    Case one = case_of(200);
    one.query_heads = 2 * group;
    EXPECT_TRUE(right(one));
  }
}

TEST_P(MustafarDecode, serves_ragged_batches_with_empty_sequences) {
  expect_ragged_batches_with_empty_sequences({0});
}

TEST_P(MustafarDecode, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  expect_windows_from_none_to_more_than_the_cache();
}

TEST_P(MustafarDecode, notices_tiles_of_another_operand) {
  EXPECT_TRUE(fails(case_of(300), "mustafar",
                    {.before_mustafar = [](Device&, Problem& p) { std::swap(p.keys, p.values); }}));
}

TEST_P(MustafarDecode, keeps_large_scores_that_16_bits_could_not_hold) {
  EXPECT_TRUE(right(case_of(300), [](KvTensors& t) {
    for (float& query : t.queries) query = test::round_to(t, query * 200.0f);
    for (float& key : t.keys) key = test::round_to(t, key * 200.0f);
  }));
}

TEST_P(MustafarDecode, keeps_what_is_not_finite_where_the_reference_has_it) {
  expect_what_is_not_finite_where_the_reference_has_it({0, 200, 299});
}

TEST_P(MustafarDecode, writes_no_log_sum_exps_when_nobody_wants_them) {
  Case one = case_of(200);
  const KvTensors tensors = load_inputs(one);
  const auto wanted = run_on_device(one, tensors, device());
  const auto unwanted =
      run_on_device(one, tensors, device(),
                    {.before_mustafar = [](Device&, Problem& p) { p.log_sum_exps = nullptr; }});
  EXPECT_EQ(wanted.outputs, unwanted.outputs);
  for (const float untouched : unwanted.log_sum_exps) EXPECT_TRUE(std::isnan(untouched));
}

TEST_P(MustafarDecode, refuses_what_it_cannot_serve_with_a_sentence) {
  struct Invalid {
    const char* sentence;
    std::function<void(Problem&)> spoil;
  };
  const Invalid list[] = {
      {"batch must be 1 to 65535, got 0", [](Problem& p) { p.batch = 0; }},
      {"query_heads (8) must be a positive multiple of kv_heads (3)",
       [](Problem& p) { p.kv_heads = 3; }},
      {"head_dim must be 64, 128 or 256, got 96", [](Problem& p) { p.head_dim = 96; }},
      {"max_kv_len must not be negative, got -1", [](Problem& p) { p.max_kv_len = -1; }},
      {"window must not be negative, got -2", [](Problem& p) { p.window = -2; }},
      {"at least window + 63 = 95 rows, got 94", [](Problem& p) { p.window_capacity = 94; }},
      {"need room for 512 tiles, got 511", [](Problem& p) { p.tile_capacity = 511; }},
      {"softmax_scale must be a finite number",
       [](Problem& p) { p.softmax_scale = std::numeric_limits<float>::infinity(); }},
      {"key tiles must not be null", [](Problem& p) { p.keys.bitmaps = nullptr; }},
      {"value tiles must not be null", [](Problem& p) { p.values.head_offsets = nullptr; }},
      {"value tiles must be aligned to 16 bytes", [](Problem& p) { ++p.values.values; }},
      {"queries must not be null", [](Problem& p) { p.queries = nullptr; }},
      {"workspace must not be null", [](Problem& p) { p.workspace = nullptr; }}};
  for (const Invalid& invalid : list)
    expect_refused(invalid.sentence,
                   {.before_mustafar = [&](Device&, Problem& p) { invalid.spoil(p); }});
}

}  // namespace
}  // namespace kvroof::mustafar
