// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kernels/baselines/dense/launch.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The dense kernel against the reference: hostile numbers, hostile places, and what must be
// noticed.
namespace kvroof::dense {
namespace {

using inputs::KvTensors;
using test::element;
using validate::Case;
using validate::DeviceRunHooks;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// 12 query heads on 2 kv heads; 300 tokens, of which ThinK prunes 256.
Case case_of(const char* method) {
  Case one = test::small_case(300);
  one.method = method;
  one.query_heads = 12;
  one.kept_keys = one.kept_values = 40;
  return one;
}

class DenseNumbers : public test::OnEveryBackend {
 protected:
  validate::CaseResult run(Case one, const std::function<void(KvTensors&)>& change,
                           const DeviceRunHooks& hooks = {}) {
    KvTensors tensors = load_inputs(one);
    change(tensors);
    return validate::validate(one, tensors, device(), hooks);
  }
  /// Outputs [batch * query_heads][head_dim].
  std::vector<std::vector<float>> outputs(Case one, const std::function<void(KvTensors&)>& change) {
    KvTensors tensors = load_inputs(one);
    change(tensors);
    const validate::DeviceResult result = run_on_device(one, tensors, device());
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < result.outputs.size(); ++i) {
      if (i % static_cast<std::size_t>(one.head_dim) == 0) rows.emplace_back();
      rows.back().push_back(inputs::from_bits(tensors.dtype, result.outputs[i]));
    }
    return rows;
  }
};
KVROOF_ON_EVERY_BACKEND(DenseNumbers);

TEST_P(DenseNumbers, stay_finite_when_scores_overflow_the_exponential) {
  for (const char* method : {"dense", "think"}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = case_of(method);
      one.value_type = type;
      one.blocks = 3;
      EXPECT_TRUE(test::passed(run(one, [](KvTensors& tensors) {
        for (float& query : tensors.queries) query *= 256.0f;
      })));
    }
  }
}

TEST_P(DenseNumbers, NaN_in_a_key_reaches_all_outputs_of_its_kv_head_and_no_other) {
  for (const int token : {0, 17, 255, 299}) {
    Case one = case_of("dense");
    one.batch = 2;
    one.blocks = token % 2 == 0 ? 0 : 3;
    const auto rows =
        outputs(one, [&](KvTensors& t) { element(t, t.keys, 1, 0, token, 77) = kNaN; });
    for (std::size_t head = 0; head < rows.size(); ++head) {
      for (const float output : rows[head])
        ASSERT_EQ(std::isnan(output), head >= 12 && head < 18) << "head " << head;
    }
  }
}

TEST_P(DenseNumbers, NaN_value_reaches_its_channel_even_where_its_token_has_no_weight_left) {
  for (const int blocks : {0, 1, 3}) {
    Case one = case_of("dense");
    one.blocks = blocks;
    const auto rows = outputs(one, [&](KvTensors& t) {
      for (float& query : t.queries) query = 64.0f;
      for (int head = 0; head < 2; ++head) {
        for (int channel = 0; channel < 128; ++channel)
          element(t, t.keys, 0, head, 150, channel) = 8.0f;
      }
      element(t, t.values, 0, 1, 20, 77) = kNaN;
    });
    for (std::size_t head = 0; head < rows.size(); ++head) {
      for (std::size_t channel = 0; channel < 128; ++channel)
        ASSERT_EQ(std::isnan(rows[head][channel]), head >= 6 && channel == 77) << head;
    }
  }
}

TEST_P(DenseNumbers, scores_that_are_all_minus_infinity_give_output_0) {
  const auto rows = outputs(case_of("dense"), [](KvTensors& t) {
    for (float& query : t.queries) query = 1.0f;
    for (std::int64_t token = 0; token < t.kv_len; ++token) {
      for (int channel = 0; channel < 128; ++channel)
        element(t, t.keys, 0, 1, token, channel) = -kInfinity;
    }
  });
  for (std::size_t head = 0; head < rows.size(); ++head) {
    for (const float output : rows[head])
      ASSERT_TRUE(std::isfinite(output) && (head < 6 || output == 0.0f)) << head;
  }
}

