// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kvroof::inputs {

/// The output function of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): a bijection of 64-bit words with good avalanche.
constexpr std::uint64_t mix_bits(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

/// Random words addressed by position: `at(i)` is the i-th output of SplitMix64 started at the key,
/// so any element can be had without the ones before it, on any machine and in any order.
class CounterRng {
 public:
  constexpr explicit CounterRng(std::uint64_t key) : key_(key) {}

  constexpr std::uint64_t at(std::uint64_t index) const {
    return mix_bits(key_ + (index + 1) * kGoldenGamma);
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform_at(std::uint64_t index) const {
    return static_cast<double>(at(index) >> 11) * 0x1p-53;
  }

  /// An independent stream for each index.
  constexpr CounterRng split(std::uint64_t index) const {
    return CounterRng(mix_bits(at(index) ^ kSplit));
  }

 private:
  static constexpr std::uint64_t kGoldenGamma = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio, odd
  static constexpr std::uint64_t kSplit = 0x6a09e667f3bcc908u;        // 2^64 (sqrt(2) - 1)

  std::uint64_t key_;
};

}  // namespace kvroof::inputs
