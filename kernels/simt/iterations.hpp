// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/simt/block.hpp"
#include "kernels/simt/site.hpp"

namespace kvroof::simt {

/// A range of int whose rounds mark the loop path of the running thread: accesses of different
/// rounds are different instructions, whichever lanes take part in each.
class IterationRange {
 public:
  class Iterator {
   public:
    Iterator(int value, std::uint32_t outer_path, Site site)
        : value_(value), outer_path_(outer_path), site_(site) {}
    int operator*() const { return value_; }
    void operator++() {
      ++value_;
      current->block->step(site_);
      enter_round();
    }
    bool operator!=(const Iterator& other) const { return value_ < other.value_; }
    void enter_round() const {
      constexpr std::uint32_t kMix = 0x9e3779b1u;  // 2^32 / golden ratio
      meter.loop_path = (outer_path_ * 31u + 7u) ^ static_cast<std::uint32_t>(value_ + 1) * kMix;
    }

   private:
    int value_;
    std::uint32_t outer_path_;
    Site site_;
  };

  IterationRange(int first, int last, Site site)
      : first_(first), last_(last), outer_path_(meter.loop_path), site_(site) {}
  ~IterationRange() { meter.loop_path = outer_path_; }
  IterationRange(const IterationRange&) = delete;
  IterationRange& operator=(const IterationRange&) = delete;

  Iterator begin() const {
    const Iterator iterator(first_, outer_path_, site_);
    iterator.enter_round();
    return iterator;
  }
  Iterator end() const { return {last_, outer_path_, site_}; }

 private:
  int first_, last_;
  std::uint32_t outer_path_;
  Site site_;
};

}  // namespace kvroof::simt
