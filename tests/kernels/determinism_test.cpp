// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "kernels/simt/simulator.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// A GPU promises no order of lanes, warps or blocks: results must not depend on it, and for a fixed
// number of blocks they are the same to the bit.
namespace kvroof {
namespace {

using simt::Order;

struct Orders {
  Order lanes;
  Order blocks;
  std::uint64_t seed;
};
constexpr Orders kOrders[] = {
    {Order::kAscending, Order::kAscending, 0}, {Order::kDescending, Order::kDescending, 0},
    {Order::kRotated, Order::kRotated, 0},     {Order::kSeeded, Order::kSeeded, 1},
    {Order::kSeeded, Order::kSeeded, 2},       {Order::kAscending, Order::kDescending, 0},
    {Order::kDescending, Order::kAscending, 0}};

class EveryOrder : public ::testing::TestWithParam<int> {};

TEST_P(EveryOrder, gives_the_same_bits_and_no_hazard) {
  const std::vector<validate::Case> cases = suite_cases(validate::Suite::kSmoke);
  validate::Case one = cases.at(static_cast<std::size_t>(GetParam()));
  const std::string reason = validate::method_named(one.method).why_not_on(Backend::kSim);
  if (!reason.empty()) GTEST_SKIP() << reason;
  const inputs::KvTensors tensors = load_inputs(one);
  validate::DeviceResult first;
  for (const Orders& orders : kOrders) {
    simt::SimulatorOptions options;
    options.lane_order = orders.lanes;
    options.block_order = orders.blocks;
    options.seed = orders.seed;
    simt::Simulator simulator(options);
    const validate::DeviceResult result = run_on_device(one, tensors, simulator);
    for (const std::string& report : simulator.take_reports()) ADD_FAILURE() << report;
    if (&orders == &kOrders[0]) first = result;
    EXPECT_TRUE(result.packed_keys == first.packed_keys);
    EXPECT_TRUE(result.packed_values == first.packed_values);
    EXPECT_TRUE(result.outputs == first.outputs);
    EXPECT_TRUE(result.log_sum_exps == first.log_sum_exps);
  }
}

INSTANTIATE_TEST_SUITE_P(
    SmokeCases, EveryOrder,
    ::testing::Range(0, static_cast<int>(suite_cases(validate::Suite::kSmoke).size())));

class Blocks : public test::OnEveryBackend {};
KVROOF_ON_EVERY_BACKEND(Blocks);

TEST_P(Blocks, give_the_same_bits_for_the_same_number_and_a_right_answer_for_any) {
  validate::Case one = test::small_case(400);
  one.query_heads = 4;
  const inputs::KvTensors tensors = load_inputs(one);
  for (int blocks = 1; blocks <= 40; ++blocks) {
    one.blocks = blocks;
    const validate::DeviceResult first = run_on_device(one, tensors, device());
    const validate::DeviceResult second = run_on_device(one, tensors, device());
    EXPECT_EQ(first.outputs, second.outputs) << blocks << " blocks";
    EXPECT_EQ(first.log_sum_exps, second.log_sum_exps) << blocks << " blocks";
    for (const validate::KernelResult& kernel : compare_attention(one, tensors, first))
      EXPECT_EQ(kernel.status, validate::Status::kPassed) << blocks << ": " << kernel.reason;
  }
}

// Not cuBLAS: it promises this for one stream and workspace, and its kernels are not ours.
TEST_P(Blocks, of_every_method_give_the_same_bits_twice) {
  for (const char* method : {"dense", "think", "two_four", "mustafar"}) {
    validate::Case one = test::small_case(400);
    one.method = method;
    one.query_heads = 4;
    one.blocks = 5;
    one = validate::method_named(method).heeded(one);
    const inputs::KvTensors tensors = load_inputs(one);
    const validate::DeviceResult first = run_on_device(one, tensors, device());
    const validate::DeviceResult second = run_on_device(one, tensors, device());
    EXPECT_EQ(first.outputs, second.outputs) << method;
    EXPECT_EQ(first.log_sum_exps, second.log_sum_exps) << method;
  }
}

}  // namespace
}  // namespace kvroof
