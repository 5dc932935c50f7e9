// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/access_stream.hpp"

#include <algorithm>

namespace kvroof::simt {
namespace {

// A lane that runs longer without a rendezvous is counted access by access (18 MB of entries).
constexpr std::uint32_t kLongest = 1u << 16;
constexpr std::uint32_t kNone = 0xffffffffu;

}  // namespace

bool AccessStream::append(int lane, const LaneAccess& access) {
  if (size_ == kLongest) return false;
  if (size_ == entries_.size()) entries_.emplace_back();
  WarpAccess& entry = entries_[size_];
  entry.site = access.site;
  entry.loop_path = access.loop_path;
  entry.kind = access.kind;
  entry.bytes = access.bytes;
  entry.present = entry.active = 0;
  entry.next = kNone;
  entry.add(lane, access);
  if (indexed_) add_to_index(size_);
  ++size_;
  return true;
}

bool AccessStream::record_diverged(int lane, const LaneAccess& access) {
  if (!indexed_) build_index();
  const auto found = index_.find({access.site.id(), access.loop_path});
  if (found == index_.end()) return append(lane, access);
  Chain& chain = found->second;
  std::uint32_t at = chain.lane == lane ? entries_[chain.cursor].next : chain.first;
  while (at != kNone && (entries_[at].present >> lane & 1u) != 0) at = entries_[at].next;
  chain.lane = lane;
  if (at == kNone) {
    const bool grouped = append(lane, access);
    chain.cursor = chain.last;
    return grouped;
  }
  entries_[at].add(lane, access);
  chain.cursor = at;
  return true;
}

void AccessStream::build_index() {
  indexed_ = true;
  for (std::uint32_t entry = 0; entry < size_; ++entry) add_to_index(entry);
}

void AccessStream::add_to_index(std::uint32_t entry) {
  const Key key{entries_[entry].site.id(), entries_[entry].loop_path};
  const auto [place, is_new] = index_.try_emplace(key, Chain{entry, entry});
  if (is_new) return;
  entries_[place->second.last].next = entry;
  place->second.last = entry;
}

bool AccessStream::diverged() const {
  std::uint32_t lanes = 0;
  for (const WarpAccess& access : *this) lanes |= access.present;
  return std::any_of(begin(), end(),
                     [&](const WarpAccess& access) { return access.present != lanes; });
}

void AccessStream::clear() {
  size_ = 0;
  if (indexed_) index_.clear();
  indexed_ = false;
}

}  // namespace kvroof::simt
