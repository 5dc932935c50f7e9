// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "kernels/format/lane_chunk.hpp"
#include "reference/attention.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The decode kernel against the reference: hostile numbers and hostile masks.
namespace kvroof {
namespace {

using inputs::KvTensors;
using test::element;
using test::passed;
using test::small_case;
using validate::Case;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class Numbers : public test::OnEveryBackend {
 protected:
  /// Loads a case, lets `change` spoil its inputs, and validates.
  validate::CaseResult run(Case one, const std::function<void(KvTensors&)>& change) {
    KvTensors tensors = load_inputs(one);
    change(tensors);
    return validate::validate(one, tensors, device());
  }

  /// Outputs [query_heads][head_dim] of the first sequence.
  std::vector<std::vector<float>> outputs(Case one, const std::function<void(KvTensors&)>& change) {
    KvTensors tensors = load_inputs(one);
    change(tensors);
    const validate::DeviceResult result = run_on_device(one, tensors, device());
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < result.outputs.size(); ++i) {
      if (i % 128 == 0) rows.emplace_back();
      rows.back().push_back(inputs::from_bits(tensors.dtype, result.outputs[i]));
    }
    log_sum_exps_ = result.log_sum_exps;
    return rows;
  }

  std::vector<float> log_sum_exps_;  // of the last outputs()
};
KVROOF_ON_EVERY_BACKEND(Numbers);

TEST_P(Numbers, stay_finite_when_scores_overflow_the_exponential) {
  for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
    for (const int blocks : {1, 4}) {
      Case one = small_case(400);
      one.value_type = type;
      one.blocks = blocks;
      const auto result = run(one, [](KvTensors& tensors) {
        for (float& query : tensors.queries) query *= 256.0f;
      });
      EXPECT_TRUE(passed(result));
    }
  }
}

TEST_P(Numbers, weigh_all_tokens_alike_when_all_keys_are_equal) {
  const auto equal_keys = [](KvTensors& tensors) {
    for (std::size_t i = 0; i < tensors.keys.size(); ++i)
      tensors.keys[i] = static_cast<float>(i % 128) / 64.0f - 1.0f;
  };
  EXPECT_TRUE(passed(run(small_case(333), equal_keys)));
}

TEST_P(Numbers, weigh_all_tokens_alike_when_queries_or_keys_are_0_or_subnormal) {
  const Case one = small_case(333);
  EXPECT_TRUE(
      passed(run(one, [](KvTensors& t) { std::fill(t.queries.begin(), t.queries.end(), 0.0f); })));
  EXPECT_TRUE(
      passed(run(one, [](KvTensors& t) { std::fill(t.keys.begin(), t.keys.end(), -0.0f); })));
  EXPECT_TRUE(passed(run(one, [](KvTensors& t) {
    for (float& query : t.queries) query = test::round_to(t, query * 0x1p-22f);
    for (float& key : t.keys) key = test::round_to(t, key * 0x1p-22f);
    for (float& value : t.values) value = test::round_to(t, value * 0x1p-20f);
  })));
}

TEST_P(Numbers, at_the_largest_finite_values_do_not_become_infinite) {
  EXPECT_TRUE(passed(run(small_case(200), [](KvTensors& t) {
    for (float& value : t.values) value = std::copysign(65504.0f, value);
  })));
}

/// Where to put one bad number: in the compressed part or in the window of a sequence of 300.
constexpr int kPlaces[] = {0, 70, 255, 256, 290, 299};

TEST_P(Numbers, NaN_in_a_key_row_reaches_all_outputs_of_its_kv_head_and_no_other) {
  for (const int token : kPlaces) {
    Case one = small_case(300);
    one.batch = 2;
    one.blocks = token % 2 == 0 ? 0 : 3;
    const auto spoil = [&](KvTensors& t) { element(t, t.keys, 1, 0, token, 77) = kNaN; };
    EXPECT_TRUE(passed(run(one, spoil))) << "token " << token;
    const auto rows = outputs(one, spoil);
    for (std::size_t head = 0; head < 16; ++head) {
      const bool hit = head >= 8 && head < 12;
      for (const float output : rows[head]) ASSERT_EQ(std::isnan(output), hit) << "head " << head;
      EXPECT_EQ(std::isnan(log_sum_exps_[head]), hit);
    }
  }
}

