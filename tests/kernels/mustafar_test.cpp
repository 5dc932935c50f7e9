// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// Mustafar's pipeline against the reference, through profiler/validate.
namespace kvroof::mustafar {
namespace {

using inputs::KvTensors;
using test::passed;
using validate::Case;

Case small_case(int kv_len) {
  Case one = test::small_case(kv_len);
  one.method = "mustafar";
  return one;
}

class MustafarDecode : public test::OnEveryBackend {
 protected:
  validate::CaseResult run(const Case& one, const std::function<void(KvTensors&)>& change = {}) {
    Case loaded = one;
    KvTensors tensors = load_inputs(loaded);
    if (change) change(tensors);
    return validate::validate(loaded, tensors, device());
  }
};
KVROOF_ON_EVERY_BACKEND(MustafarDecode);

TEST_P(MustafarDecode, is_right_at_every_length_around_a_tile_and_a_block) {
  for (const int length : {1, 31, 33, 64, 95, 96, 97, 127, 128, 160, 287, 288, 289, 352, 600}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = small_case(length);
      one.value_type = type;
      EXPECT_TRUE(passed(run(one)));
    }
  }
}

TEST_P(MustafarDecode, serves_every_head_dim) {
  for (const int head_dim : {64, 128, 256}) {
    Case one = small_case(300);
    one.head_dim = head_dim;
    one.kept_keys = one.kept_values = head_dim / 4;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(MustafarDecode, serves_tiles_that_are_full_nearly_empty_and_anything_between) {
  for (const int kept : {1, 2, 40, 127, 128}) {
    Case one = small_case(200);
    one.kept_keys = kept;
    one.kept_values = 129 - kept;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(MustafarDecode, serves_tiles_of_which_half_are_full_and_half_are_empty) {
  EXPECT_TRUE(passed(run(small_case(300), [](KvTensors& t) {
    for (std::size_t i = 0; i < t.keys.size(); ++i) {
      const float scale = i % 128 < 64 ? 1.0f : 0x1p-14f;  // the second 64 channels go
      t.keys[i] = test::round_to(t, (t.keys[i] + std::copysign(1.0f, t.keys[i])) * scale);
      t.values[i] = test::round_to(t, (t.values[i] + std::copysign(1.0f, t.values[i])) * scale);
    }
  })));
}

TEST_P(MustafarDecode, serves_any_group_of_query_heads) {
  for (const int group : {1, 3, 4, 7, 8, 11, 16}) {
    Case one = small_case(200);
    one.query_heads = 2 * group;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(MustafarDecode, serves_ragged_batches_with_empty_sequences) {
  for (const std::vector<int>& lengths : std::vector<std::vector<int>>{
           {0, 95, 96, 400}, {0, 0, 1}, {300, 0, 0, 300}, {15, 16, 17, 63, 64, 65, 95, 96, 97}}) {
    Case one = small_case(0);
    one.batch = static_cast<int>(lengths.size());
    one.kv_lengths = lengths;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(MustafarDecode, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  for (const int window : {0, 1, 17, 64, 299, 300, 301, 5000}) {
    Case one = small_case(300);
    one.window = window;
    EXPECT_TRUE(passed(run(one)));
  }
}

TEST_P(MustafarDecode, notices_tiles_of_another_operand) {
  Case one = small_case(300);
  const validate::DeviceRunHooks swapped{
      .before_mustafar = [](Device&, Problem& p) { std::swap(p.keys, p.values); }};
  const auto result = validate::validate(one, load_inputs(one), device(), swapped);
  EXPECT_TRUE(test::kernel_failed(result, "mustafar"));
}

TEST_P(MustafarDecode, keeps_large_scores_that_16_bits_could_not_hold) {
  EXPECT_TRUE(passed(run(small_case(300), [](KvTensors& t) {
    for (float& query : t.queries) query = test::round_to(t, query * 200.0f);
    for (float& key : t.keys) key = test::round_to(t, key * 200.0f);
  })));
}

TEST_P(MustafarDecode, keeps_what_is_not_finite_where_the_reference_has_it) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int token : {0, 200, 299}) {
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

TEST_P(MustafarDecode, writes_no_log_sum_exps_when_nobody_wants_them) {
  Case one = small_case(200);
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
  Case one = small_case(300);
  const KvTensors tensors = load_inputs(one);
  for (const Invalid& invalid : list) {
    const validate::DeviceRunHooks hooks{
        .before_mustafar = [&](Device&, Problem& p) { invalid.spoil(p); }};
    try {
      run_on_device(one, tensors, device(), hooks);
      ADD_FAILURE() << "accepted: " << invalid.sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(invalid.sentence));
    }
  }
}

}  // namespace
}  // namespace kvroof::mustafar
