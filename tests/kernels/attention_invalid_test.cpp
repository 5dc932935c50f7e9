// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "kernels/attention/launch.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

namespace kvroof::attention {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Invalid {
  const char* sentence;  // part of what the caller is told
  std::function<void(DecodeProblem&)> spoil;
};

template <class Pointer>
void move_by_one_byte(Pointer*& pointer) {
  pointer = reinterpret_cast<Pointer*>(reinterpret_cast<std::uintptr_t>(pointer) + 1);
}

const std::vector<Invalid>& invalid_problems() {
  using P = DecodeProblem;
  static const std::vector<Invalid> list = {
      {"batch must be positive, got 0", [](P& p) { p.batch = 0; }},
      {"batch must be positive, got -3", [](P& p) { p.batch = -3; }},
      {"query_heads (8) must be a positive multiple of kv_heads (0)", [](P& p) { p.kv_heads = 0; }},
      {"query_heads (8) must be a positive multiple of kv_heads (3)", [](P& p) { p.kv_heads = 3; }},
      {"query_heads (0) must be a positive multiple", [](P& p) { p.query_heads = 0; }},
      {"query_heads (-8) must be a positive multiple", [](P& p) { p.query_heads = -8; }},
      {"at most 16 query heads may share a kv head, got 17", [](P& p) { p.query_heads = 34; }},
      {"head_dim must be 64, 128 or 256 and the value type f16 or bf16, got 96 and f16",
       [](P& p) { p.head_dim = 96; }},
      {"head_dim must be 64, 128 or 256", [](P& p) { p.head_dim = 0; }},
      {"batch and kv_heads must be at most 65535, got 65536", [](P& p) { p.batch = 65536; }},
      {"max_kv_len must not be negative, got -1", [](P& p) { p.max_kv_len = -1; }},
      {"window must not be negative, got -1", [](P& p) { p.window = -1; }},
      {"window_capacity must be at least window + 63 = 95 rows, got 94",
       [](P& p) { p.window_capacity = 94; }},
      {"need room for 4 chunks, got 3", [](P& p) { p.chunk_capacity = 3; }},
      {"got 0", [](P& p) { p.keys.kept = 0; }},
      {"got 129", [](P& p) { p.keys.kept = 129; }},
      {"got -1", [](P& p) { p.values.kept = -1; }},
      {"queries must not be null", [](P& p) { p.queries = nullptr; }},
      {"queries must be aligned to 16 bytes", [](P& p) { move_by_one_byte(p.queries); }},
      {"kv_lengths must not be null", [](P& p) { p.kv_lengths = nullptr; }},
      {"kv_lengths must be aligned to 4 bytes", [](P& p) { move_by_one_byte(p.kv_lengths); }},
      {"window_keys must not be null", [](P& p) { p.window_keys = nullptr; }},
      {"window_keys must be aligned to 16 bytes", [](P& p) { move_by_one_byte(p.window_keys); }},
      {"window_values must not be null", [](P& p) { p.window_values = nullptr; }},
      {"window_values must be aligned to 16 bytes",
       [](P& p) { move_by_one_byte(p.window_values); }},
      {"key chunks must not be null", [](P& p) { p.keys.chunks = nullptr; }},
      {"key chunks must be aligned to 16 bytes", [](P& p) { move_by_one_byte(p.keys.chunks); }},
      {"value chunks must not be null", [](P& p) { p.values.chunks = nullptr; }},
      {"chunk offsets must be aligned to 4 bytes",
       [](P& p) {
         p.keys.offsets = reinterpret_cast<const std::uint32_t*>(p.kv_lengths);
         move_by_one_byte(p.keys.offsets);
       }},
      {"outputs must not be null", [](P& p) { p.outputs = nullptr; }},
      {"outputs must be aligned to 16 bytes", [](P& p) { move_by_one_byte(p.outputs); }},
      {"workspace must not be null", [](P& p) { p.workspace = nullptr; }},
      {"workspace must be aligned to 16 bytes", [](P& p) { move_by_one_byte(p.workspace); }},
      {"log_sum_exps must be aligned to 4 bytes", [](P& p) { move_by_one_byte(p.log_sum_exps); }},
      {"window_capacity must be at least window + 63 = 2147483710 rows, got 2147483647",
       [](P& p) { p.window = p.window_capacity = 2147483647; }},
      {"softmax_scale must be a finite number",
       [](P& p) { p.softmax_scale = std::numeric_limits<float>::quiet_NaN(); }},
  };
  return list;
}

class InvalidProblem : public test::OnEveryBackend {};
KVROOF_ON_EVERY_BACKEND(InvalidProblem);

TEST_P(InvalidProblem, is_refused_with_a_sentence_and_launches_nothing) {
  validate::Case one = test::small_case(300);
  const inputs::KvTensors tensors = load_inputs(one);
  for (const Invalid& invalid : invalid_problems()) {
    const validate::DeviceRunHooks hooks{
        [&](Device&, DecodeProblem& problem) { invalid.spoil(problem); }};
    try {
      run_on_device(one, tensors, device(), hooks);
      ADD_FAILURE() << "accepted: " << invalid.sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr(invalid.sentence));
    }
    if (simulated()) {
      EXPECT_THAT(simt::as_simulator(device()).launches().back().config.kernel, Not("decode"))
          << invalid.sentence;
    }
  }
}

TEST_P(InvalidProblem, or_a_plan_that_nobody_made_is_refused) {
  validate::Case one = test::small_case(300);
  const inputs::KvTensors tensors = load_inputs(one);
  const validate::DeviceRunHooks hooks{
      [&](Device& target, DecodeProblem& problem) { launch(problem, DecodePlan{}, target); }};
  try {
    run_on_device(one, tensors, device(), hooks);
    ADD_FAILURE() << "accepted an empty plan";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("use make_plan()"));
  }
}

}  // namespace
}  // namespace kvroof::attention
