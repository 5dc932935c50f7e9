// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/device_info.hpp"

namespace kvroof {

enum class Backend { kSim, kCuda };

/// "sim" or "cuda": the names of the command line and of every record.
constexpr std::string_view to_string(Backend backend) {
  return backend == Backend::kSim ? "sim" : "cuda";
}

/// Something that has memory of its own and runs kernels in order: one CUDA device and stream, or
/// the simulator. Launch functions take a Device and pick the build of the kernel that belongs to
/// its backend.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  virtual Backend backend() const = 0;
  virtual const DeviceInfo& info() const = 0;

  /// `bytes` of device memory aligned to 256; contents undefined. `name` appears in reports about
  /// this memory. Throws std::runtime_error when the device has no room. `bytes` 0 is allowed.
  virtual void* allocate(std::size_t bytes, std::string_view name) = 0;
  /// Returns memory of allocate(); never throws.
  virtual void release(void* memory) noexcept = 0;

  // In stream order; the host side of a copy may be reused as soon as the call returns.
  virtual void copy_to_device(void* destination, const void* source, std::size_t bytes) = 0;
  virtual void copy_to_host(void* destination, const void* source, std::size_t bytes) = 0;
  virtual void fill(void* destination, std::byte value, std::size_t bytes) = 0;
  /// Waits for everything launched; throws std::runtime_error when a kernel failed.
  virtual void synchronize() = 0;
  /// What was noticed about the kernels since the last call, a sentence each: the simulator's
  /// hazards; nothing on CUDA.
  virtual std::vector<std::string> take_reports() { return {}; }
};

/// Owns an array in the memory of a Device. Move-only; the Device must outlive it.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>, "device memory holds plain bytes");

 public:
  DeviceBuffer() = default;
  DeviceBuffer(Device& device, std::size_t count, std::string_view name)
      : device_(&device),
        data_(static_cast<T*>(device.allocate(count * sizeof(T), name))),
        count_(count) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : device_(std::exchange(other.device_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        count_(std::exchange(other.count_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~DeviceBuffer() {
    if (device_ != nullptr) device_->release(data_);
  }

  T* data() const { return data_; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return count_ * sizeof(T); }

  /// Copies min(size(), source.size()) elements to the start of the array.
  void upload(std::span<const T> source) {
    const std::size_t count = source.size() < count_ ? source.size() : count_;
    if (count > 0) device_->copy_to_device(data_, source.data(), count * sizeof(T));
  }
  /// Copies min(size(), destination.size()) elements from the start of the array.
  void download(std::span<T> destination) const {
    const std::size_t count = destination.size() < count_ ? destination.size() : count_;
    if (count > 0) device_->copy_to_host(destination.data(), data_, count * sizeof(T));
  }
  /// Sets every byte.
  void fill(std::byte value) {
    if (count_ > 0) device_->fill(data_, value, bytes());
  }

 private:
  Device* device_ = nullptr;
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace kvroof
