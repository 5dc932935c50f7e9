// SPDX-License-Identifier: Apache-2.0
#include "profiler/ceilings/measure_ceilings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "kernels/error.hpp"
#include "profiler/measure/gpu_timer.hpp"
#include "profiler/measure/nvml.hpp"
#include "profiler/measure/statistics.hpp"

namespace kvroof::ceilings {
namespace {

using traces::RoofLevel;

constexpr std::int64_t kMib = 1 << 20;
constexpr int kRounds = 3;            // of a shape, to choose the best
constexpr std::int64_t kL2Share = 4;  // of L2, so that all of it stays there
constexpr int kL2Passes = 64;
constexpr int kInstructionIterations = 2000;                         // a few hundred microseconds
constexpr std::uint32_t kChaseStride = 128 / sizeof(std::uint32_t);  // a link per line of 128 bytes
constexpr int kChaseSteps = 4096;
constexpr int kGraphNodes = 100;

class Prober {
 public:
  Prober(CudaDevice& device, const Options& options)
      : device_(device),
        options_(options),
        timer_(device),
        sink_(device, 1, "sink of the probes"),
        cycles_(device, static_cast<std::size_t>(device.info().sm_count), "clocks of the probes") {}

  traces::Ceilings measure() {
    measure_instructions();
    measure_memory();
    measure_launches();
    measure_latencies();
    return {device_.info().name, std::move(roofs_), {}};
  }

 private:
  struct Sampled {
    double seconds = 0;
    double spread = 0;
  };

  Sampled sample(int samples, const std::function<void()>& enqueue) {
    timer_.seconds(enqueue);  // warm-up
    std::vector<double> seconds;
    for (int i = 0; i < samples; ++i) seconds.push_back(timer_.seconds(enqueue));
    read_clock();
    return summarized(seconds);
  }

  static Sampled summarized(const std::vector<double>& seconds) {
    std::vector<double> samples_ns;
    for (const double one : seconds) samples_ns.push_back(one * 1e9);
    const traces::Statistics statistics = measure::summarize(samples_ns);
    return {statistics.median_ns * 1e-9,
            (statistics.q3_ns - statistics.q1_ns) / statistics.median_ns};
  }

  /// The SM clock just behind the samples, as the driver says; instruction probes count it instead.
  void read_clock() {
    const std::optional<measure::ClockReading> reading = nvml_.read();
    clock_mhz_ = reading ? std::optional(reading->sm_mhz) : std::nullopt;
  }

  void add(RoofLevel level, const std::string& name, double value, double spread,
           const std::string& how) {
    roofs_.push_back({.level = level,
                      .kind = traces::RoofKind::measured,
                      .name = name,
                      .value = value,
                      .source = "probe: " + how,
                      .date = options_.date,
                      .sm_clock_mhz = clock_mhz_,
                      .spread = spread});
  }

  /// The mean of what the SMs' clocks counted.
  double mean_cycles() const {
    std::vector<std::int64_t> cycles(cycles_.size());
    cycles_.download(cycles);
    return static_cast<double>(std::accumulate(cycles.begin(), cycles.end(), std::int64_t{0})) /
           static_cast<double>(cycles.size());
  }

  void measure_instructions() {
    const auto probes = probes::instruction_probes();
    for (std::size_t i = 0; i < probes.size(); ++i) {
      const probes::InstructionProbe& probe = probes[i];
      probes::InstructionRun run;
      const Sampled sampled = sample(options_.samples, [&] {
        run = probes::launch_instructions(i, kInstructionIterations, cycles_.data(), sink_.data(),
                                          device_);
      });
      const double cycles = mean_cycles();
      clock_mhz_ = cycles / sampled.seconds * 1e-6;
      const auto instructions = static_cast<double>(run.warp_instructions);
      const double per_second = instructions / sampled.seconds;
      const std::string how = fmt::format("{:.3f} warp instructions per SM and clock",
                                          instructions / device_.info().sm_count / cycles);
      add(RoofLevel::instruction, std::string(probe.name), per_second, sampled.spread, how);
      if (probe.flops > 0)
        add(probe.name.starts_with("mma") ? RoofLevel::tensor : RoofLevel::cuda_core,
            std::string(probe.name), per_second * probe.flops, sampled.spread, how);
      if (probe.shared_bytes > 0)
        add(RoofLevel::shared, std::string(probe.name), per_second * probe.shared_bytes,
            sampled.spread, how);
    }
  }

  /// The fastest shape of a few rounds, then sampled in full.
  void measure_bandwidth(RoofLevel level, const std::string& name,
                         const probes::BandwidthProblem& problem, double bytes) {
    const auto launch = [&](const probes::BandwidthShape& shape) {
      return [&, shape] { probes::launch_bandwidth(problem, shape, device_); };
    };
    const auto shapes = probes::bandwidth_shapes();
    std::vector<double> seconds;
    for (const probes::BandwidthShape& shape : shapes)
      seconds.push_back(sample(kRounds, launch(shape)).seconds);
    const auto best = static_cast<std::size_t>(std::min_element(seconds.begin(), seconds.end()) -
                                               seconds.begin());
    const Sampled sampled = sample(options_.samples, launch(shapes[best]));
    const std::string blocks =
        shapes[best].blocks_per_sm == 0
            ? "a block per tile"
            : fmt::format("{} blocks per SM that loop", shapes[best].blocks_per_sm);
    add(level, name, bytes / sampled.seconds, sampled.spread,
        fmt::format("{}-byte accesses, {} under way per thread, {}; the best of {} shapes",
                    shapes[best].word_bytes, shapes[best].unroll, blocks, shapes.size()));
  }

