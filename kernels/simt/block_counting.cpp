// SPDX-License-Identifier: Apache-2.0
// The part of Block that turns what the lanes of a warp did into counts.
#include <algorithm>
#include <bit>

#include "kernels/simt/block.hpp"
#include "kernels/simt/traffic.hpp"

namespace kvroof::simt {
namespace {

constexpr std::uintptr_t kLineBytes = 128;

void count_shared(const WarpAccess& access, SharedTraffic& traffic) {
  const Wavefronts wavefronts = shared_wavefronts(access);
  if (access.active != 0) ++traffic.requests;
  traffic.wavefronts += wavefronts.actual;
  traffic.ideal_wavefronts += wavefronts.ideal;
}

}  // namespace

void Block::end_stretch(Warp& warp) {
  settle_meter();
  for (std::size_t pipe = 0; pipe < kPipes; ++pipe) {
    counters_.instructions[pipe] += *std::ranges::max_element(warp.issued[pipe]);
  }
  warp.issued = {};
  if (!launch_->counters) return;
  for (const WarpAccess& access : warp.accesses) count_access(access);
  if (warp.accesses.diverged()) ++counters_.diverged_segments;
  warp.accesses.clear();
  warp.cursors.fill({});
}

void Block::count_access(const WarpAccess& access) {
  ++counters_.instructions[static_cast<std::size_t>(Pipe::kLsu)];
  switch (access.kind) {
    case AccessKind::kGlobalLoad: return count_global(access, counters_.global_load);
    case AccessKind::kGlobalStore: return count_global(access, counters_.global_store);
    case AccessKind::kGlobalAtomic: return count_global(access, counters_.global_atomic);
    case AccessKind::kAsyncCopy: return count_global(access, counters_.async_copy);
    case AccessKind::kSharedLoad: return count_shared(access, counters_.shared_load);
    case AccessKind::kSharedStore: return count_shared(access, counters_.shared_store);
    case AccessKind::kSharedAtomic: return count_shared(access, counters_.shared_atomic);
    case AccessKind::kLoadMatrix: return count_shared(access, counters_.load_matrix);
  }
}

void Block::count_global(const WarpAccess& access, GlobalTraffic& traffic) {
  const TouchedLines touched = touched_lines(access);
  if (access.active != 0) ++traffic.requests;
  traffic.sectors += touched.sector_count();
  traffic.bytes += std::int64_t{std::popcount(access.active)} * access.bytes;
  const bool reads = access.kind != AccessKind::kGlobalStore;
  const bool writes =
      access.kind == AccessKind::kGlobalStore || access.kind == AccessKind::kGlobalAtomic;
  constexpr std::int64_t kSectorBytes = 32;
  for (int i = 0; i < touched.count; ++i) {
    const std::uintptr_t line = touched.lines[i] * kLineBytes;
    Allocation* const allocation = find_global(line, 1);
    if (allocation == nullptr) continue;
    const std::size_t offset = line - allocation->begin();
    const unsigned sectors = touched.sectors[i];
    if (reads) {
      counters_.footprint_read_bytes += kSectorBytes * allocation->touch(offset, sectors, false);
    }
    if (writes) {
      counters_.footprint_written_bytes += kSectorBytes * allocation->touch(offset, sectors, true);
    }
  }
}

void Block::count_bulk_copy(std::uintptr_t from, std::size_t bytes) {
  constexpr std::size_t sector = 32;
  constexpr std::size_t line_sectors = kLineBytes / sector;
  ++counters_.instructions[static_cast<std::size_t>(Pipe::kLsu)];
  ++counters_.warp_copy.requests;
  counters_.warp_copy.bytes += static_cast<std::int64_t>(bytes);
  Allocation* const allocation = find_global(from, bytes);
  for (std::uintptr_t at = from / sector; at <= (from + bytes - 1) / sector; ++at) {
    ++counters_.warp_copy.sectors;
    if (allocation == nullptr) continue;
    const std::size_t offset = at / line_sectors * kLineBytes - allocation->begin();
    counters_.footprint_read_bytes += static_cast<std::int64_t>(sector) *
                                      allocation->touch(offset, 1u << at % line_sectors, false);
  }
}

void Block::count_ungrouped(int lane, const LaneAccess& access) {
  WarpAccess alone;
  alone.kind = access.kind;
  alone.bytes = access.bytes;
  alone.present = alone.active = 0;
  alone.add(lane, access);
  ++counters_.ungrouped_accesses;
  count_access(alone);
}

}  // namespace kvroof::simt
