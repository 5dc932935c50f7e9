// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "profiler/cupti/api.hpp"

namespace kvroof::cupti {

/// A kernel as the device ran it. Times in ns of CUPTI's clock.
struct KernelActivity {
  std::string name;  // traces::readable_kernel_name() of it
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::int64_t stream = 0;
  int registers_per_thread = 0;
};

/// What CUPTI's Activity API saw, in order of start, or why it saw nothing.
struct ActivityResult {
  std::vector<KernelActivity> kernels;
  std::string reason;  // empty: all kernels were recorded
  std::string remedy;  // what can be done about it, remedy_of(); "" when that is not known
};

/// Records the kernels that `run` launches; `run` must wait for them. One recording at a time in a
/// process: a second one, a profiler that holds CUPTI, and everything else that CUPTI refuses
/// become the reason. Exceptions of `run` pass through.
ActivityResult record_kernels(const Api& api, const std::function<void()>& run);

/// Kernels of launches that were made one after the other.
struct LaunchTimes {
  std::vector<double> durations_ns;     // a launch each: the sum of its kernels'
  std::vector<KernelActivity> typical;  // kernels of the launch that took the median time
  std::string reason;                   // why there are none; empty: there are
};
/// Deals the kernels of `recorded` to `launches` launches of as many kernels each and leaves out
/// the first `warm_up` of them. A remainder is a reason: nobody could say whose kernels are whose.
LaunchTimes split_launches(const ActivityResult& recorded, std::size_t launches,
                           std::size_t warm_up);

}  // namespace kvroof::cupti
