// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/traffic.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace kvroof::simt {
namespace {

constexpr int kBanks = 32;

/// Distinct words of the busiest bank, for the lanes of one phase.
int busiest_bank(const WarpAccess& access, std::uint32_t lanes) {
  std::array<std::uint32_t, kBanks> first_word;
  std::uint32_t seen = 0;
  std::array<std::uint32_t, 128> others;  // words that met another one in their bank
  std::array<std::uint8_t, kBanks> depth{};
  int other_count = 0;
  const std::uint32_t words = access.bytes <= 4 ? 1u : access.bytes / 4u;
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto start = static_cast<std::uint32_t>(access.addresses[std::countr_zero(lanes)] / 4);
    for (std::uint32_t word = start; word < start + words; ++word) {
      const std::uint32_t bank = word % kBanks;
      if ((seen >> bank & 1u) == 0) {
        seen |= 1u << bank;
        first_word[bank] = word;
      } else if (first_word[bank] != word) {
        const auto end = others.begin() + other_count;
        if (std::find(others.begin(), end, word) != end) continue;
        others[static_cast<std::size_t>(other_count++)] = word;
        ++depth[bank];
      }
    }
  }
  return seen == 0 ? 0 : 1 + *std::ranges::max_element(depth);
}

}  // namespace

int TouchedLines::sector_count() const {
  int result = 0;
  for (int i = 0; i < count; ++i) result += std::popcount(sectors[i]);
  return result;
}

TouchedLines touched_lines(const WarpAccess& access) {
  TouchedLines result;
  int at = -1;
  for (std::uint32_t lanes = access.active; lanes != 0; lanes &= lanes - 1) {
    const std::uintptr_t address = access.addresses[std::countr_zero(lanes)];
    const std::uintptr_t line = address / 128;
    if (at < 0 || result.lines[at] != line) {
      at = 0;
      while (at < result.count && result.lines[at] != line) ++at;
      if (at == result.count) {
        result.lines[at] = line;
        result.sectors[at] = 0;
        ++result.count;
      }
    }
    result.sectors[at] = static_cast<std::uint8_t>(result.sectors[at] | 1u << (address / 32 % 4));
  }
  return result;
}

Wavefronts shared_wavefronts(const WarpAccess& access) {
  const int phases = access.bytes <= 4 ? 1 : access.bytes / 4;
  const int lanes_per_phase = 32 / phases;
  const std::uint32_t first_lanes =
      lanes_per_phase == 32 ? 0xffffffffu : (1u << lanes_per_phase) - 1u;
  Wavefronts result;
  for (int phase = 0; phase < phases; ++phase) {
    const std::uint32_t lanes = access.active & first_lanes << (phase * lanes_per_phase);
    if (lanes == 0) continue;
    result.actual += busiest_bank(access, lanes);
    ++result.ideal;
  }
  return result;
}

}  // namespace kvroof::simt
