// SPDX-License-Identifier: Apache-2.0
#include "kernels/device_info.hpp"

namespace kvroof {

DeviceInfo h200_device_info() {
  constexpr std::int64_t kib = 1024;
  constexpr std::int64_t gib = kib * kib * kib;
  return {.name = "NVIDIA H200",
          .compute_capability_major = 9,
          .compute_capability_minor = 0,
          .sm_count = 132,
          .warps_per_sm = 64,
          .registers_per_sm = 65536,
          .shared_bytes_per_sm = 228 * kib,
          .shared_bytes_per_block = 227 * kib,
          .l2_bytes = 50 * kib * kib,
          .memory_bytes = 141 * gib};
}

}  // namespace kvroof