  void measure_memory() {
    DeviceBuffer<std::byte> source(device_, probes::kDramProbeBytes, "source of the probes");
    DeviceBuffer<std::byte> destination(device_, probes::kDramProbeBytes,
                                        "destination of the probes");
    source.fill(std::byte{0x5a});
    destination.fill(std::byte{0});
    probes::BandwidthProblem problem{.source = source.data(),
                                     .destination = destination.data(),
                                     .bytes = probes::kDramProbeBytes,
                                     .sink = sink_.data()};
    constexpr auto bytes = static_cast<double>(probes::kDramProbeBytes);
    measure_bandwidth(RoofLevel::dram, "read", problem, bytes);
    problem.direction = probes::Direction::write;
    measure_bandwidth(RoofLevel::dram, "write", problem, bytes);
    problem.direction = probes::Direction::copy;
    measure_bandwidth(RoofLevel::dram, "copy", problem, 2 * bytes);
    problem.direction = probes::Direction::read;
    problem.bytes =
        device_.info().l2_bytes / kL2Share / probes::kBandwidthGranule * probes::kBandwidthGranule;
    problem.passes = kL2Passes;
    if (problem.bytes > 0)
      measure_bandwidth(RoofLevel::l2, "read", problem,
                        static_cast<double>(problem.bytes) * kL2Passes);
  }

  void measure_launches() {
    const auto launch_all = [&] {
      for (int i = 0; i < kGraphNodes; ++i) probes::launch_empty(device_);
    };
    const auto add_floor = [&](const char* name, const Sampled& sampled, const char* how) {
      add(RoofLevel::launch, name, sampled.seconds / kGraphNodes * 1e9, sampled.spread, how);
    };
    measure::LaunchGraph many(device_, launch_all);
    measure::LaunchGraph one(device_, [&] { probes::launch_empty(device_); });
    add_floor("graph node", sample(options_.samples, [&] { many.replay(); }),
              "empty kernel after empty kernel within a replayed graph");
    add_floor("graph launch",
              sample(options_.samples,
                     [&] {
                       for (int i = 0; i < kGraphNodes; ++i) one.replay();
                     }),
              "replays of a graph of one empty kernel, one after the other");
    add_floor("launch", sample(options_.samples, launch_all),
              "empty kernels launched one after the other from one thread");
  }

  /// Time per link of a random cycle through `bytes` of memory.
  void measure_chase(const char* name, std::int64_t bytes, bool cold) {
    const auto count = static_cast<std::uint32_t>(bytes / 128);
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    std::vector<std::uint32_t> links(static_cast<std::size_t>(count) * kChaseStride);
    for (std::uint32_t i = 0; i < count; ++i)
      links[order[i] * kChaseStride] = order[(i + 1) % count] * kChaseStride;
    DeviceBuffer<std::uint32_t> memory(device_, links.size(), "links of the latency probe");
    memory.upload(links);
    const int steps = cold ? kChaseSteps : static_cast<int>(count);
    measure::L2Flush flush(device_);
    std::vector<double> seconds;
    for (int i = 0; i < options_.samples + 1; ++i) {  // the first one warms up
      if (cold) flush.enqueue();
      seconds.push_back(timer_.seconds(
          [&] { probes::launch_chase(memory.data(), steps, sink_.data(), device_); }));
    }
    read_clock();
    seconds.erase(seconds.begin());
    const Sampled sampled = summarized(seconds);
    add(RoofLevel::latency, name, sampled.seconds / steps * 1e9, sampled.spread,
        fmt::format("one thread follows {} random links through {} MiB", steps, bytes / kMib));
  }

  void measure_latencies() {
    measure_chase("L2", 2 * kMib, false);
    measure_chase("device memory", 256 * kMib, true);
  }

  CudaDevice& device_;
  const Options& options_;
  measure::EventTimer timer_;
  measure::Nvml nvml_{measure::pci_bus_id(measure::current_ordinal())};
  DeviceBuffer<std::uint32_t> sink_;
  DeviceBuffer<std::int64_t> cycles_;
  std::vector<traces::Roof> roofs_;
  std::optional<double> clock_mhz_;
};

}  // namespace

traces::Ceilings measure(Device& device, const Options& options) {
  require(
      device.backend() == Backend::kCuda,
      "ceilings: need a CUDA device, got the backend {}; what a simulator reaches is no ceiling",
      to_string(device.backend()));
  require(options.samples >= 3, "ceilings: samples must be at least 3, got {}", options.samples);
  return Prober(static_cast<CudaDevice&>(device), options).measure();
}

}  // namespace kvroof::ceilings