TEST_P(Numbers, NaN_value_reaches_its_channel_of_the_outputs_of_its_kv_head_and_nothing_else) {
  for (const int token : kPlaces) {
    Case one = small_case(300);
    one.batch = 2;
    one.blocks = token % 2 == 0 ? 0 : 3;
    const auto spoil = [&](KvTensors& t) { element(t, t.values, 0, 1, token, 77) = kNaN; };
    EXPECT_TRUE(passed(run(one, spoil))) << "token " << token;
    const auto rows = outputs(one, spoil);
    for (std::size_t head = 0; head < 16; ++head) {
      for (std::size_t channel = 0; channel < 128; ++channel) {
        const bool hit = head >= 4 && head < 8 && channel == 77;
        ASSERT_EQ(std::isnan(rows[head][channel]), hit) << head << ", channel " << channel;
      }
      EXPECT_TRUE(std::isfinite(log_sum_exps_[head]));
    }
  }
}

TEST_P(Numbers, NaN_value_reaches_its_channel_even_where_its_token_has_no_weight_left) {
  for (const int token : kPlaces) {
    for (const int blocks : {0, 1, 3}) {
      Case one = small_case(300);
      one.blocks = blocks;
      // One token outweighs all others by more than any exponential can hold.
      const auto rows = outputs(one, [&](KvTensors& t) {
        for (float& query : t.queries) query = 64.0f;
        for (int channel = 0; channel < 128; ++channel) {
          element(t, t.keys, 0, 0, (token + 150) % 300, channel) = 8.0f;
          element(t, t.keys, 0, 1, (token + 150) % 300, channel) = 8.0f;
        }
        element(t, t.values, 0, 1, token, 77) = kNaN;
      });
      for (std::size_t head = 0; head < 8; ++head) {
        for (std::size_t channel = 0; channel < 128; ++channel) {
          ASSERT_EQ(std::isnan(rows[head][channel]), head >= 4 && channel == 77)
              << "token " << token << ", " << blocks << " blocks, head " << head << ", channel "
              << channel;
        }
      }
    }
  }
}

TEST_P(Numbers, NaN_query_reaches_its_own_head_and_no_other_of_the_group) {
  const auto rows = outputs(small_case(300), [](KvTensors& t) { t.queries[2 * 128 + 5] = kNaN; });
  for (std::size_t head = 0; head < 8; ++head) {
    for (const float output : rows[head]) ASSERT_EQ(std::isnan(output), head == 2);
    EXPECT_EQ(std::isnan(log_sum_exps_[head]), head == 2);
  }
}

TEST_P(Numbers, token_with_a_score_of_minus_infinity_has_no_weight) {
  for (const int token : kPlaces) {
    for (const int blocks : {0, 1, 3}) {
      Case one = small_case(300);
      one.blocks = blocks;
      const auto positive_queries = [](KvTensors& t) {
        for (float& query : t.queries) query = std::abs(query) + 0.125f;
      };
      // The same with a score so low that its weight is 0 in any arithmetic.
      const auto with_key = [&](float key) {
        return [&, key](KvTensors& t) {
          positive_queries(t);
          for (int channel = 0; channel < 128; ++channel)
            element(t, t.keys, 0, 0, token, channel) = key;
        };
      };
      const auto hidden = outputs(one, with_key(-kInfinity));
      const std::vector<float> hidden_sums = log_sum_exps_;
      const auto low = outputs(one, with_key(-60000.0f));
      EXPECT_EQ(hidden, low) << "token " << token << ", " << blocks << " blocks";
      EXPECT_EQ(hidden_sums, log_sum_exps_);
      for (const float sum : hidden_sums) EXPECT_TRUE(std::isfinite(sum));
    }
  }
}

TEST_P(Numbers, scores_that_are_all_minus_infinity_give_output_0_and_log_sum_exp_minus_infinity) {
  for (const int length : {1, 40, 96, 300}) {
    const auto rows = outputs(small_case(length), [](KvTensors& t) {
      for (float& query : t.queries) query = 1.0f;
      for (std::int64_t token = 0; token < t.kv_len; ++token)
        for (int channel = 0; channel < 128; ++channel)
          element(t, t.keys, 0, 1, token, channel) = -kInfinity;
    });
    for (std::size_t head = 0; head < 8; ++head) {
      EXPECT_EQ(std::isinf(log_sum_exps_[head]), head >= 4) << length << " tokens";
      for (const float output : rows[head]) {
        ASSERT_TRUE(std::isfinite(output));
        ASSERT_TRUE(head < 4 || output == 0.0f);
      }
    }
  }
}

