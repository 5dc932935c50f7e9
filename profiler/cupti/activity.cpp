// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/activity.hpp"

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

void CUPTIAPI give_buffer(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, kBufferBytes));
  *size = *buffer == nullptr ? 0 : kBufferBytes;
  *most_records = 0;  // as many as fit
}

void CUPTIAPI take_buffer(CUcontext, std::uint32_t, std::uint8_t* buffer, std::size_t,
                          std::size_t valid_bytes) {
  CUpti_Activity* record = nullptr;
  while (seen != nullptr &&
         api_in_use->cuptiActivityGetNextRecord(buffer, valid_bytes, &record) == CUPTI_SUCCESS) {
    if (record->kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) continue;
    const auto* kernel = reinterpret_cast<const CUpti_ActivityKernel10*>(record);
    seen->push_back({traces::readable_kernel_name(kernel->name == nullptr ? "" : kernel->name),
                     kernel->start, kernel->end, kernel->streamId, kernel->registersPerThread});
  }
  std::free(buffer);
}

/// Records while it lives.
class Recording {
 public:
  Recording(const Api& api, std::vector<KernelActivity>& kernels) : api_(api) {
    api_in_use = &api;
    seen = &kernels;
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
  } catch (const Error& error) {
    result.reason = error.what();
  }
  seen = nullptr;
  busy.clear();
  if (failure) std::rethrow_exception(failure);
  if (result.reason.empty() && result.kernels.empty()) result.reason = "CUPTI recorded no kernel";
  std::sort(result.kernels.begin(), result.kernels.end(),
            [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
  return result;
}

}  // namespace kvroof::cupti
