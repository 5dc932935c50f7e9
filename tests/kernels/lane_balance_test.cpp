// SPDX-License-Identifier: Apache-2.0
// How evenly the lanes of a chunk share its elements when some key channels survive in every row: a
// buffer of the decode kernel has so many lines, and a chunk with a longer lane is gathered,
// slowly. The table of docs/kernels/attention.md, "The format serves the expander".

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof::lane_chunk {
namespace {

constexpr int kHeadDim = 128;
constexpr int kChunks = 200;

/// Where channel `channel` of a key stands: which lane t of a quad has it.
using LaneOfChannel = int (*)(int channel);

int folded(int channel) {
  for (int step = 0; step < steps(kHeadDim); ++step) {
    for (int t = 0; t < 4; ++t) {
      for (int i = 0; i < kNibble; ++i) {
        if (key_channel(t, step, i) == channel) return t;
      }
    }
  }
  ADD_FAILURE() << "no lane has channel " << channel;
  return 0;
}
/// As an mma would have them in natural order.
int natural(int channel) { return channel % 8 / 2; }

/// Of a chunk, in slots.
struct Lanes {
  int longest, shortest;
};

/// As fits() of primitives/chunk_stage.cuh has it, for the lines that a warp's buffer has in a plan
/// for an H200.
bool gathered(const Lanes& lanes, int kept) {
  const int lines = kept == 64 ? 51 : 32;
  constexpr int end_slots = 2, most_tail_slots = 16;
  return lanes.longest + end_slots > lines || lanes.longest - lanes.shortest > most_tail_slots;
}

/// Chunk by chunk. In every row the `strong` channels survive, and random others up to `kept`
/// (std::sample of libstdc++: other libraries draw others).
std::vector<Lanes> lanes_of_chunks(const std::vector<int>& strong, int kept,
                                   LaneOfChannel lane_of) {
  std::array<int, kHeadDim> lanes{};
  for (int channel = 0; channel < kHeadDim; ++channel)
    lanes[static_cast<std::size_t>(channel)] = lane_of(channel);
  std::vector<int> others;
  for (int channel = 0; channel < kHeadDim; ++channel) {
    if (std::find(strong.begin(), strong.end(), channel) == strong.end()) others.push_back(channel);
  }
  std::mt19937 random(7);
  std::vector<Lanes> chunks;
  for (int chunk = 0; chunk < kChunks; ++chunk) {
    std::array<std::array<int, 4>, 8> elements{};  // [g][t]
    for (int token = 0; token < kTokens; ++token) {
      std::vector<int> survivors = strong;
      std::sample(others.begin(), others.end(), std::back_inserter(survivors),
                  kept - static_cast<int>(strong.size()), random);
      for (const int channel : survivors) {
        const int t = lanes[static_cast<std::size_t>(channel)];
        ++elements[static_cast<std::size_t>(token % 8)][static_cast<std::size_t>(t)];
      }
    }
    int most = 0, least = kTokens * kHeadDim;
    for (const auto& quad : elements) {
      const auto [low, high] = std::minmax_element(quad.begin(), quad.end());
      most = std::max(most, *high);
      least = std::min(least, *low);
    }
    const auto slots = [](int count) { return (count + kSlotElements - 1) / kSlotElements; };
    chunks.push_back({slots(most), slots(least)});
  }
  std::sort(chunks.begin(), chunks.end(),
            [](const Lanes& a, const Lanes& b) { return a.longest < b.longest; });
  return chunks;
}

int count_gathered(const std::vector<Lanes>& chunks, int kept) {
  return static_cast<int>(std::count_if(chunks.begin(), chunks.end(),
                                        [&](const Lanes& one) { return gathered(one, kept); }));
}

struct Case {
  const char* name;
  std::vector<int> strong;
  int kept;
  int folded_median, folded_most, natural_median;  // of the longest lanes, in slots
  int natural_gathered;                            // chunks of the 200
};

TEST(LaneBalance, of_strong_key_channels_is_what_the_page_shows) {
  const std::vector<int> adjacent = {40, 41, 42, 43, 44, 45, 46, 47};
  const std::vector<int> pairs = {3,  67, 9,  73,
                                  21, 85, 30, 94};  // head_dim / 2 apart, as RoPE has them
  const std::vector<int> eighths = {0, 8, 16, 24, 32, 40, 48, 56};  // one lane's in natural order
  const Case cases[] = {
      {"none", {}, 64, 36, 38, 36, 0},
      {"none", {}, 40, 24, 26, 24, 0},
      {"8 adjacent", adjacent, 64, 36, 38, 36, 0},
      {"8 adjacent", adjacent, 40, 24, 26, 23, 0},
      {"4 pairs", pairs, 64, 36, 39, 36, 0},
      {"4 pairs", pairs, 40, 23, 26, 23, 0},
      {"every 8th", eighths, 64, 36, 39, 41, 17},
      {"every 8th", eighths, 40, 23, 26, 31, 147},
  };
  for (const Case& one : cases) {
    const std::vector<Lanes> with = lanes_of_chunks(one.strong, one.kept, folded);
    const std::vector<Lanes> without = lanes_of_chunks(one.strong, one.kept, natural);
    SCOPED_TRACE(std::string(one.name) + ", " + std::to_string(one.kept));
    EXPECT_EQ(with[kChunks / 2].longest, one.folded_median);
    EXPECT_EQ(with.back().longest, one.folded_most);
    EXPECT_EQ(count_gathered(with, one.kept), 0);
    EXPECT_EQ(without[kChunks / 2].longest, one.natural_median);
    EXPECT_EQ(count_gathered(without, one.kept), one.natural_gathered);
  }
}

}  // namespace
}  // namespace kvroof::lane_chunk
