// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/gpu_measure.hpp"

#include <fmt/format.h>

#include <stdexcept>

#if KVROOF_HAS_CUDA
#include <algorithm>
#include <memory>

#include "profiler/measure/gpu_measurement.hpp"
#include "profiler/measure/gpu_timer.hpp"
#include "profiler/sweep/gpu_record.hpp"
#if KVROOF_HAS_CUPTI
#include "profiler/cupti/api.hpp"
#endif
#endif

namespace kvroof::sweep {

#if KVROOF_HAS_CUDA
namespace {

using Launches = std::vector<validate::Relaunch>;

constexpr double kMemoryShare = 0.8;  // of the device, for the copies of a case

/// Runs the case `copies` times, each over memory of its own that stays, and calls `use` with the
/// launches of every copy while all of them are there.
void with_copies(const validate::Case& one, const inputs::KvTensors& inputs, Device& device,
                 int copies, std::vector<Launches>& held, const std::function<void()>& use) {
  validate::DeviceRunHooks hooks;
  hooks.finished = [&](const Launches& launches) {
    held.push_back(launches);
    if (static_cast<int>(held.size()) < copies)
      with_copies(one, inputs, device, copies, held, use);
    else
      use();
  };
  validate::run_on_device(one, inputs, device, hooks);
}

std::vector<measure::Rotation> to_rotations(const std::vector<Launches>& copies) {
  std::vector<measure::Rotation> rotations;
  for (std::size_t kernel = 0; kernel < copies.front().size(); ++kernel) {
    measure::Rotation rotation{.kernel = std::string(copies.front()[kernel].kernel)};
    for (const Launches& launches : copies) rotation.launches.push_back(launches[kernel].launch);
    rotations.push_back(std::move(rotation));
  }
  return rotations;
}

/// The same cache stored dense and attended to: what every other attention is measured against.
std::optional<validate::Case> dense_partner(const validate::Case& one, const DeviceInfo& device) {
  const validate::Method& dense = validate::method_named("dense");
  if (one.method == dense.name) return std::nullopt;
  validate::Case partner = one;
  partner.method = dense.name;
  partner = dense.heeded(std::move(partner));
  try {
    validate::resources_on(partner, Backend::kCuda, device);
  } catch (const std::invalid_argument&) {
    return std::nullopt;  // shapes that the dense kernel has no instance for
  }
  return partner;
}

/// What the kernels of one case gave, in the order of their launches.
struct Group {
  validate::Case one;
  std::vector<std::string> kernels;
  std::vector<measure::Measured> measured;     // [kernels]
  std::optional<measure::Measured> partner{};  // the dense decode of the same cache
};

class Measurer {
 public:
  Measurer(Device& device, MeasureOptions options)
      : device_(static_cast<CudaDevice&>(device)),
        gpu_(device_, {options.rule, options.counters, std::move(options.metrics)}) {}

  void complete(const CaseRun& run, traces::Record& record) {
    if (!group_ || group_->one != run.one) group_ = measure_group(run);
    for (std::size_t i = 0; i < group_->kernels.size(); ++i) {
      if (group_->kernels[i] == record.kernel.name) add_measured(group_->measured[i], record);
      add_phase(group_->kernels[i], group_->measured[i], record);
    }
    if (group_->partner && validate::attends(record.kernel.name))
      add_partner(*group_->partner, record);
  }

 private:
  /// As many as find L2 cold, fewer where the device has no room for them.
  int num_copies(const validate::Case& one) const {
    const traces::Bytes bytes =
        validate::count_bytes(validate::method_named(one.method).kernels.back(), one, 0);
    const auto each = static_cast<double>(
        validate::resources_on(one, Backend::kCuda, device_.info()).device_bytes);
    const double room = kMemoryShare / 2 * static_cast<double>(device_.info().memory_bytes) / each;
    const int wanted = measure::copies_for_cold_l2(
        static_cast<double>(traces::compressed_bytes(bytes)), device_.info());
    return static_cast<int>(std::clamp(room, 1.0, static_cast<double>(wanted)));
  }

  Group measure_group(const CaseRun& run) {
    Group group{run.one, {}, {}, {}};
    std::vector<Launches> held, partner_held;
    const auto measure = [&] {
      std::vector<measure::Rotation> rotations = to_rotations(held);
      for (const measure::Rotation& rotation : rotations) group.kernels.push_back(rotation.kernel);
      if (!partner_held.empty()) {
        rotations.push_back(std::move(to_rotations(partner_held).back()));
        rotations.back().time_only = true;
      }
      group.measured = gpu_.measure(rotations);
      if (!partner_held.empty()) {
        group.partner = std::move(group.measured.back());
        group.measured.pop_back();
      }
    };
    with_copies(run.one, run.inputs, device_, num_copies(run.one), held, [&] {
      const auto partner = dense_partner(run.one, device_.info());
      if (!partner) return measure();
      with_copies(*partner, run.inputs, device_, num_copies(*partner), partner_held, measure);
    });
    return group;
  }

  static void add_partner(const measure::Measured& measured, traces::Record& record) {
    for (const traces::Time& time : measured.times) {
      if (time.name != "cold") continue;
      record.times.push_back(time);
      record.times.back().name = "dense cold, interleaved";
    }
  }

  /// The kernel's duration as a phase of the step that the record is part of.
  static void add_phase(const std::string& kernel, const measure::Measured& measured,
                        traces::Record& record) {
    const auto activity = std::find_if(measured.times.begin(), measured.times.end(),
                                       [](const auto& time) { return time.name == "activity"; });
    if (activity == measured.times.end()) return;
    record.phases.push_back({kernel, activity->statistics.median_ns, traces::Provenance::measured});
  }

  CudaDevice& device_;
  measure::GpuMeasurement gpu_;
  std::optional<Group> group_;
};

}  // namespace

void describe_gpu(Device&, traces::Environment& environment) {
  measure::Nvml nvml(measure::pci_bus_id(measure::current_ordinal()));
  if (const std::string driver = nvml.driver_version(); !driver.empty())
    environment.driver_version = driver;
  environment.device.max_sm_clock_mhz = nvml.max_sm_clock_mhz();
  environment.device.memory_clock_mhz = nvml.memory_clock_mhz();
  environment.device.ecc = nvml.ecc();
  environment.device.mig = nvml.mig();
#if KVROOF_HAS_CUPTI
  std::uint32_t version = 0;
  if (cupti::load().usable() && cupti::load().api.cuptiGetVersion(&version) == CUPTI_SUCCESS)
    environment.cupti_version = fmt::format("{}", version);
#endif
  environment.l2_policy =
      "cold: rotating buffers, 4 x L2 together, at most 256; warm: one buffer; counters: cold, L2 "
      "filled by reading";
}

Complete measure_on_gpu(Device& device, MeasureOptions options) {
  const auto measurer = std::make_shared<Measurer>(device, std::move(options));
  return [measurer](const Planned&, const CaseRun& run, traces::Record& record) {
    measurer->complete(run, record);
  };
}
#else
Complete measure_on_gpu(Device&, MeasureOptions) {
  throw std::logic_error("a build without CUDA has no device to measure on");
}
void describe_gpu(Device&, traces::Environment&) {}
#endif

}  // namespace kvroof::sweep
