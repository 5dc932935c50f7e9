// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// What is asked of every decode over a pruned prefix and a window, through profiler/validate.
namespace kvroof::test {

class MethodTest : public OnEveryBackend {
 protected:
  using Change = std::function<void(inputs::KvTensors&)>;

  explicit MethodTest(const char* method) : method_(method) {}

  validate::Case case_of(int kv_len) const {
    validate::Case one = small_case(kv_len);
    one.method = method_;
    return one;
  }
  /// Of inputs that `change` has changed.
  ::testing::AssertionResult right(const validate::Case& one, const Change& change = {}) {
    validate::Case loaded = one;
    inputs::KvTensors tensors = load_inputs(loaded);
    if (change) change(tensors);
    return passed(validate::validate(loaded, tensors, device()));
  }
  bool fails(validate::Case one, std::string_view kernel, const validate::DeviceRunHooks& hooks) {
    return kernel_failed(validate::validate(one, load_inputs(one), device(), hooks), kernel);
  }

  void expect_right_at_lengths(std::initializer_list<int> lengths) {
    for (const int length : lengths) {
      for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
        validate::Case one = case_of(length);
        one.value_type = type;
        EXPECT_TRUE(right(one));
      }
    }
  }

  void expect_ragged_batches_with_empty_sequences(std::initializer_list<int> blocks) {
    for (const std::vector<int>& lengths : std::vector<std::vector<int>>{
             {0, 95, 96, 400}, {0, 0, 1}, {300, 0, 0, 300}, {15, 16, 17, 63, 64, 65, 95, 96, 97}}) {
      for (const int count : blocks) {
        validate::Case one = case_of(0);
        one.batch = static_cast<int>(lengths.size());
        one.kv_lengths = lengths;
        one.blocks = count;
        EXPECT_TRUE(right(one));
      }
    }
  }

  void expect_windows_from_none_to_more_than_the_cache() {
    for (const int window : {0, 1, 17, 64, 299, 300, 301, 5000}) {
      validate::Case one = case_of(300);
      one.window = window;
      EXPECT_TRUE(right(one));
    }
  }

  /// Infinities and NaN in a value and in a key of each of `tokens`, of 300.
  void expect_what_is_not_finite_where_the_reference_has_it(std::initializer_list<int> tokens) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (const int token : tokens) {
      for (const float special : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
        EXPECT_TRUE(right(case_of(300), [&](inputs::KvTensors& t) {
          element(t, t.values, 0, 1, token, 77) = special;
        }));
        EXPECT_TRUE(right(case_of(300), [&](inputs::KvTensors& t) {
          element(t, t.keys, 0, 0, token, 5) = special;
        }));
      }
    }
  }

  /// A run with `hooks`, which spoil its problem, is refused with the sentence before a launch.
  void expect_refused(const char* sentence, const validate::DeviceRunHooks& hooks) {
    validate::Case one = case_of(300);
    try {
      run_on_device(one, load_inputs(one), device(), hooks);
      ADD_FAILURE() << "accepted: " << sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(sentence));
    }
  }

 private:
  const char* method_;
};

}  // namespace kvroof::test
