// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/simt/access_stream.hpp"
#include "kernels/simt/fiber.hpp"
#include "kernels/simt/meter.hpp"
#include "kernels/simt/site.hpp"

namespace kvroof::simt {

class Block;

inline constexpr int kLanes = 32;
inline constexpr int kMaxThreads = 1024;
inline constexpr int kMaxWarps = kMaxThreads / kLanes;

/// One asynchronous copy that has been issued and not awaited. The bytes move when it is awaited.
struct PendingCopy {
  std::uint32_t shared_offset;
  std::uint32_t bytes;
  const std::byte* source;
};

/// The asynchronous copies of one thread, in groups.
struct AsyncCopies {
  std::vector<PendingCopy> copies;
  std::vector<std::size_t> group_ends;  // of the committed groups, oldest first
};

/// A copy of a whole warp that some lane has started on a barrier object and nobody has awaited.
struct BulkCopy {
  std::uint32_t barrier;  // address of the barrier object in the shared window
  PendingCopy copy;
};

enum class Collective : std::uint8_t {
  kSyncWarp,
  kVote,
  kShuffle,
  kReduce,
  kLoadMatrix,
  kLoadMatrixTransposed,
  kMoveMatrix,
  kMmaF16,
  kMmaBf16,
  kMmaSparse,
};

struct Rendezvous;
struct Warp;
/// Carries out a collective for the lanes that have arrived; their operands are in the warp.
using Perform = void (*)(Block& block, Warp& warp, const Rendezvous& rendezvous);

/// Lanes of one warp on their way to one collective.
struct Rendezvous {
  Collective kind{};
  Perform perform = nullptr;
  Site site;
  std::uint32_t mask = 0;
  std::uint32_t arrived = 0;
};

/// One simulated warp.
struct Warp {
  int index = 0;
  std::uint32_t alive = 0;     // lanes that have not exited
  std::uint32_t runnable = 0;  // by position in the lane order, not by lane
  std::uint32_t at_barrier = 0;
  std::array<std::uint32_t, kLanes> since{};  // time of the latest barrier each lane passed
  std::uint32_t stretch_lanes = 0;            // whose accesses the stream groups
  AccessStream accesses;
  std::array<LaneCursor, kLanes> cursors;
  std::array<std::array<std::uint32_t, kLanes>, kPipes> issued{};  // in this stretch
  std::array<void*, kLanes> operands;  // of the lanes that have arrived; on their stacks
  std::vector<Rendezvous> pending;
  std::vector<BulkCopy> bulk_copies;
};

enum class Waiting : std::uint8_t { kNo, kBarrier, kCollective };

/// One simulated thread: a fiber.
struct Thread {
  int index = 0;  // in the block
  int lane = 0;
  Warp* warp = nullptr;
  Block* block = nullptr;
  Waiting waiting = Waiting::kNo;
  bool exited = false;
  bool fenced = false;          // thread_fence() since the last store to global memory
  std::uint32_t loop_path = 0;  // while switched away
  Site site;                    // where it waits
  AsyncCopies async;
  Context context;
};

/// The running thread of this host thread; nullptr on the host side.
KVROOF_SIMT_THREAD_LOCAL Thread* current = nullptr;

}  // namespace kvroof::simt
