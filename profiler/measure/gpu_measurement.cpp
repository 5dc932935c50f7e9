// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/gpu_measurement.hpp"

#include <algorithm>
#include <optional>

#include "profiler/measure/gpu_timer.hpp"
#include "profiler/measure/statistics.hpp"
#include "profiler/nvtx/ranges.hpp"
#if KVROOF_HAS_CUPTI
#include "profiler/cupti/activity.hpp"
#include "profiler/cupti/range_profiler.hpp"
#endif

namespace kvroof::measure {
namespace {

// A graph's own launch takes microseconds, which are spread over its launches: at least so many,
// and as many as take this long.
constexpr int kLeastLaunches = 20, kMostLaunches = 400;
constexpr double kBatchSeconds = 2e-3;
constexpr double kColdMultiple = 4;  // of L2: its replacement is not plain LRU
constexpr int kMostCopies = 256;     // enough for arrays of a sixty-fourth of L2

/// A multiple of `copies` that is at least `launches`.
std::size_t rounded_up(std::size_t launches, std::size_t copies) {
  return (launches + copies - 1) / copies * copies;
}

/// Over the copies in turn.
void launch_rotating(const Rotation& rotation, std::size_t num_launches) {
  for (std::size_t i = 0; i < num_launches; ++i) rotation.launches[i % rotation.launches.size()]();
}

/// The same kernel, each launch marked with its name.
Rotation marked(const Rotation& rotation) {
  Rotation result{rotation.kernel, {}, rotation.time_only};
  for (const auto& launch : rotation.launches)
    result.launches.push_back(nvtx::marked(rotation.kernel, launch));
  return result;
}

/// Launches that last kBatchSeconds together, from how long a few of them take.
std::size_t launches_of_batch(CudaDevice& device, const Rotation& rotation, EventTimer& timer) {
  const std::size_t few = rounded_up(kLeastLaunches, rotation.launches.size());
  LaunchGraph graph(device, [&] { launch_rotating(rotation, few); });
  timer.seconds([&] { graph.replay(); });  // warm-up
  const double each = timer.seconds([&] { graph.replay(); }) / static_cast<double>(few);
  const double wanted =
      std::clamp(kBatchSeconds / each, double{kLeastLaunches}, double{kMostLaunches});
  return rounded_up(static_cast<std::size_t>(wanted), rotation.launches.size());
}

/// A kernel's launches as replayed graphs.
struct Graphs {
  Graphs(CudaDevice& device, const Rotation& rotation, EventTimer& timer)
      : num_launches(launches_of_batch(device, rotation, timer)),
        cold(device, [&] { launch_rotating(rotation, num_launches); }),
        warm(device, [&] {
          for (std::size_t i = 0; i < num_launches; ++i) rotation.launches.front()();
        }) {}

  std::size_t num_launches;
  LaunchGraph cold, warm;
};

Contender contender(std::string name, const std::string& kernel, LaunchGraph& graph,
                    std::size_t num_launches, EventTimer& timer) {
  return {std::move(name), [&graph, &timer, kernel, num_launches] {
            const nvtx::Range range(kernel);
            return timer.seconds([&] { graph.replay(); }) * 1e9 / static_cast<double>(num_launches);
          }};
}

}  // namespace

int copies_for_cold_l2(double bytes, const DeviceInfo& device) {
  const double wanted = kColdMultiple * static_cast<double>(device.l2_bytes) / std::max(1.0, bytes);
  return static_cast<int>(std::clamp(wanted + 1, 2.0, double{kMostCopies}));
}

struct GpuMeasurement::State {
  State(CudaDevice& used, GpuOptions chosen)
      : device(used), options(std::move(chosen)), timer(used), flush(used) {
    const int ordinal = current_ordinal();
    nvml.emplace(pci_bus_id(ordinal));
#if KVROOF_HAS_CUPTI
    start_cupti(ordinal);
#endif
  }

  void time_group(std::span<const Rotation> group, std::vector<Measured>& results) {
    const nvtx::Range range(nvtx::kTime);
    std::vector<std::unique_ptr<Graphs>> graphs;
    std::vector<Contender> contenders;
    for (const Rotation& rotation : group) {
      graphs.push_back(std::make_unique<Graphs>(device, rotation, timer));
      Graphs& own = *graphs.back();
      contenders.push_back(contender("cold", rotation.kernel, own.cold, own.num_launches, timer));
      contenders.push_back(contender("warm", rotation.kernel, own.warm, own.num_launches, timer));
    }
    for (const Contender& one : contenders) one.sample_ns();  // warm-up
    const std::vector<traces::Time> times =
        interleave(contenders, options.rule, *nvml, steady_seconds);
    for (std::size_t i = 0; i < times.size(); ++i) results[i / 2].times.push_back(times[i]);
  }

#if KVROOF_HAS_CUPTI
  void start_cupti(int ordinal) {
    const cupti::Library& library = cupti::load();
    if (!library.usable()) {
      cupti_reason = library.reason;
      return;
    }
    api = &library.api;
    if (options.counters)
      profiler =
          std::make_unique<cupti::RangeProfiler>(*api, ordinal, current_context(), options.metrics);
  }

