// SPDX-License-Identifier: Apache-2.0
// What a sweep reports against bare CUDA events around one replayed batch of launches.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "profiler/measure/gpu_measurement.hpp"
#include "profiler/measure/gpu_timer.hpp"
#include "profiler/measure/statistics.hpp"
#include "profiler/validate/method.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::measure {
namespace {

constexpr std::size_t kBatch = 200;  // launches between two events, at least
constexpr int kSamples = 15;

/// Time per launch by nothing but two events around `batch`, which makes `launches` of them.
double bare_ns(CudaDevice& device, std::size_t launches, const std::function<void()>& batch) {
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
    samples.push_back(double{milliseconds} * 1e6 / static_cast<double>(launches));
  }
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  samples.erase(samples.begin());  // the warm-up
  return median(samples);
}

/// Bare events around launches over the first `copies` copies in turn: of a replayed graph, and as
/// a host makes them, with the gaps that these leave.
struct Bare {
  double replayed_ns, plain_ns;
};
Bare bare(CudaDevice& device, const Rotation& rotation, std::size_t copies) {
  const std::size_t launches = (kBatch + copies - 1) / copies * copies;  // whole rounds
  const auto batch = [&] {
    for (std::size_t i = 0; i < launches; ++i) rotation.launches[i % copies]();
  };
  LaunchGraph graph(device, batch);
  return {bare_ns(device, launches, [&] { graph.replay(); }), bare_ns(device, launches, batch)};
}

/// Runs the case `copies` times, each over memory of its own that stays, and calls `use` with the
/// decode of every copy while all of them are there.
void with_copies(const validate::Case& one, const inputs::KvTensors& inputs, CudaDevice& device,
                 std::size_t copies, Rotation& rotation, const std::function<void()>& use) {
  validate::DeviceRunHooks hooks;
  hooks.finished = [&](const std::vector<validate::Relaunch>& launches) {
    rotation.launches.push_back(launches.back().launch);
    if (rotation.launches.size() < copies)
      with_copies(one, inputs, device, copies, rotation, use);
    else
      use();
  };
  validate::run_on_device(one, inputs, device, hooks);
}

void expect_agreement(const traces::Time& ours, const Bare& bare, int kv_len) {
  const double median_ns = ours.statistics.median_ns;
  std::printf("kv_len %d, %s: %.1f ns, bare events %.1f ns (%+.2f %%), plain launches %.1f ns\n",
              kv_len, ours.name.c_str(), median_ns, bare.replayed_ns,
              (median_ns / bare.replayed_ns - 1) * 100, bare.plain_ns);
  EXPECT_NEAR(median_ns, bare.replayed_ns, std::max(0.01 * bare.replayed_ns, 200.0))
      << ours.name << ", " << kv_len;
}

TEST(GpuTiming, agrees_with_bare_batched_events_to_a_percent_or_a_fifth_of_a_microsecond) {
  if (const std::string reason = query_cuda().reason; !reason.empty()) GTEST_SKIP() << reason;
  CudaDevice device;
  GpuMeasurement measurement(device, {.counters = false});
  for (const int kv_len : {4096, 16384}) {  // long enough that a launch from the host is hidden
    validate::Case one;
    one.batch = 2;
    one.kv_lengths = {kv_len};
    const auto copies = static_cast<std::size_t>(copies_for_cold_l2(
        static_cast<double>(traces::compressed_bytes(validate::count_bytes("decode", one, 0))),
        device.info()));
    const inputs::KvTensors inputs = validate::load_inputs(one);
    Rotation rotation{.kernel = "decode", .time_only = true};
    with_copies(one, inputs, device, copies, rotation, [&] {
      const Bare cold = bare(device, rotation, copies);
      const Bare warm = bare(device, rotation, 1);
      const std::vector<Measured> measured = measurement.measure({&rotation, 1});
      const std::vector<traces::Time>& times = measured.front().times;
      ASSERT_EQ(times.size(), 2u);
      EXPECT_EQ(times[0].name, "cold");
      EXPECT_EQ(times[1].name, "warm");
      expect_agreement(times[0], cold, kv_len);
      expect_agreement(times[1], warm, kv_len);
    });
  }
}

}  // namespace
}  // namespace kvroof::measure
