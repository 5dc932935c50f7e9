// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "kernels/simt/global_memory.hpp"

namespace kvroof::simt {

/// Which releases the running block has made and seen; part of the order between blocks.
struct BlockHistory {
  struct Acquired {
    std::uintptr_t address;
    std::uint64_t order;
  };
  std::uint32_t block = 0;    // linear index in the grid
  std::uint32_t segment = 0;  // releases made so far
  std::vector<Acquired> acquired;
  // The latest answer of ReleaseLog::knows() that was yes: it stays true.
  std::uint32_t known_block = 0xffffffffu, known_segment = 0;

  void begin(std::uint32_t linear_block) {
    *this = BlockHistory{};
    block = linear_block;
  }
};

/// The atomics of a launch that hand data from block to block. A block releases what it did before
/// when a thread that has called thread_fence() since its last store performs an atomic; a block
/// that performs an atomic on the same address later has acquired it.
class ReleaseLog {
 public:
  void clear();

  /// Adds `value` to `*address` and returns the value before, keeping the order of the log.
  std::uint32_t add(std::uint32_t* address, std::uint32_t value, bool released,
                    BlockHistory& history);
  /// Whether `history` has acquired what `block` did in `segment`.
  bool knows(BlockHistory& history, std::uint32_t block, std::uint32_t segment);

 private:
  struct Release {
    std::uint32_t segment;
    std::uint64_t order;
  };
  struct Address {
    std::uint64_t order = 0;
    std::unordered_map<std::uint32_t, std::vector<Release>> by_block;
  };

  std::mutex mutex_;
  std::unordered_map<std::uintptr_t, Address> addresses_;
};

enum class BlockRace { kNone, kReadAfterWrite, kWriteAfterRead, kWriteAfterWrite };
struct BlockRaceFinding {
  BlockRace race = BlockRace::kNone;
  std::uint32_t other_block = 0;  // linear
  std::size_t offset = 0;         // in the allocation
};

inline constexpr std::uint32_t kRaceLaunchTags = 255;  // 1 .. 255, then cells are cleared

/// Looks for another block that touched the same bytes earlier in this launch, and notes this
/// access. A cell holds the latest writer and the readers since, for 4 bytes or, once narrower
/// accesses have come, for each byte.
// NOLINTNEXTLINE(readability-function-size): all that identifies an access and its observer
BlockRaceFinding check_block_access(const Allocation& allocation, std::size_t offset, int bytes,
                                    bool write, std::uint32_t launch_tag, BlockHistory& history,
                                    ReleaseLog& log);

}  // namespace kvroof::simt
