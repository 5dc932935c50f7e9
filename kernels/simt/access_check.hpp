// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/block.hpp"

// Steps that accesses to global and to shared memory have in common.

namespace kvroof::simt {

inline constexpr std::size_t kBadOffset = ~std::size_t{0};

[[gnu::cold]] void report_misaligned(Block& block, std::uintptr_t address, std::size_t bytes,
                                     Site site);
inline bool checked_alignment(Block& block, std::uintptr_t address, std::size_t bytes, Site site) {
  if ((address & (bytes - 1)) == 0) [[likely]]
    return true;
  report_misaligned(block, address, bytes, site);
  return false;
}

/// Offset in dynamic shared memory when the bytes may be touched; reports and gives kBadOffset
/// otherwise.
std::size_t checked_shared_offset(Block& block, const void* address, std::size_t bytes, Site site);
void check_shared_read(Block& block, std::size_t offset, int bytes, Site site);
void check_shared_write(Block& block, std::size_t offset, int bytes, SharedWrite how,
                        const void* value, Site site);

/// Adds the access to the stream of the running thread's warp.
inline void record(Block& block, AccessKind kind, int bytes, std::uintptr_t address, bool active,
                   Site site) {
  if (!block.launch().counters) return;
  Warp& warp = *current->warp;
  const int lane = current->lane;
  const LaneAccess access{address, site, meter.loop_path, kind, static_cast<std::uint8_t>(bytes),
                          active};
  if (!warp.accesses.record(warp.cursors[static_cast<std::size_t>(lane)], lane, access))
      [[unlikely]] {
    block.count_ungrouped(lane, access);
  }
}

}  // namespace kvroof::simt
