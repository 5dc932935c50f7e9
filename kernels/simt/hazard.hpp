// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kernels/simt/dim3.hpp"
#include "kernels/simt/site.hpp"

namespace kvroof::simt {

enum class HazardKind {
  kGlobalOutOfBounds,
  kUseAfterFree,
  kMisaligned,
  kUninitialisedGlobal,
  kGlobalRaceBetweenBlocks,
  kSharedOutOfBounds,
  kUninitialisedShared,
  kSharedRaceBetweenWarps,
  kSharedRaceWithinWarp,
  kAsyncCopyNotAwaited,
  kAsyncCopyOverwrite,
  kDivergentBarrier,
  kDivergentCollective,
  kInactiveShuffleSource,
  kInvalidMetadata,
  kDeadlock,
  kLivelock,
  kSharedOverLimit,
};

/// A short name for people, for example "race between warps".
std::string_view to_string(HazardKind kind);
/// What to do about it, one sentence.
std::string_view advice(HazardKind kind);

/// One kind of trouble at one line of one kernel.
struct Hazard {
  HazardKind kind{};
  std::string kernel;
  std::string file;
  unsigned line = 0;
  Dim3 block;           // of the occurrence with the lowest block, then thread
  int thread = -1;      // in the block; -1: no thread in particular
  std::string details;  // what happened in that occurrence
  std::int64_t count = 0;

  /// The whole report: kind, place, details, advice.
  std::string describe() const;
};

/// Collects the hazards of all host threads, one entry for each kind and place of a kernel.
class HazardLog {
 public:
  struct Event {
    HazardKind kind;
    std::string_view kernel;
    Site site;
    Dim3 block;
    std::int64_t block_linear;
    int thread;
  };

  /// `details()` returns the text; it is called only when the text is kept.
  template <class Details>
  void add(const Event& event, const Details& details) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entry_of(event);
    const bool is_first = entry.hazard.count++ == 0;
    const auto order = std::tuple(event.block_linear, event.thread);
    if (!is_first && order >= entry.order) return;
    entry.order = order;
    entry.hazard.block = event.block;
    entry.hazard.thread = event.thread;
    entry.hazard.details = details();
  }

  /// In order of kernel, file, line and kind.
  std::vector<Hazard> hazards() const;
  std::size_t size() const;
  void clear();

 private:
  struct Entry {
    Hazard hazard;
    std::tuple<std::int64_t, int> order;
  };
  using Key = std::tuple<std::string, std::string, unsigned, HazardKind>;

  Entry& entry_of(const Event& event);

  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace kvroof::simt
