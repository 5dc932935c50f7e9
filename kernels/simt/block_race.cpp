// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/block_race.hpp"

#include <algorithm>

namespace kvroof::simt {
namespace {

constexpr std::uint32_t kNobody = 0;
constexpr std::uint32_t kSeveral = (1u << 21) - 1;
constexpr std::uint32_t kLastSegment = 7;

/// A cell unpacked; blocks are stored as number + 1.
struct State {
  std::uint32_t launch = 0;
  std::uint32_t writer = kNobody, reader = kNobody;
  std::uint32_t write_segment = 0, read_segment = 0;
  std::uint32_t written = 0, read = 0;  // byte masks

  static State unpack(std::uint64_t word, std::uint32_t launch) {
    State state;
    state.launch = launch;
    if ((word & 0xff) != launch) return state;  // of an earlier launch: nothing yet
    const auto field = [&](int shift, std::uint32_t mask) {
      return static_cast<std::uint32_t>(word >> shift) & mask;
    };
    state.writer = field(8, kSeveral);
    state.reader = field(29, kSeveral);
    state.write_segment = field(50, kLastSegment);
    state.read_segment = field(53, kLastSegment);
    state.written = field(56, 15);
    state.read = field(60, 15);
    return state;
  }
  std::uint64_t pack() const {
    return std::uint64_t{launch} | std::uint64_t{writer} << 8 | std::uint64_t{reader} << 29 |
           std::uint64_t{write_segment} << 50 | std::uint64_t{read_segment} << 53 |
           std::uint64_t{written} << 56 | std::uint64_t{read} << 60;
  }
};

std::uint32_t number(const BlockHistory& history) {
  return history.block % BlockRaceCell::kBlocks + 1;
}
std::uint32_t segment(const BlockHistory& history) {
  return std::min(history.segment, kLastSegment);
}

bool conflicts(std::uint32_t who, std::uint32_t in_segment, std::uint32_t bytes_there,
               unsigned bytes, BlockHistory& history, ReleaseLog& log) {
  if (who == kNobody || who == number(history) || (bytes_there & bytes) == 0) return false;
  if (who == kSeveral) return false;
  return !log.knows(history, who - 1, in_segment);
}

void note_read(State& state, unsigned bytes, const BlockHistory& history) {
  const std::uint32_t me = number(history);
  state.read |= bytes;
  if (state.reader == me) return;
  state.read_segment = segment(history);
  state.reader = state.reader == kNobody ? me : kSeveral;
}

void note_write(State& state, unsigned bytes, const BlockHistory& history) {
  const std::uint32_t me = number(history);
  const bool shares_word =
      state.writer != kNobody && state.writer != me && (state.written & ~bytes) != 0;
  state.written |= bytes;
  state.writer = shares_word ? kSeveral : me;
  state.write_segment = segment(history);
  state.reader = kNobody;
  state.read = 0;
}

/// Repeats `step` on a copy of the state until it is stored unchanged by others.
template <class Step>
BlockRaceFinding update(std::atomic<std::uint64_t>& cell, std::uint32_t launch, const Step& step) {
  std::uint64_t before = cell.load(std::memory_order_relaxed);
  for (;;) {
    State state = State::unpack(before, launch);
    const BlockRaceFinding finding = step(state);
    const std::uint64_t after = state.pack();
    if (after == before || cell.compare_exchange_weak(before, after, std::memory_order_relaxed)) {
      return finding;
    }
  }
}

}  // namespace

void ReleaseLog::clear() { addresses_.clear(); }

std::uint32_t ReleaseLog::add(std::uint32_t* address, std::uint32_t value, bool released,
                              BlockHistory& history) {
  const std::lock_guard lock(mutex_);
  const std::uint32_t before =
      std::atomic_ref(*address).fetch_add(value, std::memory_order_acq_rel);
  const auto key = reinterpret_cast<std::uintptr_t>(address);
  if (!released && !addresses_.contains(key)) return before;
  Address& log = addresses_[key];
  const std::uint64_t order = ++log.order;
  const auto known = std::ranges::find(history.acquired, key, &BlockHistory::Acquired::address);
  if (known == history.acquired.end()) {
    history.acquired.push_back({key, order});
  } else {
    known->order = order;
  }
  if (released) {
    log.by_block[number(history)].push_back({segment(history), order});
    ++history.segment;
  }
  return before;
}

bool ReleaseLog::knows(BlockHistory& history, std::uint32_t block, std::uint32_t in_segment) {
  if (history.acquired.empty()) return false;
  if (history.known_block == block && history.known_segment >= in_segment) return true;
  const std::lock_guard lock(mutex_);
  for (const auto& [address, order] : history.acquired) {
    const auto& by_block = addresses_[address].by_block;
    const auto releases = by_block.find(block + 1);
    if (releases == by_block.end()) continue;
    for (const Release& release : releases->second) {
      if (release.segment < in_segment || release.order >= order) continue;
      history.known_block = block;
      history.known_segment = release.segment;
      return true;
    }
  }
  return false;
}

BlockRaceFinding BlockRaceCell::read(std::atomic<std::uint64_t>& cell, unsigned bytes,
                                     std::uint32_t launch, BlockHistory& history, ReleaseLog& log) {
  return update(cell, launch, [&](State& state) {
    BlockRaceFinding finding;
    if (conflicts(state.writer, state.write_segment, state.written, bytes, history, log)) {
      finding = {BlockRace::kReadAfterWrite, state.writer - 1};
    }
    note_read(state, bytes, history);
    return finding;
  });
}

BlockRaceFinding BlockRaceCell::write(std::atomic<std::uint64_t>& cell, unsigned bytes,
                                      std::uint32_t launch, BlockHistory& history,
                                      ReleaseLog& log) {
  return update(cell, launch, [&](State& state) {
    BlockRaceFinding finding;
    if (conflicts(state.writer, state.write_segment, state.written, bytes, history, log)) {
      finding = {BlockRace::kWriteAfterWrite, state.writer - 1};
    } else if (state.reader == kSeveral && (state.read & bytes) != 0 && history.acquired.empty()) {
      finding = {BlockRace::kWriteAfterRead, history.block};
    } else if (conflicts(state.reader, state.read_segment, state.read, bytes, history, log)) {
      finding = {BlockRace::kWriteAfterRead, state.reader - 1};
    }
    note_write(state, bytes, history);
    return finding;
  });
}

}  // namespace kvroof::simt
