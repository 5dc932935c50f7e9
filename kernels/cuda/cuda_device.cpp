// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/cuda_device.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/cuda/check.hpp"

namespace kvroof {
namespace {

constexpr int kMinimumMajor = 8;  // cp.async, warp reductions, m16n8k16

int attribute(cudaDeviceAttr which, int ordinal) {
  int value = 0;
  KVROOF_CUDA_CHECK(cudaDeviceGetAttribute(&value, which, ordinal));
  return value;
}

DeviceInfo read_info(int ordinal) {
  cudaDeviceProp properties{};
  KVROOF_CUDA_CHECK(cudaGetDeviceProperties(&properties, ordinal));
  return {.name = properties.name,
          .compute_capability_major = properties.major,
          .compute_capability_minor = properties.minor,
          .sm_count = properties.multiProcessorCount,
          .warps_per_sm = properties.maxThreadsPerMultiProcessor / properties.warpSize,
          .registers_per_sm = properties.regsPerMultiprocessor,
          .shared_bytes_per_sm = static_cast<std::int64_t>(properties.sharedMemPerMultiprocessor),
          .shared_bytes_per_block = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, ordinal),
          .l2_bytes = properties.l2CacheSize,
          .memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem)};
}

}  // namespace

CudaAvailability query_cuda() {
  CudaAvailability result;
  cudaRuntimeGetVersion(&result.runtime_version);
  cudaDriverGetVersion(&result.driver_version);
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess) {
    cudaGetLastError();
    result.reason =
        status == cudaErrorInsufficientDriver
            ? "no NVIDIA driver, or one older than this program's CUDA runtime"
            : fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
    return result;
  }
  try {
    for (int ordinal = 0; ordinal < count; ++ordinal) result.devices.push_back(read_info(ordinal));
  } catch (const std::exception& error) {
    result.devices.clear();
    result.reason = error.what();
  }
  if (result.devices.empty() && result.reason.empty()) result.reason = "the driver shows no GPU";
  return result;
}

CudaDevice::CudaDevice(int ordinal) {
  const CudaAvailability available = query_cuda();
  if (available.devices.empty()) {
    throw std::runtime_error(fmt::format("CUDA cannot be used here: {}", available.reason));
  }
  if (ordinal < 0 || ordinal >= static_cast<int>(available.devices.size())) {
    throw std::runtime_error(fmt::format("CUDA device {} does not exist; there are {} (0 to {})",
                                         ordinal, available.devices.size(),
                                         available.devices.size() - 1));
  }
  info_ = available.devices[static_cast<std::size_t>(ordinal)];
  if (info_.compute_capability_major < kMinimumMajor) {
    throw std::runtime_error(fmt::format("{} has compute capability {}.{}; {}.0 or newer is needed",
                                         info_.name, info_.compute_capability_major,
                                         info_.compute_capability_minor, kMinimumMajor));
  }
  KVROOF_CUDA_CHECK(cudaSetDevice(ordinal));
  KVROOF_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

CudaDevice::~CudaDevice() {
  if (stream_ == nullptr) return;
  if (const cudaError_t status = cudaStreamDestroy(stream_); status != cudaSuccess) {
    fmt::print(stderr, "kvroof: destroying a CUDA stream failed: {}\n", cudaGetErrorString(status));
  }
}

void* CudaDevice::allocate(std::size_t bytes, std::string_view name) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes > 0 ? bytes : 1);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw std::runtime_error(
        fmt::format("{} has no room for {} bytes of {}", info_.name, bytes, name));
  }
  KVROOF_CUDA_CHECK(status);
  return memory;
}

void CudaDevice::release(void* memory) noexcept {
  if (const cudaError_t status = cudaFree(memory); status != cudaSuccess) {
    cudaGetLastError();
    fmt::print(stderr, "kvroof: releasing device memory failed: {}\n", cudaGetErrorString(status));
  }
}

void CudaDevice::copy_to_device(void* destination, const void* source, std::size_t bytes) {
  KVROOF_CUDA_CHECK(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyHostToDevice, stream_));
  KVROOF_CUDA_CHECK(cudaStreamSynchronize(stream_));
}

void CudaDevice::copy_to_host(void* destination, const void* source, std::size_t bytes) {
  KVROOF_CUDA_CHECK(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDeviceToHost, stream_));
  KVROOF_CUDA_CHECK(cudaStreamSynchronize(stream_));
}

void CudaDevice::fill(void* destination, std::byte value, std::size_t bytes) {
  KVROOF_CUDA_CHECK(cudaMemsetAsync(destination, std::to_integer<int>(value), bytes, stream_));
}

void CudaDevice::synchronize() { KVROOF_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

}  // namespace kvroof
