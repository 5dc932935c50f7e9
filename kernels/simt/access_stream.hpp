// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "kernels/simt/site.hpp"

namespace kvroof::simt {

enum class AccessKind : std::uint8_t {
  kGlobalLoad,
  kGlobalStore,
  kGlobalAtomic,
  kAsyncCopy,
  kSharedLoad,
  kSharedStore,
  kSharedAtomic,
  kLoadMatrix,
};

/// What one lane did to memory.
struct LaneAccess {
  std::uintptr_t address;  // of the host for global memory, an offset for shared memory
  Site site;
  std::uint32_t loop_path;
  AccessKind kind;
  std::uint8_t bytes;
  bool active;  // false: predicated off or suppressed; issued without traffic
};

/// One instruction of a warp.
struct WarpAccess {
  Site site;
  std::uint32_t loop_path;
  AccessKind kind;
  std::uint8_t bytes;
  std::uint32_t present;  // lanes that issued it
  std::uint32_t active;   // lanes that moved data
  std::uint32_t next;     // next instruction of the same site and loop path
  std::uintptr_t addresses[32];

  bool same_instruction(const LaneAccess& access) const {
    return site.id() == access.site.id() && loop_path == access.loop_path;
  }
  void add(int lane, const LaneAccess& access) {
    const std::uint32_t bit = 1u << lane;
    present |= bit;
    if (access.active) active |= bit;
    addresses[lane] = access.address;
  }
};

/// Where a lane stands in its warp's stream.
struct LaneCursor {
  std::uint32_t next = 0;
  bool diverged = false;
};

/// Groups the accesses of a warp's lanes, which run one after the other, to warp instructions. The
/// n-th access of a lane at a site and loop path belongs to the n-th instruction of that site and
/// path, in whatever order the lanes run. While lanes agree this takes one comparison.
class AccessStream {
 public:
  /// False when the stream is full: the access must be counted by itself.
  bool record(LaneCursor& cursor, int lane, const LaneAccess& access) {
    if (!cursor.diverged) [[likely]] {
      const std::uint32_t at = cursor.next;
      if (at < size_ && entries_[at].same_instruction(access)) [[likely]] {
        entries_[at].add(lane, access);
        ++cursor.next;
        return true;
      }
      if (at == size_) {
        ++cursor.next;
        return append(lane, access);
      }
      cursor.diverged = true;
    }
    return record_diverged(lane, access);
  }

  const WarpAccess* begin() const { return entries_.data(); }
  const WarpAccess* end() const { return entries_.data() + size_; }
  /// Whether some instruction was issued by a part of the lanes only.
  bool diverged() const;
  void clear();

 private:
  struct Chain {  // the instructions of one site and loop path
    std::uint32_t first, last;
    std::uint32_t cursor = 0;  // the latest that `lane` took part in
    int lane = -1;
  };
  struct Key {
    std::uint64_t site;
    std::uint32_t loop_path;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return (key.site ^ (std::uint64_t{key.loop_path} << 29)) * 0x9e3779b97f4a7c15u >> 17;
    }
  };

  bool append(int lane, const LaneAccess& access);
  bool record_diverged(int lane, const LaneAccess& access);
  void build_index();
  void add_to_index(std::uint32_t entry);

  std::vector<WarpAccess> entries_;  // the first size_ are in use
  std::uint32_t size_ = 0;
  bool indexed_ = false;
  std::unordered_map<Key, Chain, Hash> index_;  // only once lanes have diverged
};

}  // namespace kvroof::simt