  void record_activity(const Rotation& rotation, Measured& measured) {
    if (api == nullptr) {
      measured.activities_reason = cupti_reason;
      return;
    }
    const nvtx::Range range(nvtx::kActivity);
    const std::size_t warm_up = rotation.launches.size();  // a round: every copy once
    const std::size_t launches = warm_up + rounded_up(kLeastLaunches, rotation.launches.size());
    const Rotation kernel = marked(rotation);
    const cupti::LaunchTimes recorded =
        cupti::split_launches(cupti::record_kernels(*api,
                                                    [&] {
                                                      launch_rotating(kernel, launches);
                                                      device.synchronize();
                                                    }),
                              launches, warm_up);
    measured.activities_reason = recorded.reason;
    if (!recorded.reason.empty()) return;
    traces::Time time{.name = "activity", .provenance = traces::Provenance::measured};
    time.samples_ns = recorded.durations_ns;
    time.statistics = summarize(time.samples_ns);
    measured.times.push_back(std::move(time));
    add_timeline(rotation.kernel, recorded.typical, measured);
  }

  static void add_timeline(const std::string& phase,
                           const std::vector<cupti::KernelActivity>& kernels, Measured& measured) {
    const std::uint64_t first_ns = kernels.front().start_ns;
    for (const cupti::KernelActivity& kernel : kernels) {
      measured.registers_per_thread =
          std::max(measured.registers_per_thread, kernel.registers_per_thread);
      measured.activities.push_back(
          {.name = kernel.name,
           .phase = phase,
           .stream = kernel.stream,
           .start_ns = static_cast<double>(kernel.start_ns - first_ns),
           .duration_ns = static_cast<double>(kernel.end_ns - kernel.start_ns)});
    }
  }

  void count(const Rotation& rotation, Measured& measured) {
    if (!options.counters) {
      measured.counters_reason = "hardware counters were not asked for";
    } else if (profiler == nullptr) {
      measured.counters_reason = cupti_reason;
    } else {
      const nvtx::Range range(nvtx::kCount);
      cupti::Counters counted = profiler->count({.prepare = [&] { flush.enqueue(); },
                                                 .launch = marked(rotation).launches.front(),
                                                 .synchronize = [&] { device.synchronize(); }});
      measured.counters = std::move(counted.values);
      measured.counters_reason = std::move(counted.reason);
      if (!counted.remedy.empty()) measured.counters_reason += "; " + counted.remedy;
      if (!measured.counters.empty()) add_clock(measured);
    }
  }

  /// Of the counted passes there is no clock: a rate of a range is one over all that it encloses.
  void add_clock(Measured& measured) {
    if (const std::optional<ClockReading> reading = nvml->read())
      measured.counters["sm_clock_hz"] = {reading->sm_mhz * 1e6, "Hz", traces::Provenance::measured,
                                          ""};
  }
#else
  void record_activity(const Rotation&, Measured& measured) {
    measured.activities_reason = "this kvroof was built without CUPTI";
  }
  void count(const Rotation&, Measured& measured) {
    measured.counters_reason = "this kvroof was built without CUPTI";
  }
#endif

  CudaDevice& device;
  GpuOptions options;
  EventTimer timer;
  L2Flush flush;
  std::optional<Nvml> nvml;
#if KVROOF_HAS_CUPTI
  const cupti::Api* api = nullptr;
  std::unique_ptr<cupti::RangeProfiler> profiler;
  std::string cupti_reason;
#endif
};

GpuMeasurement::GpuMeasurement(CudaDevice& device, GpuOptions options)
    : state_(std::make_unique<State>(device, std::move(options))) {}

GpuMeasurement::~GpuMeasurement() = default;

std::vector<Measured> GpuMeasurement::measure(std::span<const Rotation> group) {
  std::vector<Measured> results(group.size());
  state_->time_group(group, results);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].time_only) continue;
    state_->record_activity(group[i], results[i]);
    state_->count(group[i], results[i]);
  }
  return results;
}

Nvml& GpuMeasurement::nvml() { return *state_->nvml; }

}  // namespace kvroof::measure
