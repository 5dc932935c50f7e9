// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/cublas/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "kernels/simt/simulator.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// Batched products of cuBLAS against the reference, through profiler/validate.
namespace kvroof::cublas {
namespace {

using inputs::KvTensors;
using test::passed;
using validate::Case;

Case small_case(int kv_len) {
  Case one = test::small_case(kv_len);
  one.method = "cublas";
  return validate::method_named("cublas").heeded(one);
}

class CublasDecode : public test::OnEveryBackend {
 protected:
  void SetUp() override {
    const std::string reason = why_unavailable(Backend::kCuda);
    if (!reason.empty()) GTEST_SKIP() << reason;
    OnEveryBackend::SetUp();
  }
  validate::CaseResult run(const Case& one, const std::function<void(KvTensors&)>& change = {}) {
    Case loaded = one;
    KvTensors tensors = load_inputs(loaded);
    if (change) change(tensors);
    return validate::validate(loaded, tensors, device());
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, CublasDecode, ::testing::Values(Backend::kCuda),
                         test::backend_name);

TEST_P(CublasDecode, is_right_for_every_length_type_group_and_head_dim) {
  for (const int length : {1, 2, 3, 7, 8, 127, 128, 129, 1000, 4097, 5000}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = small_case(length);
      one.value_type = type;
      one.batch = length % 2 + 1;
      EXPECT_TRUE(passed(run(one)));
    }
  }
  for (const int group : {1, 3, 8, 16, 32}) {
    for (const int head_dim : {64, 128, 256}) {
      Case one = small_case(300);
      one.query_heads = 2 * group;
      one.head_dim = one.kept_keys = one.kept_values = head_dim;
      EXPECT_TRUE(passed(run(one)));
    }
  }
}

TEST_P(CublasDecode, keeps_large_scores_and_the_small_weights_beside_them) {
  for (const float scale : {0.0f, 30.0f, 200.0f}) {
    EXPECT_TRUE(passed(run(small_case(3000), [&](KvTensors& t) {
      for (float& query : t.queries) query = test::round_to(t, query * scale);
    })));
  }
}

TEST_P(CublasDecode, keeps_nan_in_the_outputs_of_its_kv_head) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int token : {0, 299}) {
    EXPECT_TRUE(passed(run(small_case(300), [&](KvTensors& t) {
      test::element(t, t.values, 0, 1, token, 77) = nan;
    })));
    EXPECT_TRUE(passed(run(small_case(300),
                           [&](KvTensors& t) { test::element(t, t.keys, 0, 0, token, 5) = nan; })));
  }
}

TEST_P(CublasDecode, notices_forgotten_tokens_and_swapped_operands) {
  const std::function<void(Problem&)> mistakes[] = {
      [](Problem& p) { p.kv_len -= 50; }, [](Problem& p) { std::swap(p.keys, p.values); }};
  for (const auto& mistake : mistakes) {
    Case one = small_case(300);
    const validate::DeviceRunHooks hooks{.before_cublas = [&](Device&, Problem& p) { mistake(p); }};
    const auto result = validate::validate(one, load_inputs(one), device(), hooks);
    EXPECT_TRUE(test::kernel_failed(result, "cublas"));
  }
}

Problem valid_problem() {
  alignas(256) static std::byte memory[256];
  return {.batch = 1,
          .query_heads = 8,
          .kv_heads = 2,
          .head_dim = 128,
          .softmax_scale = 1.0f,
          .queries = memory,
          .kv_len = 5,
          .keys = memory,
          .values = memory,
          .capacity = 5,
          .outputs = memory,
          .workspace = memory};
}

TEST(Cublas, refuses_what_it_cannot_serve_with_a_sentence) {
  struct Invalid {
    const char* sentence;
    std::function<void(Problem&)> spoil;
  };
  const Invalid list[] = {
      {"batch must be positive, got 0", [](Problem& p) { p.batch = 0; }},
      {"query_heads (8) must be a positive multiple of kv_heads (3)",
       [](Problem& p) { p.kv_heads = 3; }},
      {"at most 2147483647, got 2147483647 x 8", [](Problem& p) { p.batch = 2147483647; }},
      {"head_dim must be 64, 128 or 256, got 96", [](Problem& p) { p.head_dim = 96; }},
      {"kv_len must be positive, got 0", [](Problem& p) { p.kv_len = 0; }},
      {"5 tokens need as many rows of capacity, got 4", [](Problem& p) { p.capacity = 4; }},
      {"softmax_scale must be a finite number",
       [](Problem& p) { p.softmax_scale = std::numeric_limits<float>::infinity(); }},
      {"keys must not be null", [](Problem& p) { p.keys = nullptr; }},
      {"workspace must be aligned to 256 bytes",
       [](Problem& p) { p.workspace = static_cast<std::byte*>(p.workspace) + 16; }}};
  EXPECT_NO_THROW(validate(valid_problem()));
  for (const Invalid& invalid : list) {
    Problem problem = valid_problem();
    invalid.spoil(problem);
    try {
      validate(problem);
      ADD_FAILURE() << "accepted: " << invalid.sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(invalid.sentence));
    }
  }
}

TEST(Cublas, says_that_it_runs_on_cuda_only_and_that_lengths_must_be_equal) {
  simt::Simulator simulator;
  const Case one = small_case(10);
  const auto result = validate::validate(one, simulator);
  ASSERT_EQ(result.kernels.size(), 1u);
  EXPECT_EQ(result.kernels[0].status, validate::Status::kSkipped);
  EXPECT_EQ(result.kernels[0].reason, "cuBLAS runs on CUDA only");
  EXPECT_THROW(launch(valid_problem(), simulator), std::runtime_error);

  Case ragged = one;
  ragged.batch = 2;
  ragged.kv_lengths = {10, 9};
  try {
    validate::method_named("cublas").resources(ragged, h200_device_info());
    ADD_FAILURE() << "accepted sequences of different lengths";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("one length, got sequences of 9 and 10 tokens"));
  }
}

}  // namespace
}  // namespace kvroof::cublas
