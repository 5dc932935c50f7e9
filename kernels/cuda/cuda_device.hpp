// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <string>
#include <vector>

#include "kernels/device.hpp"

namespace kvroof {

/// One CUDA device with a stream of its own. Makes the device current for the calling thread.
class CudaDevice final : public Device {
 public:
  /// Throws std::runtime_error when there is no such device or it is older than compute
  /// capability 8.0.
  explicit CudaDevice(int ordinal = 0);
  ~CudaDevice() override;

  Backend backend() const override { return Backend::kCuda; }
  const DeviceInfo& info() const override { return info_; }
  void* allocate(std::size_t bytes, std::string_view name) override;
  void release(void* memory) noexcept override;
  void copy_to_device(void* destination, const void* source, std::size_t bytes) override;
  void copy_to_host(void* destination, const void* source, std::size_t bytes) override;
  void fill(void* destination, std::byte value, std::size_t bytes) override;
  void synchronize() override;

  cudaStream_t stream() const { return stream_; }

 private:
  DeviceInfo info_;
  cudaStream_t stream_ = nullptr;
};

/// What can be used here: either devices, or the one sentence that says why there is none.
struct CudaAvailability {
  std::vector<DeviceInfo> devices;
  std::string reason;      // empty when there are devices
  int driver_version = 0;  // as CUDA counts: 13000 is 13.0; 0 without a driver
  int runtime_version = 0;
};
/// Never throws; works without a driver.
CudaAvailability query_cuda();

}  // namespace kvroof
