// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache/kv_cache.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/kernels/cache_run.hpp"
#include "tests/support/devices.hpp"

// A cache that grows, against the reference at every step.
namespace kvroof::cache {
namespace {

using test::Growth;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class GrowingCache : public test::OnEveryBackend {
 protected:
  void expect_every_step_to_agree(const Growth& growth) {
    test::CacheRun run(device(), growth);
    if (growth.longest() > 0) {
      run.prefill();
      run.launch_decode();
      ASSERT_TRUE(run.agrees()) << "after the prompt";
    }
    for (int step = 0; step < growth.steps; ++step) {
      run.upload_token();
      run.launch_step();
      ASSERT_TRUE(run.agrees()) << "step " << step;
    }
    EXPECT_TRUE(run.holds_the_chunks_of_the_reference());
  }
};
KVROOF_ON_EVERY_BACKEND(GrowingCache);

TEST_P(GrowingCache, agrees_with_the_reference_at_each_of_700_steps_from_empty) {
  expect_every_step_to_agree({.prompt = {0}, .kv_heads = 2, .steps = 700});
}

TEST_P(GrowingCache, agrees_with_the_reference_at_each_of_700_steps_from_a_prompt_of_1000_tokens) {
  expect_every_step_to_agree({.prompt = {1000}, .steps = 700});
}

TEST_P(GrowingCache, takes_prompts_of_every_length_around_a_chunk_in_one_batch) {
  expect_every_step_to_agree({.prompt = {0, 1, 31, 32, 95, 96, 97, 160, 300}, .steps = 66});
}

TEST_P(GrowingCache, serves_every_head_dim_with_sparsities_of_keys_and_values_of_their_own) {
  for (const int head_dim : {64, 256}) {
    for (const auto& [keys, values] : {std::pair(head_dim, 1), {head_dim / 4, head_dim}}) {
      expect_every_step_to_agree({.prompt = {70, 100},
                                  .head_dim = head_dim,
                                  .steps = 70,
                                  .kept_keys = keys,
                                  .kept_values = values});
    }
  }
}

TEST_P(GrowingCache, takes_windows_of_no_token_and_of_more_than_the_capacity) {
  for (const int window : {0, 1, 64, 500})
    expect_every_step_to_agree({.prompt = {70, 3}, .steps = 130, .window = window});
}

TEST_P(GrowingCache, can_be_cleared_and_filled_again) {
  const Growth growth{.prompt = {100}, .steps = 0};
  test::CacheRun run(device(), growth);
  run.prefill();
  EXPECT_THAT([&] { run.prefill(); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a prompt fills an empty cache")));
  run.kv.clear();
  EXPECT_EQ(run.kv.most_tokens(), 0);
  run.prefill();
  run.launch_decode();
  EXPECT_TRUE(run.agrees());
}

TEST_P(GrowingCache, launches_the_same_at_every_step) {
  if (!simulated()) GTEST_SKIP() << "launches are recorded by the simulator only";
  test::CacheRun run(device(), {.prompt = {90}, .steps = 10});
  run.prefill();
  auto& simulator = simt::as_simulator(device());
  for (int step = 0; step < 10; ++step) {
    run.upload_token();
    simulator.reset();
    run.launch_step();
    std::vector<std::string> launches;
    for (const simt::LaunchRecord& launch : simulator.launches()) {
      const simt::Dim3 grid = launch.config.grid;
      launches.push_back(fmt::format("{} {}x{}x{}", launch.config.kernel, grid.x, grid.y, grid.z));
    }
    ASSERT_EQ(launches.size(), 4u);
    launches.pop_back();  // the decode, whose plan is fixed
    EXPECT_THAT(launches, ElementsAre("append 1x1x1", "pack_keys 1x1x1", "pack_values 1x1x1"));
  }
}

TEST_P(GrowingCache, refuses_to_outgrow_its_capacity_before_launching) {
  test::CacheRun run(device(), {.prompt = {3}, .steps = 2});
  run.prefill();
  for (int step = 0; step < 2; ++step) {
    run.upload_token();
    run.launch_step();
  }
  EXPECT_THAT([&] { run.launch_step(); },
              ThrowsMessage<std::invalid_argument>(HasSubstr(
                  "1 more tokens do not fit: there may be 5 already, the capacity is 5")));
  EXPECT_THROW(run.kv.count_replay(), std::invalid_argument);
  EXPECT_TRUE(run.agrees());
}

TEST_P(GrowingCache, refuses_what_it_cannot_hold_with_a_sentence) {
  const CacheConfig good{.batch = 1,
                         .kv_heads = 1,
                         .head_dim = 128,
                         .max_kv_len = 100,
                         .window = 32,
                         .kept_keys = 64,
                         .kept_values = 64};
  const auto refused = [&](const char* sentence, const std::function<void(CacheConfig&)>& spoil) {
    CacheConfig config = good;
    spoil(config);
    EXPECT_THAT([&] { KvCache(device(), config); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
  };
  refused("batch and kv_heads must be positive, got 0 and 1", [](auto& c) { c.batch = 0; });
  refused("at most 65535", [](auto& c) { c.kv_heads = 65536; });
  refused("got 96", [](auto& c) { c.head_dim = 96; });
  refused("got 0", [](auto& c) { c.kept_keys = 0; });
  refused("got 129", [](auto& c) { c.kept_values = 129; });
  refused("max_kv_len must be positive, got 0", [](auto& c) { c.max_kv_len = 0; });
  refused("window must be 0 to", [](auto& c) { c.window = -1; });
  refused("window must be 0 to", [](auto& c) { c.window = 2147483647; });

  KvCache cache(device(), good);
  alignas(16) static std::byte memory[32];
  static const std::int32_t length[] = {100};
  EXPECT_THAT([&] { cache.append(nullptr, memory); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("keys must be a pointer aligned")));
  EXPECT_THAT([&] { cache.append(memory, memory + 8); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("values must be a pointer aligned")));
  EXPECT_THAT(
      [&] {
        cache.prefill({memory, memory, 100, nullptr, 100});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("lengths must be a pointer")));
  EXPECT_THAT(
      [&] {
        cache.prefill({memory, memory, 99, length, 100});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("cannot lie in 99 rows")));
  EXPECT_THAT(
      [&] {
        cache.prefill({memory, memory, 101, length, 101});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("101 more tokens do not fit")));
  EXPECT_EQ(cache.most_tokens(), 0);
  EXPECT_TRUE(!simulated() || simt::as_simulator(device()).launches().empty());
}

#if KVROOF_HAS_CUDA
/// One step, captured once.
class CapturedStep {
 public:
  CapturedStep(Device& device, const std::function<void()>& step)
      : stream_(static_cast<CudaDevice&>(device).stream()) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed));
    step();
    check(cudaStreamEndCapture(stream_, &graph));
    check(cudaGraphInstantiate(&executable_, graph, 0));
    check(cudaGraphDestroy(graph));
  }
  ~CapturedStep() { cudaGraphExecDestroy(executable_); }
  void replay() { check(cudaGraphLaunch(executable_, stream_)); }

 private:
  static void check(cudaError_t status) {
    ASSERT_EQ(status, cudaSuccess) << cudaGetErrorString(status);
  }
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};
#endif

TEST_P(GrowingCache, replays_one_captured_graph_for_each_of_700_steps) {
  if (simulated()) GTEST_SKIP() << "the simulator has no graphs";
#if KVROOF_HAS_CUDA
  const Growth growth{.prompt = {1000, 17}, .kv_heads = 2, .steps = 700};
  test::CacheRun run(device(), growth);
  run.prefill();
  CapturedStep step(device(), [&] { run.launch_step(); });  // counts the first token
  for (int i = 0; i < growth.steps; ++i) {
    run.upload_token();
    if (i > 0) run.kv.count_replay();
    step.replay();
    ASSERT_TRUE(run.agrees()) << "step " << i;
  }
  EXPECT_TRUE(run.holds_the_chunks_of_the_reference());
  EXPECT_THROW(run.kv.count_replay(), std::invalid_argument);
  EXPECT_THAT(run.kv_lengths(), ElementsAre(1700, 717));
  step.replay();  // without asking: a full sequence stays as it is, the other one grows
  EXPECT_THAT(run.kv_lengths(), ElementsAre(1700, 718));
#endif
}

}  // namespace
}  // namespace kvroof::cache