TEST_P(Numbers, a_score_of_plus_infinity_makes_output_and_log_sum_exp_NaN) {
  for (const int token : kPlaces) {
    Case one = small_case(300);
    one.blocks = token % 2 == 0 ? 0 : 3;
    const auto rows = outputs(one, [&](KvTensors& t) {
      for (float& query : t.queries) query = std::abs(query) + 0.125f;
      element(t, t.keys, 0, 0, token, 3) = kInfinity;
    });
    for (std::size_t head = 0; head < 8; ++head) {
      EXPECT_EQ(std::isnan(log_sum_exps_[head]), head < 4) << "token " << token;
      for (const float output : rows[head]) ASSERT_EQ(std::isnan(output), head < 4);
    }
  }
}

TEST_P(Numbers, an_infinite_value_gives_that_infinity_in_its_channel) {
  for (const int token : kPlaces) {
    const auto rows = outputs(small_case(300), [&](KvTensors& t) {
      for (float& query : t.queries) query *= 0.125f;  // so that every token has weight
      element(t, t.values, 0, 0, token, 9) = -kInfinity;
    });
    for (std::size_t head = 0; head < 8; ++head) {
      for (std::size_t channel = 0; channel < 128; ++channel) {
        if (head < 4 && channel == 9) {
          ASSERT_EQ(rows[head][channel], -kInfinity);
        } else {
          ASSERT_TRUE(std::isfinite(rows[head][channel]));
        }
      }
    }
  }
}

// ---- masks that crowd ----

/// Which operands of a chunk crowd into few lanes, drawn per chunk.
enum Crowd { kNone = 0, kKeysOnly = 1, kValuesOnly = 2, kBoth = 3 };

/// Makes the 32 channels that survive in every key row of a chunk belong to lanes 0, 4, 8, ...:
/// each gets 256 elements, the most a lane can have.
void crowd_keys(KvTensors& t, std::int64_t kv_head, int chunk) {
  for (int token = chunk * 64; token < chunk * 64 + 64; ++token) {
    for (int channel = 0; channel < 128; ++channel)
      element(t, t.keys, 0, kv_head, token, channel) *= 0x1p-6f;
    for (int step = 0; step < 8; ++step) {
      for (int i = 0; i < 4; ++i)
        element(t, t.keys, 0, kv_head, token, lane_chunk::key_channel(0, step, i)) = 0.5f;
    }
  }
}
/// The 16 channels that survive in every value row are 3, 11, 19, ...: lanes 12 to 15 get all.
void crowd_values(KvTensors& t, std::int64_t kv_head, int chunk) {
  for (int token = chunk * 64; token < chunk * 64 + 64; ++token) {
    for (int channel = 0; channel < 128; ++channel) {
      float& value = element(t, t.values, 0, kv_head, token, channel);
      value = test::round_to(
          t, channel % 8 == 3 ? value * 0.5f + std::copysign(4.0f, value) : value * 0x1p-4f);
    }
  }
}

TEST_P(Numbers, are_right_when_the_survivors_of_some_chunks_crowd_into_few_lanes) {
  constexpr int chunks = 70;
  Case one = small_case(chunks * 64 + 32);
  one.kv_heads = 1;
  one.query_heads = 4;
  one.kept_keys = 32;
  one.kept_values = 16;
  for (const int blocks : {1, 3}) {
    one.blocks = blocks;
    const auto result = run(one, [](KvTensors& t) {
      for (float& key : t.keys) key = test::round_to(t, key * 0x1p-4f);
      std::mt19937 random(7);
      for (int chunk = 0; chunk < chunks; ++chunk) {
        const unsigned crowd = random() % 4;
        if (crowd == kKeysOnly || crowd == kBoth) crowd_keys(t, 0, chunk);
        if (crowd == kValuesOnly || crowd == kBoth) crowd_values(t, 0, chunk);
      }
      for (float& key : t.keys) key = test::round_to(t, key);
    });
    EXPECT_TRUE(passed(result));
  }
}

TEST_P(Numbers, are_right_when_every_chunk_crowds) {
  Case one = small_case(5 * 64 + 32);
  one.kept_keys = 32;
  one.kept_values = 16;
  one.blocks = 1;
  const auto result = run(one, [](KvTensors& t) {
    for (int head = 0; head < 2; ++head) {
      for (int chunk = 0; chunk < 5; ++chunk) {
        crowd_keys(t, head, chunk);
        crowd_values(t, head, chunk);
      }
    }
    for (float& key : t.keys) key = test::round_to(t, key);
  });
  EXPECT_TRUE(passed(result));
}

TEST_P(Numbers, of_all_zero_rows_are_kept_like_any_other) {
  EXPECT_TRUE(passed(run(small_case(200),
                         [](KvTensors& t) { std::fill(t.values.begin(), t.values.end(), 0.0f); })));
}

}  // namespace
}  // namespace kvroof
