// SPDX-License-Identifier: Apache-2.0
// What a sweep reports against bare CUDA events around one replayed batch of launches.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "profiler/measure/gpu_measurement.hpp"
#include "profiler/measure/gpu_timer.hpp"
#include "profiler/measure/statistics.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::measure {
namespace {

constexpr int kBatch = 200;  // launches between two events
constexpr int kSamples = 15;

/// Time per launch by nothing but two events around `batch`, which makes kBatch launches.
double bare_ns(CudaDevice& device, const std::function<void()>& batch) {
  cudaEvent_t start = nullptr, stop = nullptr;
  cudaEventCreate(&start);
  cudaEventCreate(&stop);
  std::vector<double> samples;
  for (int sample = 0; sample < kSamples + 1; ++sample) {
    cudaEventRecord(start, device.stream());
    batch();
    cudaEventRecord(stop, device.stream());
    cudaEventSynchronize(stop);
    float milliseconds = 0;
    cudaEventElapsedTime(&milliseconds, start, stop);
    samples.push_back(double{milliseconds} * 1e6 / kBatch);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  samples.erase(samples.begin());  // the warm-up
  return median(samples);
}

TEST(GpuTiming, agrees_with_bare_batched_events_to_a_percent_or_a_fifth_of_a_microsecond) {
  if (const std::string reason = query_cuda().reason; !reason.empty()) GTEST_SKIP() << reason;
  CudaDevice device;
  GpuMeasurement measurement(device, {.counters = false});
  for (const int kv_len : {4096, 16384}) {  // long enough that a launch from the host is hidden
    validate::Case one;
    one.batch = 2;
    one.kv_lengths = {kv_len};
    const inputs::KvTensors inputs = validate::load_inputs(one);
    validate::DeviceRunHooks hooks;
    hooks.finished = [&](const std::vector<validate::Relaunch>& launches) {
      const Rotation rotation{"decode", {launches.back().launch}};
      const auto batch = [&] {
        for (int i = 0; i < kBatch; ++i) launches.back().launch();
      };
      LaunchGraph graph(device, batch);
      const double bare = bare_ns(device, [&] { graph.replay(); });
      const double plain = bare_ns(device, batch);  // with the gaps that launches from a host leave
      const std::vector<Measured> measured = measurement.measure({&rotation, 1});
      const double ours = measured.front().times.at(1).statistics.median_ns;  // warm, like bare
      const double allowed = std::max(0.01 * bare, 200.0);
      EXPECT_EQ(measured.front().times.at(1).name, "warm");
      std::printf("kv_len %d: %.1f ns, bare events %.1f ns (%+.2f %%), plain launches %.1f ns\n",
                  kv_len, ours, bare, (ours / bare - 1) * 100, plain);
      EXPECT_NEAR(ours, bare, allowed) << kv_len;
    };
    validate::run_on_device(one, inputs, device, hooks);
  }
}

}  // namespace
}  // namespace kvroof::measure
