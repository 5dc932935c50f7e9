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

[[gnu::cold]] void report_shared_outside(Block& block, std::int64_t offset, std::size_t bytes,
                                         Site site);
/// Offset in dynamic shared memory when the bytes may be touched; reports and gives kBadOffset
/// otherwise.
inline std::size_t checked_shared_offset(Block& block, const void* address, std::size_t bytes,
                                         Site site) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::size_t offset = at - reinterpret_cast<std::uintptr_t>(block.shared().data());
  const std::size_t size = block.shared().bytes();
  if (offset >= size || bytes > size - offset) [[unlikely]] {
    report_shared_outside(block, static_cast<std::int64_t>(offset), bytes, site);
    return kBadOffset;
  }
  return checked_alignment(block, offset, bytes, site) ? offset : kBadOffset;
}

inline Accessor accessor(const Block& block) {
  return {current->index, current->warp->since[static_cast<std::size_t>(current->lane)],
          block.block_since()};
}
[[gnu::cold]] void report_shared(Block& block, const SharedFinding& finding, std::size_t offset,
                                 int bytes, SharedWrite how, Site site);
template <int Bytes>
void check_shared_read(Block& block, std::size_t offset, Site site) {
  const SharedFinding finding = block.shared().read<Bytes>(offset, accessor(block), site);
  if (finding.fault != SharedFault::kNone) [[unlikely]] {
    report_shared(block, finding, offset, Bytes, SharedWrite::kStore, site);
  }
}
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
