// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_device.hpp"
#include "profiler/measure/interleave.hpp"
#include "profiler/measure/measured.hpp"
#include "profiler/measure/nvml.hpp"

namespace kvroof::measure {

struct GpuOptions {
  StoppingRule rule{};
  bool counters = true;                // hardware counters, in passes of their own
  std::vector<std::string> metrics{};  // more CUPTI metrics, by CUPTI's names
};

/// One kernel over several copies of its arrays. When the copies together are several times the
/// size of L2, a launch finds nothing of its own there.
struct Rotation {
  std::string kernel;                             // as records name it
  std::vector<std::function<void()>> launches{};  // one per copy; each queues the kernel
  bool time_only = false;  // to compare with: neither its activity nor its counters are wanted
};

/// Measures kernels on one GPU. What cannot be measured (no CUPTI, no permission, no NVML) is left
/// out with its reason; only a failing kernel throws.
class GpuMeasurement {
 public:
  GpuMeasurement(CudaDevice& device, GpuOptions options);
  ~GpuMeasurement();

  /// Times the kernels of a group in interleaved rounds, then records and counts each by itself.
  /// In the order of `group`.
  ///
  /// cold: time per launch of a replayed graph of launches that rotate over the copies: as many as
  /// take 2 ms, 20 to about 400.
  /// warm: the same over the first copy only, so that what fits stays in L2.
  /// activity: duration of single cold launches as CUPTI's Activity API saw them.
  std::vector<Measured> measure(std::span<const Rotation> group);

  Nvml& nvml();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Copies of a kernel's arrays, of `bytes` each, that a rotation needs to find L2 cold: together
/// four times L2, at least 2, at most 256.
int copies_for_cold_l2(double bytes, const DeviceInfo& device);

}  // namespace kvroof::measure
