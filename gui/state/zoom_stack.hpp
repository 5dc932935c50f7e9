// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

namespace kvroof::gui {

struct ZoomRange {
  double left = 0, right = 1, bottom = 0, top = 1;
  bool operator==(const ZoomRange&) const = default;
};

/// What a plot showed before each zoom and pan, so that they can be undone.
class ZoomStack {
 public:
  /// Remembers `range` unless it is the one remembered last; the oldest of many is forgotten.
  void push(const ZoomRange& range) {
    constexpr std::size_t kMost = 100;
    if (!ranges_.empty() && ranges_.back() == range) return;
    if (ranges_.size() == kMost) ranges_.erase(ranges_.begin());
    ranges_.push_back(range);
  }
  std::optional<ZoomRange> pop() {
    if (ranges_.empty()) return std::nullopt;
    const ZoomRange range = ranges_.back();
    ranges_.pop_back();
    return range;
  }
  void clear() { ranges_.clear(); }
  bool isEmpty() const { return ranges_.empty(); }

 private:
  std::vector<ZoomRange> ranges_;
};

}  // namespace kvroof::gui
