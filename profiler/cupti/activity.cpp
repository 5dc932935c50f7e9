// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/activity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>

#include "traces/kernel_name.hpp"

namespace kvroof::cupti {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::size_t kAlignment = 8;  // cuptiActivityRegisterCallbacks asks for it

// CUPTI's callbacks carry no user data: the one recording that is under way is here.
std::atomic_flag busy;  // set while there is one
const Api* api_in_use = nullptr;
std::vector<KernelActivity>* seen = nullptr;
std::size_t dropped = 0;  // records that found no room

void CUPTIAPI give_buffer(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, kBufferBytes));
  *size = *buffer == nullptr ? 0 : kBufferBytes;
  *most_records = 0;  // as many as fit
}

void CUPTIAPI take_buffer(CUcontext context, std::uint32_t stream, std::uint8_t* buffer,
                          std::size_t, std::size_t valid_bytes) {
  CUpti_Activity* record = nullptr;
  while (seen != nullptr &&
         api_in_use->cuptiActivityGetNextRecord(buffer, valid_bytes, &record) == CUPTI_SUCCESS) {
    if (record->kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) continue;
    const auto* kernel = reinterpret_cast<const CUpti_ActivityKernel10*>(record);
    seen->push_back({traces::readable_kernel_name(kernel->name == nullptr ? "" : kernel->name),
                     kernel->start, kernel->end, kernel->streamId, kernel->registersPerThread});
  }
  std::size_t lost = 0;
  if (seen != nullptr &&
      api_in_use->cuptiActivityGetNumDroppedRecords(context, stream, &lost) == CUPTI_SUCCESS)
    dropped += lost;
  std::free(buffer);
}

/// Records while it lives.
class Recording {
 public:
  Recording(const Api& api, std::vector<KernelActivity>& kernels) : api_(api) {
    api_in_use = &api;
    seen = &kernels;
    dropped = 0;
    check(api, api.cuptiActivityRegisterCallbacks(give_buffer, take_buffer),
          "registering for kernel activity");
    check(api, api.cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL),
          "recording kernel activity");
    enabled_ = true;
  }
  ~Recording() {
    if (enabled_) api_.cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
    seen = nullptr;
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  void flush() {
    check(api_, api_.cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED),
          "collecting kernel activity");
  }

 private:
  const Api& api_;
  bool enabled_ = false;
};

}  // namespace

ActivityResult record_kernels(const Api& api, const std::function<void()>& run) {
  ActivityResult result;
  if (busy.test_and_set()) {
    result.reason = "kernel activity is being recorded already";
    return result;
  }
  std::exception_ptr failure;  // of `run`: not ours to turn into a reason
  try {
    Recording session(api, result.kernels);
    try {
      run();
    } catch (...) {
      failure = std::current_exception();
    }
    session.flush();
    if (dropped > 0) throw Error(fmt::format("CUPTI dropped {} activity records", dropped));
  } catch (const Error& error) {
    result.reason = error.what();
    result.remedy = remedy_of(error.result());
  }
  seen = nullptr;
  busy.clear();
  if (failure) std::rethrow_exception(failure);
  if (result.reason.empty() && result.kernels.empty()) result.reason = "CUPTI recorded no kernel";
  std::sort(result.kernels.begin(), result.kernels.end(),
            [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
  return result;
}

LaunchTimes split_launches(const ActivityResult& recorded, std::size_t launches,
                           std::size_t warm_up) {
  LaunchTimes times;
  times.reason = recorded.reason;
  if (!times.reason.empty()) return times;
  const std::size_t kernels = recorded.kernels.size();
  if (launches <= warm_up || kernels == 0 || kernels % launches != 0) {
    times.reason = fmt::format("CUPTI recorded {} kernels for {} launches, {} of them to warm up",
                               kernels, launches, warm_up);
    return times;
  }
  const auto each = static_cast<std::ptrdiff_t>(kernels / launches);
  const auto kernels_of = [&](std::size_t launch) {
    return recorded.kernels.begin() + static_cast<std::ptrdiff_t>(launch) * each;
  };
  for (std::size_t launch = warm_up; launch < launches; ++launch) {
    double duration_ns = 0;
    std::for_each_n(kernels_of(launch), each, [&](const KernelActivity& kernel) {
      duration_ns += static_cast<double>(kernel.end_ns - kernel.start_ns);
    });
    times.durations_ns.push_back(duration_ns);
  }
  std::vector<double> sorted = times.durations_ns;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const auto nearest = std::find(times.durations_ns.begin(), times.durations_ns.end(), *middle);
  const auto first =
      kernels_of(warm_up + static_cast<std::size_t>(nearest - times.durations_ns.begin()));
  times.typical.assign(first, first + each);
  return times;
}

}  // namespace kvroof::cupti
