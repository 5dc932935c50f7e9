// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace kvroof {

/// What a plan needs to know of a GPU. Plain data: read from a driver (kernels/cuda), from the
/// simulated device (kernels/simt) or from the catalogue of devices (profiler/model).
struct DeviceInfo {
  std::string name;
  int compute_capability_major = 0;
  int compute_capability_minor = 0;
  int sm_count = 0;
  int warps_per_sm = 0;
  int registers_per_sm = 0;
  std::int64_t shared_bytes_per_sm = 0;
  std::int64_t shared_bytes_per_block = 0;  // the opt-in limit of dynamic shared memory
  std::int64_t l2_bytes = 0;
  std::int64_t memory_bytes = 0;

  bool operator==(const DeviceInfo&) const = default;
};

/// The device that plans and the simulator assume when nobody names another: an H200 SXM (132 SMs,
/// 228 KiB of shared memory per SM of which a block may take 227 KiB; CUDA C++ Programming Guide,
/// table "Technical Specifications per Compute Capability", 9.0).
DeviceInfo h200_device_info();

}  // namespace kvroof