TEST_P(DenseNumbers, are_the_same_bits_when_the_channels_that_are_dropped_are_0) {
  for (const int head_dim : {64, 128, 256}) {
    Case one = case_of("dense");
    one.head_dim = head_dim;
    one.kept_keys = head_dim - 8;
    one.kept_values = head_dim - 12;
    const auto drop = [&](KvTensors& t) {
      for (std::size_t i = 0; i < t.keys.size(); ++i) {
        const auto channel = static_cast<int>(i) % head_dim;
        if (channel >= one.kept_keys) t.keys[i] = 0.0f;
        if (channel >= one.kept_values) t.values[i] = 0.0f;
      }
    };
    const auto full = outputs(one, drop);
    one.method = "think";
    EXPECT_EQ(full, outputs(one, drop)) << "head_dim " << head_dim;
  }
}

TEST_P(DenseNumbers, NaN_in_a_reduced_value_reaches_its_own_channel_and_no_other) {
  const auto rows = outputs(case_of("think"), [&](KvTensors& t) {
    element(t, t.values, 0, 1, 20, 77) = kNaN;  // its channel ranks first
  });
  for (std::size_t head = 0; head < rows.size(); ++head) {
    for (std::size_t channel = 0; channel < 128; ++channel)
      ASSERT_EQ(std::isnan(rows[head][channel]), head >= 6 && channel == 77) << head;
  }
}

// ---- what validation must notice ----

TEST_P(DenseNumbers, a_lost_token_or_a_wrong_scale_or_a_wrong_channel_fails) {
  const auto unchanged = [](KvTensors&) {};
  for (const char* method : {"dense", "think"}) {
    const Case one = case_of(method);
    const auto fails = [&](const std::function<void(DenseProblem&)>& mutate) {
      return test::kernel_failed(
          run(one, unchanged, {.before_dense = [&](Device&, DenseProblem& p) { mutate(p); }}),
          method);
    };
    EXPECT_TRUE(fails([](DenseProblem& p) { p.softmax_scale *= 1.05f; }));
  }
  EXPECT_TRUE(test::kernel_failed(
      run(case_of("dense"), unchanged,
          {.before_dense =
               [](Device&, DenseProblem& p) {
                 p.values = static_cast<const std::uint16_t*>(p.values) + 128;  // one row on
                 p.value_capacity -= 1;
                 p.max_kv_len -= 1;
               }}),
      "dense"))
      << "rows of the second head are one behind";
  for (const bool keys : {true, false}) {
    const auto shift_a_channel = [&](Device& device, DenseProblem& p) {
      const ReducedRows& reduced = keys ? p.reduced_keys : p.reduced_values;
      std::int32_t index[40];
      device.copy_to_host(index, reduced.channel_index, sizeof index);
      index[0] = (std::find(index, index + 40, 127) == index + 40) ? 127 : -1;
      device.copy_to_device(const_cast<std::int32_t*>(reduced.channel_index), index, sizeof index);
    };
    EXPECT_TRUE(test::kernel_failed(
        run(case_of("think"), unchanged, {.before_dense = shift_a_channel}), "think"));
  }
}

// ---- far apart ----

TEST_P(DenseNumbers, rows_lie_beyond_2_to_the_31_elements_and_2_to_the_32_bytes) {
  constexpr int head_dim = 128;
  constexpr int capacity = (1 << 24) + 8;  // x 128 channels: row 1 begins behind 2^31 elements
  constexpr int tokens = 40;
  const Case one = [] {
    Case c = test::small_case(tokens);
    c.method = "dense";
    return c;
  }();
  // Reserved address space: only the rows that are used are ever touched.
  const auto elements = static_cast<std::size_t>(2) * capacity * head_dim;
  const DeviceBuffer<std::uint16_t> keys(device(), elements, "far keys");
  const DeviceBuffer<std::uint16_t> values(device(), elements, "far values");
  const DeviceRunHooks far{.before_dense = [&](Device& target, DenseProblem& problem) {
    const auto move = [&](const void* from, const DeviceBuffer<std::uint16_t>& to) {
      std::vector<std::uint16_t> row(static_cast<std::size_t>(tokens) * head_dim);
      for (int head = 0; head < 2; ++head) {
        target.copy_to_host(row.data(),
                            static_cast<const std::uint16_t*>(from) + head * tokens * head_dim,
                            row.size() * 2);
        target.copy_to_device(to.data() + std::int64_t{head} * capacity * head_dim, row.data(),
                              row.size() * 2);
      }
      return to.data();
    };
    problem.keys = move(problem.keys, keys);
    problem.values = move(problem.values, values);
    problem.key_capacity = problem.value_capacity = capacity;
  }};
  EXPECT_TRUE(test::passed(run(
      one, [](KvTensors&) {}, far)));
}

}  // namespace
}  // namespace kvroof::dense
