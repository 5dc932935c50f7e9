// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/occupancy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernels/error.hpp"

namespace kvroof::model {
namespace {

constexpr std::int64_t kWarpThreads = 32;
constexpr std::int64_t kReservedShared = 1024;
constexpr std::int64_t kRegisterStep = 8;
constexpr int kMostRegisters = 255;
constexpr int kMostWarps = 32;  // 1024 threads per block

std::string why_not(const LaunchShape& shape, const DeviceModel& device, const DeviceInfo& info,
                    std::int64_t block_registers) {
  if (shape.shared_bytes > info.shared_bytes_per_block) {
    return fmt::format("a block needs {} bytes of shared memory, {} has {}", shape.shared_bytes,
                       device.title, info.shared_bytes_per_block);
  }
  if (block_registers > info.registers_per_sm) {
    return fmt::format("a block needs {} registers, an SM of {} has {}", block_registers,
                       device.title, info.registers_per_sm);
  }
  return fmt::format("a block has {} warps, an SM of {} holds {}", shape.warps, device.title,
                     info.warps_per_sm);
}

}  // namespace

int Occupancy::resident_blocks(const LaunchShape& shape, int sm_count) const {
  return std::min(shape.blocks, sm_count * blocks_per_sm);
}

int Occupancy::waves(const LaunchShape& shape, int sm_count) const {
  const int at_once = sm_count * blocks_per_sm;
  return (shape.blocks + at_once - 1) / at_once;
}

Occupancy occupancy(const LaunchShape& shape, const DeviceModel& device) {
  require(shape.blocks > 0, "occupancy: blocks must be positive, got {}", shape.blocks);
  require(shape.warps > 0 && shape.warps <= kMostWarps, "occupancy: warps must be 1 to {}, got {}",
          kMostWarps, shape.warps);
  require(shape.registers > 0 && shape.registers <= kMostRegisters,
          "occupancy: registers must be 1 to {}, got {}", kMostRegisters, shape.registers);
  require(shape.shared_bytes >= 0, "occupancy: shared memory must not be negative, got {}",
          shape.shared_bytes);
  const DeviceInfo info = device_info(device);
  const std::int64_t block_registers = (shape.registers + kRegisterStep - 1) / kRegisterStep *
                                       kRegisterStep * kWarpThreads * shape.warps;
  struct Limit {
    std::int64_t blocks;
    const char* name;
  };
  const bool shared_fits = shape.shared_bytes <= info.shared_bytes_per_block;
  const std::array<Limit, 4> limits{{
      {shared_fits ? info.shared_bytes_per_sm / (shape.shared_bytes + kReservedShared) : 0,
       "shared memory"},
      {info.registers_per_sm / block_registers, "registers"},
      {info.warps_per_sm / shape.warps, "warps"},
      {static_cast<std::int64_t>(device.blocks_per_sm.value), "blocks"},
  }};
  const Limit& tightest =
      *std::min_element(limits.begin(), limits.end(),
                        [](const Limit& a, const Limit& b) { return a.blocks < b.blocks; });
  Occupancy result{.blocks_per_sm = static_cast<int>(tightest.blocks),
                   .limit = tightest.name,
                   .wont_launch = {}};
  if (tightest.blocks == 0) result.wont_launch = why_not(shape, device, info, block_registers);
  return result;
}

}  // namespace kvroof::model
