// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/hazard.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace kvroof::simt {
namespace {

struct Words {
  HazardKind kind;
  std::string_view name;
  std::string_view advice;
};

constexpr std::array kWords = {
    Words{
        HazardKind::kGlobalOutOfBounds, "global memory out of bounds",
        "check the index against the size of the array, or predicate the access with an _if form"},
    Words{HazardKind::kUseAfterFree, "use of freed global memory",
          "keep the buffer alive until the kernel that uses it has run"},
    Words{HazardKind::kMisaligned, "misaligned access",
          "align the address to the size of the access, or use a narrower one"},
    Words{HazardKind::kUninitialisedGlobal, "uninitialised global memory",
          "copy to or fill the memory first, or let a kernel write it before it is read"},
    Words{
        HazardKind::kGlobalRaceBetweenBlocks, "race between blocks",
        "let each block write bytes of its own, use an atomic, or hand over by thread_fence() and "
        "an atomic ticket"},
    Words{HazardKind::kSharedOutOfBounds, "shared memory out of bounds",
          "ask for enough dynamic shared memory at the launch, or check the index"},
    Words{HazardKind::kUninitialisedShared, "uninitialised shared memory",
          "write the bytes in this block before they are read"},
    Words{HazardKind::kSharedRaceBetweenWarps, "race between warps",
          "put sync_threads() between the two accesses"},
    Words{HazardKind::kSharedRaceWithinWarp, "race within a warp",
          "put sync_warp() between the two accesses; shuffles and votes order no memory"},
    Words{HazardKind::kAsyncCopyNotAwaited, "asynchronous copy not awaited",
          "commit the copy and call copy_async_wait<N>() with a smaller N before the access"},
    Words{HazardKind::kAsyncCopyOverwrite, "asynchronous copy overwrites data in use",
          "put a barrier between the last read of the buffer and the copy that refills it"},
    Words{HazardKind::kDivergentBarrier, "divergent barrier",
          "let every thread of the block reach the same sync_threads()"},
    Words{HazardKind::kDivergentCollective, "divergent collective",
          "let all lanes of the mask reach the same call, or name in the mask only those that do"},
    Words{HazardKind::kInactiveShuffleSource, "shuffle from an inactive lane",
          "shuffle only from lanes that take part, or widen the mask and the branch"},
    Words{HazardKind::kInvalidMetadata, "invalid sparsity metadata",
          "let every 4 bits name two different columns of four, the lower one in the low bits"},
    Words{HazardKind::kDeadlock, "deadlock", "let all the waiting threads reach one barrier"},
    Words{HazardKind::kLivelock, "livelock",
          "do not spin on what another block or a waiting thread must write; if the block is only "
          "long, raise step_budget"},
    Words{HazardKind::kSharedOverLimit, "shared memory over the device's limit",
          "take a smaller tile or fewer stages, or a device with more shared memory per block"},
};

const Words& words(HazardKind kind) {
  for (const Words& entry : kWords) {
    if (entry.kind == kind) return entry;
  }
  return kWords.front();  // every kind has a row: see the test of the table
}

}  // namespace

bool detail::same_file_and_line(Site a, Site b) {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file(), b.file()) == 0;
}

std::string_view to_string(HazardKind kind) { return words(kind).name; }
std::string_view advice(HazardKind kind) { return words(kind).advice; }

std::string Hazard::describe() const {
  const std::string where = line == 0 ? std::string("launch") : fmt::format("{}:{}", file, line);
  const std::string who =
      thread < 0 ? std::string()
                 : fmt::format(", block ({}, {}, {}) thread {}", block.x, block.y, block.z, thread);
  return fmt::format("{} in {} at {}{}: {} (seen {} times). To do: {}.", to_string(kind), kernel,
                     where, who, details, count, advice(kind));
}

HazardLog::Entry& HazardLog::entry_of(const Event& event) {
  const Key key(event.kernel, event.site.file(), event.site.line(), event.kind);
  const auto [place, is_new] = entries_.try_emplace(key);
  if (is_new) {
    Hazard& hazard = place->second.hazard;
    hazard.kind = event.kind;
    hazard.kernel = event.kernel;
    hazard.file = event.site.file();
    hazard.line = event.site.line();
  }
  return place->second;
}

std::vector<Hazard> HazardLog::hazards() const {
  const std::lock_guard lock(mutex_);
  std::vector<Hazard> result;
  for (const auto& [key, entry] : entries_) result.push_back(entry.hazard);
  return result;
}

std::size_t HazardLog::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void HazardLog::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace kvroof::simt
