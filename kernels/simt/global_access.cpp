// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <cstring>

#include "kernels/simt/access_check.hpp"
#include "kernels/simt/block.hpp"
#include "kernels/simt/memory_access.hpp"

namespace kvroof::simt {
namespace {

void report_unmapped(Block& block, std::uintptr_t address, std::size_t bytes, Site site) {
  const GlobalMemory& memory = *block.launch().memory;
  const HazardKind kind =
      memory.was_freed(address) ? HazardKind::kUseAfterFree : HazardKind::kGlobalOutOfBounds;
  block.report(kind, site, current->index, [&] { return memory.describe(address, bytes); });
}

/// The allocation when the bytes may be touched; reports otherwise.
Allocation* checked_target(Block& block, std::uintptr_t address, std::size_t bytes, Site site) {
  if (!checked_alignment(block, address, bytes, site)) return nullptr;
  Allocation* const allocation = block.find_global(address, bytes);
  if (allocation == nullptr) [[unlikely]]
    report_unmapped(block, address, bytes, site);
  return allocation;
}

[[gnu::cold]] void report_uninitialised(Block& block, const Allocation& allocation,
                                        std::size_t offset, int bytes, Site site) {
  block.report(HazardKind::kUninitialisedGlobal, site, current->index, [&] {
    return fmt::format("{} bytes at byte {} of '{}' were never all written", bytes, offset,
                       allocation.name());
  });
}

[[gnu::cold]] void report_race(Block& block, const Allocation& allocation, BlockRaceFinding finding,
                               Site site) {
  block.report(HazardKind::kGlobalRaceBetweenBlocks, site, current->index, [&] {
    const char* const what = finding.race == BlockRace::kReadAfterWrite   ? "reads what"
                             : finding.race == BlockRace::kWriteAfterRead ? "writes what"
                                                                          : "writes over what";
    const char* const verb = finding.race == BlockRace::kWriteAfterRead ? "reads" : "wrote";
    return fmt::format("the thread {} block {} (linear) {} in the same launch: byte {} of '{}'",
                       what, finding.other_block, verb, finding.offset, allocation.name());
  });
}

/// `value` is what a write will store; nullptr for a read.
void check_blocks(Block& block, const Allocation& allocation, std::size_t offset, int bytes,
                  const void* value, Site site) {
  const LaunchContext& launch = block.launch();
  const BlockRaceFinding finding =
      check_block_access(allocation, offset, bytes, value != nullptr, launch.launch_tag,
                         block.history(), *launch.releases);
  if (finding.race == BlockRace::kNone) [[likely]]
    return;
  // Storing what is there already changes nothing, whoever comes first.
  if (finding.race == BlockRace::kWriteAfterWrite && value != nullptr &&
      std::memcmp(allocation.data() + offset, value, static_cast<std::size_t>(bytes)) == 0) {
    return;
  }
  report_race(block, allocation, finding, site);
}

void check_read(Block& block, const Allocation& allocation, std::size_t offset, int bytes,
                Site site) {
  if (!allocation.initialised(offset, bytes)) [[unlikely]] {
    report_uninitialised(block, allocation, offset, bytes, site);
  }
  if (block.launch().check_block_races) {
    check_blocks(block, allocation, offset, bytes, nullptr, site);
  }
}

}  // namespace

template <int Bytes>
void read_global(void* value, const void* address, bool on, Site site) {
  Block& block = *current->block;
  block.step(site);
  const auto from = reinterpret_cast<std::uintptr_t>(address);
  bool moved = false;
  if (on) {
    const Allocation* const allocation = checked_target(block, from, Bytes, site);
    if (allocation != nullptr) {
      moved = true;
      if (block.launch().checks)
        check_read(block, *allocation, from - allocation->begin(), Bytes, site);
      std::memcpy(value, address, Bytes);
    } else {
      std::memset(value, static_cast<int>(SharedMemory::kPoison), Bytes);
    }
  } else {
    std::memset(value, 0, Bytes);
  }
  record(block, AccessKind::kGlobalLoad, Bytes, from, moved, site);
}

template <int Bytes>
void write_global(void* address, const void* value, bool on, Site site) {
  Thread& thread = *current;
  Block& block = *thread.block;
  block.step(site);
  const auto to = reinterpret_cast<std::uintptr_t>(address);
  const Allocation* const allocation = on ? checked_target(block, to, Bytes, site) : nullptr;
  if (allocation != nullptr) {
    const std::size_t offset = to - allocation->begin();
    if (block.launch().checks) {
      allocation->set_initialised(offset, Bytes);
      if (block.launch().check_block_races) {
        check_blocks(block, *allocation, offset, Bytes, value, site);
      }
    }
    thread.fenced = false;
    std::memcpy(address, value, Bytes);
  }
  record(block, AccessKind::kGlobalStore, Bytes, to, allocation != nullptr, site);
}

template <int Bytes>
void copy_async(void* shared, const void* global, bool on, Site site) {
  Thread& thread = *current;
  Block& block = *thread.block;
  block.step(site);
  const auto from = reinterpret_cast<std::uintptr_t>(global);
  bool moved = false;
  if (on) {
    const Allocation* const source = checked_target(block, from, Bytes, site);
    const std::size_t offset = checked_shared_offset(block, shared, Bytes, site);
    if (source != nullptr && offset != kBadOffset) {
      moved = true;
      if (block.launch().checks) {
        check_read(block, *source, from - source->begin(), Bytes, site);
        check_shared_write(block, offset, Bytes, SharedWrite::kAsyncCopy, nullptr, site);
      }
      thread.async.copies.push_back(
          {static_cast<std::uint32_t>(offset), Bytes, static_cast<const std::byte*>(global)});
    }
  }
  record(block, AccessKind::kAsyncCopy, Bytes, from, moved, site);
}

void commit_async_copies() {
  AsyncCopies& async = current->async;
  async.group_ends.push_back(async.copies.size());
}

void wait_async_copies(std::size_t pending) {
  AsyncCopies& async = current->async;
  if (async.group_ends.size() <= pending) return;
  Block& block = *current->block;
  const std::size_t groups = async.group_ends.size() - pending;
  const std::size_t copies = async.group_ends[groups - 1];
  for (std::size_t i = 0; i < copies; ++i) {
    const PendingCopy& copy = async.copies[i];
    std::memcpy(block.shared().data() + copy.shared_offset, copy.source, copy.bytes);
    if (block.launch().checks) {
      block.shared().complete_copy(copy.shared_offset, static_cast<int>(copy.bytes));
    }
  }
  async.copies.erase(async.copies.begin(),
                     async.copies.begin() + static_cast<std::ptrdiff_t>(copies));
  async.group_ends.erase(async.group_ends.begin(),
                         async.group_ends.begin() + static_cast<std::ptrdiff_t>(groups));
  for (std::size_t& end : async.group_ends) end -= copies;
}

void start_bulk_copy(std::uint32_t barrier, void* shared, const void* global, int bytes,
                     Site site) {
  constexpr int piece = 16;  // of which size and addresses must be multiples
  Thread& thread = *current;
  Block& block = *thread.block;
  block.step(site);
  const auto from = reinterpret_cast<std::uintptr_t>(global);
  const std::size_t first = checked_shared_offset(block, shared, piece, site);
  for (int at = 0; at < bytes; at += piece) {
    const std::uintptr_t address = from + static_cast<std::uintptr_t>(at);
    const Allocation* const source = checked_target(block, address, piece, site);
    const std::size_t offset =
        checked_shared_offset(block, static_cast<std::byte*>(shared) + at, piece, site);
    if (source == nullptr || offset == kBadOffset) return;
    if (block.launch().checks) {
      check_read(block, *source, address - source->begin(), piece, site);
      check_shared_write(block, offset, piece, SharedWrite::kAsyncCopy, nullptr, site);
    }
  }
  thread.warp->bulk_copies.push_back(
      {barrier,
       {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(bytes),
        static_cast<const std::byte*>(global)}});
  if (block.launch().counters) block.count_bulk_copy(from, static_cast<std::size_t>(bytes));
}

void wait_bulk_copies(std::uint32_t barrier) {
  Block& block = *current->block;
  std::erase_if(current->warp->bulk_copies, [&](const BulkCopy& bulk) {
    if (bulk.barrier != barrier) return false;
    std::memcpy(block.shared().data() + bulk.copy.shared_offset, bulk.copy.source, bulk.copy.bytes);
    if (block.launch().checks) {
      block.shared().complete_copy(bulk.copy.shared_offset, static_cast<int>(bulk.copy.bytes));
    }
    return true;
  });
  issue(Pipe::kLsu);
}

std::uint32_t atomic_add_to_global(std::uint32_t* address, std::uint32_t value, Site site) {
  Thread& thread = *current;
  Block& block = *thread.block;
  block.step(site);
  const auto to = reinterpret_cast<std::uintptr_t>(address);
  const Allocation* const allocation = checked_target(block, to, sizeof *address, site);
  std::uint32_t before = 0xcdcdcdcdu;
  if (allocation != nullptr) {
    const std::size_t offset = to - allocation->begin();
    if (block.launch().checks && !allocation->initialised(offset, sizeof *address)) {
      report_uninitialised(block, *allocation, offset, sizeof *address, site);
      allocation->set_initialised(offset, sizeof *address);
    }
    before = block.launch().check_block_races
                 ? block.launch().releases->add(address, value, thread.fenced, block.history())
                 : std::atomic_ref(*address).fetch_add(value);
  }
  record(block, AccessKind::kGlobalAtomic, sizeof *address, to, allocation != nullptr, site);
  return before;
}

void fence_global() {
  current->fenced = true;
  issue(Pipe::kLsu);
}

template void read_global<1>(void*, const void*, bool, Site);
template void read_global<2>(void*, const void*, bool, Site);
template void read_global<4>(void*, const void*, bool, Site);
template void read_global<8>(void*, const void*, bool, Site);
template void read_global<16>(void*, const void*, bool, Site);
template void write_global<1>(void*, const void*, bool, Site);
template void write_global<2>(void*, const void*, bool, Site);
template void write_global<4>(void*, const void*, bool, Site);
template void write_global<8>(void*, const void*, bool, Site);
template void write_global<16>(void*, const void*, bool, Site);
template void copy_async<8>(void*, const void*, bool, Site);
template void copy_async<16>(void*, const void*, bool, Site);

}  // namespace kvroof::simt
