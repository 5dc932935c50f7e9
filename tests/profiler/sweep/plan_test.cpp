// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "kernels/simt/simulator.hpp"

namespace kvroof::sweep {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kPlenty = std::numeric_limits<std::uint64_t>::max();

Request request(const std::vector<std::string>& axes) {
  Request made;
  for (const std::string& axis : axes) made.axes.push_back(parse_axis(axis));
  return made;
}

Planned plan_one(const std::vector<std::string>& axes, std::uint64_t host_bytes = kPlenty,
                 DeviceInfo info = h200_device_info()) {
  simt::SimulatorOptions options;
  options.device = info;
  simt::Simulator device(options);
  std::vector<Planned> plan = make_plan(request(axes), device, host_bytes);
  EXPECT_EQ(plan.size(), 1u);
  return plan.front();
}

TEST(Plan, WithoutAxesThereIsOneConfiguration) {
  EXPECT_EQ(make_configurations(request({})).size(), 1u);
}

TEST(Plan, IsTheProductOfAllAxesAndModels) {
  Request all =
      request({"kv_len=[256,512,1024]", "sparsity=[0.5,0.7]", "kernel=[decode,pack_keys]"});
  all.geometries = {{"a", 8, 2, 128, "here"}, {"b", 4, 4, 128, "here"}};
  const std::vector<Configuration> configurations = make_configurations(all);
  std::set<std::string> keys;
  for (const Configuration& one : configurations) keys.insert(key_of(one, Backend::kSim));
  EXPECT_EQ(configurations.size(), 24u);
  EXPECT_EQ(keys.size(), 24u);
  EXPECT_EQ(configurations.front().model, "a");
  EXPECT_EQ(configurations.back().one.query_heads, 4);
}

TEST(Plan, KernelsOfACaseAreNeighbours) {
  const auto configurations =
      make_configurations(request({"kernel=[decode,pack_keys,pack_values]", "kv_len=[128,256]"}));
  for (std::size_t i = 0; i < configurations.size(); i += 3) {
    EXPECT_EQ(configurations[i].one, configurations[i + 1].one);
    EXPECT_EQ(configurations[i].one, configurations[i + 2].one);
  }
}

TEST(Plan, EveryAxisReachesTheCase) {
  const auto configurations = make_configurations(
      request({"query_heads=6", "kv_heads=3", "head_dim=64", "dtype=bf16", "batch=5", "kv_len=77",
               "window=9", "sparsity=0.25", "blocks=4", "outlier_strength=2.5", "seed=123456789012",
               "kernel=pack_values"}));
  const validate::Case& one = configurations.front().one;
  EXPECT_EQ(one.query_heads, 6);
  EXPECT_EQ(one.kv_heads, 3);
  EXPECT_EQ(one.head_dim, 64);
  EXPECT_EQ(one.value_type, ValueType::kBF16);
  EXPECT_EQ(one.batch, 5);
  EXPECT_EQ(one.kv_lengths, std::vector<int>{77});
  EXPECT_EQ(one.window, 9);
  EXPECT_EQ(one.requested_sparsity, 0.25);
  EXPECT_EQ(one.blocks, 4);
  EXPECT_EQ(one.outlier_strength, 2.5);
  EXPECT_EQ(one.seed, 123456789012u);
  EXPECT_EQ(configurations.front().kernel, "pack_values");
}

TEST(Plan, EveryAxisChangesTheKey) {
  const std::string plain = key_of(make_configurations(request({})).front(), Backend::kSim);
  for (const char* axis : {"query_heads=16", "kv_heads=4", "head_dim=64", "dtype=bf16", "batch=2",
                           "kv_len=77", "window=9", "sparsity=0.25", "kept=64", "blocks=4",
                           "outlier_strength=2", "seed=2", "kernel=pack_keys"}) {
    EXPECT_NE(key_of(make_configurations(request({axis})).front(), Backend::kSim), plain) << axis;
  }
  EXPECT_NE(key_of(make_configurations(request({})).front(), Backend::kCuda), plain);
}

TEST(Plan, ShardsAreDisjointAndCompleteAndKeepCasesWhole) {
  const std::vector<std::string> axes = {"kv_len=[1:7]", "kernel=[decode,pack_keys]"};
  std::multiset<std::string> seen;
  for (int index = 0; index < 3; ++index) {
    Request share = request(axes);
    share.shard = {index, 3};
    const auto configurations = make_configurations(share);
    EXPECT_EQ(configurations.size() % 2, 0u);
    for (const Configuration& one : configurations) seen.insert(key_of(one, Backend::kSim));
  }
  std::multiset<std::string> all;
  for (const Configuration& one : make_configurations(request(axes)))
    all.insert(key_of(one, Backend::kSim));
  EXPECT_EQ(seen, all);
}

TEST(Plan, MoreShardsThanCasesLeaveSomeEmpty) {
  Request share = request({});
  share.shard = {5, 9};
  EXPECT_THAT(make_configurations(share), IsEmpty());
}

TEST(Plan, BadShardsAreRefused) {
  for (const char* text :
       {"", "1", "1/", "/2", "2/2", "-1/2", "0/0", "0/-1", "1/2x", "a/b", "0/2/3", "0/99999999999"})
    EXPECT_THROW(parse_shard(text), std::invalid_argument) << text;
  EXPECT_EQ(parse_shard("3/4").index, 3);
}

TEST(Plan, AxesThatContradictEachOtherAreRefused) {
  EXPECT_THROW(make_configurations(request({"kv_len=1", "kv_len=2"})), std::invalid_argument);
  EXPECT_THROW(make_configurations(request({"sparsity=0.5", "kept=3"})), std::invalid_argument);
  EXPECT_THROW(make_configurations(request({"dtype=f64"})), std::invalid_argument);
  EXPECT_THROW(make_configurations(request({"kernel=prefill"})), std::invalid_argument);
  Request model = request({"head_dim=64"});
  model.geometries = {{"a", 8, 2, 128, "here"}};
  EXPECT_THROW(make_configurations(model), std::invalid_argument);
}

TEST(Plan, TooManyCombinationsAreRefusedAtOnce) {
  EXPECT_THROW(
      make_configurations(request({"seed=[1:99999]", "batch=[1:9999]", "kv_len=[1:9999]"})),
      std::invalid_argument);
}

TEST(Plan, WhatHasNoInstanceIsSkippedWithTheKernelsReason) {
  EXPECT_THAT(plan_one({"head_dim=96"}).fit.skip_reason, HasSubstr("head_dim must be"));
  EXPECT_THAT(plan_one({"query_heads=17", "kv_heads=1"}).fit.skip_reason,
              HasSubstr("at most 16 query heads"));
  EXPECT_THAT(plan_one({"query_heads=7", "kv_heads=2"}).fit.skip_reason, HasSubstr("multiple"));
  EXPECT_THAT(plan_one({"kept=129"}).fit.skip_reason, HasSubstr("more than head_dim"));
  EXPECT_THAT(plan_one({"sparsity=1"}).fit.skip_reason, HasSubstr("sparsity"));
  EXPECT_THAT(plan_one({"head_dim=20"}).fit.skip_reason, HasSubstr("multiple of 8"));
}

TEST(Plan, OutOfMemoryIsKnownBeforeItHappens) {
  DeviceInfo small = h200_device_info();
  small.memory_bytes = 1 << 20;
  EXPECT_THAT(plan_one({"kv_len=4096"}, kPlenty, small).fit.skip_reason,
              HasSubstr("out of memory: needs"));
  EXPECT_THAT(plan_one({"kv_len=4096"}, 1 << 20).fit.skip_reason, HasSubstr("host memory"));
  EXPECT_THAT(plan_one({"kv_len=4096"}).fit.skip_reason, IsEmpty());
}

TEST(Plan, SizesBeyondAllNumbersAreSkipsToo) {
  EXPECT_THAT(plan_one({"batch=65535", "kv_heads=65535", "query_heads=65535", "kv_len=1000000000",
                        "window=1000000000"})
                  .fit.skip_reason,
              HasSubstr("out of memory"));
}

TEST(Plan, DeviceMemoryHoldsTheArraysOfARun) {
  const Planned planned = plan_one({"kv_len=2048", "batch=3"});
  const std::uint64_t dense = 3ull * 8 * 2048 * 128 * 2 * 2;
  EXPECT_GT(planned.fit.memory.device, dense);
  EXPECT_GT(planned.fit.memory.host, planned.fit.memory.device);
}

}  // namespace
}  // namespace kvroof::sweep
