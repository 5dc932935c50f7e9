// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstring>

#include "kernels/simt/access_check.hpp"
#include "kernels/simt/memory_access.hpp"

namespace kvroof::simt {
namespace {

HazardKind kind_of(const SharedFinding& finding, int thread, SharedWrite how) {
  if (finding.fault == SharedFault::kUninitialised) return HazardKind::kUninitialisedShared;
  if (finding.fault == SharedFault::kPendingCopy) return HazardKind::kAsyncCopyNotAwaited;
  if (finding.fault == SharedFault::kWriteAfterRead && how == SharedWrite::kAsyncCopy) {
    return HazardKind::kAsyncCopyOverwrite;
  }
  const int warp = thread / kLanes;
  const bool same_warp = finding.other < SharedCell::kLanes
                             ? finding.other / kLanes == warp
                             : finding.other == (SharedCell::kLanes | warp);
  return same_warp ? HazardKind::kSharedRaceWithinWarp : HazardKind::kSharedRaceBetweenWarps;
}

std::string describe(const SharedFinding& finding, std::size_t offset, int bytes) {
  char buffer[40];
  const char* const other = describe_accessor(finding.other, buffer);
  const auto where = [&] {
    return fmt::format("{}:{}", finding.other_site.file(), finding.other_site.line());
  };
  switch (finding.fault) {
    case SharedFault::kNone: break;
    case SharedFault::kUninitialised:
      return fmt::format("{} shared bytes at {} are read, not all written in this block", bytes,
                         offset);
    case SharedFault::kPendingCopy:
      return fmt::format(
          "{} shared bytes at {} are touched while the copy of {} at {} is under way", bytes,
          offset, other, where());
    case SharedFault::kReadAfterWrite:
      return fmt::format("{} shared bytes at {} are read, {} wrote them at {}", bytes, offset,
                         other, where());
    case SharedFault::kWriteAfterRead:
      return fmt::format("{} shared bytes at {} are written, {} reads them at {}", bytes, offset,
                         other, where());
    case SharedFault::kWriteAfterWrite:
      return fmt::format("{} shared bytes at {} are written, {} wrote them at {}", bytes, offset,
                         other, where());
  }
  return {};
}

template <int Bytes>
void read_at_offset(Block& block, void* value, std::size_t offset, Site site) {
  if (offset != kBadOffset) {
    if (block.launch().checks) check_shared_read<Bytes>(block, offset, site);
    std::memcpy(value, block.shared().data() + offset, Bytes);
  } else {
    std::memset(value, static_cast<int>(SharedMemory::kPoison), Bytes);
  }
  record(block, AccessKind::kSharedLoad, Bytes, offset, offset != kBadOffset, site);
}

}  // namespace

void report_misaligned(Block& block, std::uintptr_t address, std::size_t bytes, Site site) {
  block.report(HazardKind::kMisaligned, site, current->index, [&] {
    return fmt::format("{} bytes at an address {} bytes past a multiple of {}", bytes,
                       address & (bytes - 1), bytes);
  });
}

void report_shared(Block& block, const SharedFinding& finding, std::size_t offset, int bytes,
                   SharedWrite how, Site site) {
  block.report(kind_of(finding, current->index, how), site, current->index,
               [&] { return describe(finding, offset, bytes); });
}

void report_shared_outside(Block& block, std::int64_t offset, std::size_t bytes, Site site) {
  block.report(HazardKind::kSharedOutOfBounds, site, current->index, [&] {
    return fmt::format("{} bytes at byte {} of the {} dynamic shared bytes of the launch", bytes,
                       offset, block.shared().bytes());
  });
}

void check_shared_write(Block& block, std::size_t offset, int bytes, SharedWrite how,
                        const void* value, Site site) {
  const SharedFinding finding =
      block.shared().write(offset, bytes, accessor(block), site, how, value);
  if (finding.fault != SharedFault::kNone) [[unlikely]] {
    report_shared(block, finding, offset, bytes, how, site);
  }
}

template <int Bytes>
void read_shared(void* value, const void* address, bool on, Site site) {
  Block& block = *current->block;
  block.step(site);
  if (on) {
    read_at_offset<Bytes>(block, value, checked_shared_offset(block, address, Bytes, site), site);
  } else {
    std::memset(value, 0, Bytes);
    record(block, AccessKind::kSharedLoad, Bytes, 0, false, site);
  }
}

template <int Bytes>
void read_shared_at(void* value, std::uint32_t address, Site site) {
  Block& block = *current->block;
  block.step(site);
  const std::byte* const pointer =
      block.shared().data() + (std::ptrdiff_t{address} - std::ptrdiff_t{kSharedWindow});
  read_at_offset<Bytes>(block, value, checked_shared_offset(block, pointer, Bytes, site), site);
}

template <int Bytes>
void write_shared(void* address, const void* value, bool on, Site site) {
  Block& block = *current->block;
  block.step(site);
  const std::size_t offset = on ? checked_shared_offset(block, address, Bytes, site) : kBadOffset;
  if (offset != kBadOffset) {
    if (block.launch().checks) {
      check_shared_write(block, offset, Bytes, SharedWrite::kStore, value, site);
    }
    std::memcpy(address, value, Bytes);
  }
  record(block, AccessKind::kSharedStore, Bytes, offset, offset != kBadOffset, site);
}

std::uint32_t atomic_add_to_shared(std::uint32_t* address, std::uint32_t value, Site site) {
  Block& block = *current->block;
  block.step(site);
  const std::size_t offset = checked_shared_offset(block, address, sizeof *address, site);
  std::uint32_t before = 0xcdcdcdcdu;
  if (offset != kBadOffset) {
    if (block.launch().checks) {
      check_shared_write(block, offset, sizeof *address, SharedWrite::kAtomic, nullptr, site);
    }
    before = *address;
    *address += value;
  }
  record(block, AccessKind::kSharedAtomic, sizeof *address, offset, offset != kBadOffset, site);
  return before;
}

std::byte* shared_base() { return current->block->shared().data(); }

std::uint32_t shared_window_address(const void* pointer) {
  const std::ptrdiff_t offset = static_cast<const std::byte*>(pointer) - shared_base();
  return static_cast<std::uint32_t>(offset + std::ptrdiff_t{kSharedWindow});
}

std::size_t read_matrix_row(const void* address, Site site) {
  constexpr int kRowBytes = 16;
  Block& block = *current->block;
  const std::size_t offset = checked_shared_offset(block, address, kRowBytes, site);
  if (offset != kBadOffset && block.launch().checks) {
    check_shared_read<kRowBytes>(block, offset, site);
  }
  record(block, AccessKind::kLoadMatrix, kRowBytes, offset, offset != kBadOffset, site);
  return offset == kBadOffset ? kBadRow : offset;
}

template void read_shared<1>(void*, const void*, bool, Site);
template void read_shared<2>(void*, const void*, bool, Site);
template void read_shared<4>(void*, const void*, bool, Site);
template void read_shared<8>(void*, const void*, bool, Site);
template void read_shared<16>(void*, const void*, bool, Site);
template void write_shared<1>(void*, const void*, bool, Site);
template void write_shared<2>(void*, const void*, bool, Site);
template void write_shared<4>(void*, const void*, bool, Site);
template void write_shared<8>(void*, const void*, bool, Site);
template void write_shared<16>(void*, const void*, bool, Site);
template void read_shared_at<4>(void*, std::uint32_t, Site);
template void read_shared_at<8>(void*, std::uint32_t, Site);
template void read_shared_at<16>(void*, std::uint32_t, Site);

}  // namespace kvroof::simt
