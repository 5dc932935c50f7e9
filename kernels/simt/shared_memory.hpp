// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/simt/global_memory.hpp"
#include "kernels/simt/site.hpp"

namespace kvroof::simt {

/// Who touches shared memory, and since when all earlier accesses of others are in order: an
/// access at time t is ordered before this thread when t < warp_since (same warp) or
/// t < block_since (any warp).
struct Accessor {
  int thread;
  std::uint32_t warp_since;
  std::uint32_t block_since;
};

/// What is known about one piece of shared memory. Times are those of SharedMemory::now().
struct SharedCell {
  // Times above every real one stand for states that need the slow path.
  static constexpr std::uint32_t kPending = 0xffffffffu;  // an asynchronous copy is under way
  static constexpr std::uint32_t kSplit = 0xfffffffeu;    // look at the cells of the bytes
  static constexpr std::uint32_t kLastTime = 0xf0000000u;
  // Threads 0..1023 by number, several lanes of warp w, several warps.
  static constexpr std::uint16_t kLanes = 0x8000, kWarps = 0xc000;

  Site written_at;
  Site read_at;
  std::uint32_t write_time = 0;  // 0: never
  std::uint32_t read_time = 0;
  std::uint16_t writer = 0;
  std::uint16_t reader = 0;
  bool atomic = false;  // the last write was one
};

enum class SharedFault : std::uint8_t {
  kNone,
  kUninitialised,
  kPendingCopy,  // an asynchronous copy into these bytes is not awaited
  kReadAfterWrite,
  kWriteAfterRead,
  kWriteAfterWrite,
};

/// The first fault of an access, for the report.
struct SharedFinding {
  SharedFault fault = SharedFault::kNone;
  std::uint16_t other = 0;  // encoded as in SharedCell
  Site other_site;
};

enum class SharedWrite { kStore, kAtomic, kAsyncCopy };

/// Dynamic shared memory of the running block, and the order of accesses to it. Times only grow,
/// so that nothing is cleared between blocks.
class SharedMemory {
 public:
  SharedMemory() = default;

  /// Fresh contents for a block: poison everywhere, nothing initialised.
  void begin_block(std::size_t bytes, bool checks);

  std::byte* data() const { return arena_.data(); }
  std::size_t bytes() const { return bytes_; }
  std::uint32_t now() const { return now_; }
  std::uint32_t block_start() const { return block_start_; }
  /// A barrier: later accesses get a later time, which is returned.
  std::uint32_t advance() { return ++now_; }

  /// [offset, offset + size) lies inside bytes(); offset is aligned to size.
  template <int Size>
  SharedFinding read(std::size_t offset, const Accessor& accessor, Site site) {
    if constexpr (Size >= 4) {
      if (read_quick<Size / 4>(offset / 4, accessor, site)) [[likely]]
        return {};
    }
    return read_slow(offset, Size, accessor, site);
  }
  /// Before the new `value` is stored; nullptr when it is not known yet.
  SharedFinding write(std::size_t offset, int size, const Accessor& accessor, Site site,
                      SharedWrite how, const void* value);
  /// The copy into these bytes has been awaited.
  void complete_copy(std::size_t offset, int size);

  static constexpr std::byte kPoison{0xcd};

 private:
  /// Whether an access by `who` at `time` is in order before `accessor`, or its own.
  static bool ordered(std::uint16_t who, std::uint32_t time, const Accessor& accessor) {
    if (time < accessor.block_since || who == accessor.thread) return true;
    return time < accessor.warp_since && who < SharedCell::kWarps &&
           same_warp(who, accessor.thread);
  }
  /// Of a thread or of several lanes.
  static bool same_warp(std::uint16_t who, int thread) {
    const int warp = thread / 32;
    return who < SharedCell::kLanes ? who / 32 == warp : who == (SharedCell::kLanes | warp);
  }
  /// `who` and `thread` together.
  static std::uint16_t both(std::uint16_t who, int thread) {
    return same_warp(who, thread) ? static_cast<std::uint16_t>(SharedCell::kLanes | thread / 32)
                                  : SharedCell::kWarps;
  }

  void split(std::size_t word);
  void read_cell(SharedCell& cell, const Accessor& accessor, Site site, SharedFinding& finding);
  void write_cell(SharedCell& cell, const Accessor& accessor, Site site, SharedWrite how,
                  SharedFinding& finding) const;
  SharedFinding read_slow(std::size_t offset, int size, const Accessor& accessor, Site site);

  /// Notes a read of whole words that nothing is wrong with; false when a closer look is needed.
  template <int Words>
  bool read_quick(std::size_t word, const Accessor& accessor, Site site) {
    for (std::size_t i = word; i < word + Words; ++i) {
      SharedCell& cell = words_[i];
      if (cell.write_time < block_start_ || cell.write_time >= SharedCell::kSplit) return false;
      if (!ordered(cell.writer, cell.write_time, accessor)) return false;
      note_read(cell, accessor, site);
    }
    return true;
  }
  void note_read(SharedCell& cell, const Accessor& accessor, Site site) const {
    const auto thread = static_cast<std::uint16_t>(accessor.thread);
    if (!ordered(cell.reader, cell.read_time, accessor)) {
      cell.reader = cell.reader == thread ? thread : both(cell.reader, thread);
    } else {
      cell.reader = thread;
    }
    cell.read_time = now_;
    cell.read_at = site;
  }

  LazyPages arena_;
  std::size_t capacity_ = 0, bytes_ = 0;
  std::uint32_t now_ = 1, block_start_ = 1;
  std::vector<SharedCell> words_;  // of 4 bytes
  std::vector<std::array<SharedCell, 4>> split_words_;
};

/// In words: "thread 5" or "several lanes of warp 1".
const char* describe_accessor(std::uint16_t who, char (&buffer)[40]);

}  // namespace kvroof::simt
