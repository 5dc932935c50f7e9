// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/block_race.hpp"

#include <algorithm>
#include <atomic>

namespace kvroof::simt {
namespace {

constexpr std::uint32_t kNobody = 0;
constexpr std::uint32_t kSeveral = (1u << 21) - 1;
constexpr std::uint32_t kBlocks = kSeveral - 1;  // later blocks share numbers
constexpr std::uint32_t kLastSegment = 7;

/// A cell unpacked; blocks are stored as number + 1.
struct Cell {
  std::uint32_t launch = 0;
  std::uint32_t writer = kNobody, reader = kNobody;
  std::uint32_t write_segment = 0, read_segment = 0;
  std::uint32_t has_bytes = 0;  // of a word: the cells of its bytes are in use

  static Cell unpack(std::uint64_t word, std::uint32_t launch) {
    Cell cell;
    cell.launch = launch;
    if ((word & 0xff) != launch) return cell;  // of an earlier launch: nothing yet
    const auto field = [&](int shift, std::uint32_t mask) {
      return static_cast<std::uint32_t>(word >> shift) & mask;
    };
    cell.writer = field(8, kSeveral);
    cell.reader = field(29, kSeveral);
    cell.write_segment = field(50, kLastSegment);
    cell.read_segment = field(53, kLastSegment);
    cell.has_bytes = field(56, 1);
    return cell;
  }
  std::uint64_t pack() const {
    return std::uint64_t{launch} | std::uint64_t{writer} << 8 | std::uint64_t{reader} << 29 |
           std::uint64_t{write_segment} << 50 | std::uint64_t{read_segment} << 53 |
           std::uint64_t{has_bytes} << 56;
  }
};

/// One access on its way through the cells it touches.
struct Access {
  bool write;
  std::uint32_t launch;
  BlockHistory& history;
  ReleaseLog& log;

  std::uint32_t number() const { return history.block % kBlocks + 1; }
  std::uint32_t segment() const { return std::min(history.segment, kLastSegment); }

  bool conflicts(std::uint32_t who, std::uint32_t in_segment) const {
    if (who == kNobody || who == number()) return false;
    // Of several readers only that there were some is known: one acquisition excuses them.
    if (who == kSeveral) return history.acquired.empty();
    return !log.knows(history, who - 1, in_segment);
  }
  /// What a cell holds when this block has read it and nobody else has touched it.
  std::uint64_t only_read_by_me() const {
    Cell cell;
    cell.launch = launch;
    cell.reader = number();
    cell.read_segment = segment();
    return cell.pack();
  }
  BlockRaceFinding find(const Cell& cell) const {
    if (conflicts(cell.writer, cell.write_segment)) {
      return {write ? BlockRace::kWriteAfterWrite : BlockRace::kReadAfterWrite, cell.writer - 1};
    }
    if (write && conflicts(cell.reader, cell.read_segment)) {
      return {BlockRace::kWriteAfterRead, cell.reader - 1};
    }
    return {};
  }
  void note(Cell& cell) const {
    if (write) {
      cell.writer = number();
      cell.write_segment = segment();
      cell.reader = kNobody;
    } else if (cell.reader != number()) {
      cell.reader = cell.reader == kNobody ? number() : kSeveral;
      cell.read_segment = segment();
    }
  }
};

struct Visit {
  BlockRaceFinding finding;
  bool has_bytes;
};

/// Checks a cell and lets `change` alter it, as one step for other host threads.
template <class Change>
Visit visit(std::atomic<std::uint64_t>& stored, const Access& access, const Change& change) {
  std::uint64_t before = stored.load(std::memory_order_relaxed);
  for (;;) {
    Cell cell = Cell::unpack(before, access.launch);
    const BlockRaceFinding finding = access.find(cell);
    change(cell);
    const std::uint64_t after = cell.pack();
    if (after == before || stored.compare_exchange_weak(before, after, std::memory_order_acq_rel)) {
      return {finding, cell.has_bytes != 0};
    }
  }
}

void keep_first(BlockRaceFinding& kept, BlockRaceFinding found, std::size_t offset) {
  if (kept.race != BlockRace::kNone || found.race == BlockRace::kNone) return;
  kept = found;
  kept.offset = offset;
}

// A narrow access notes its bytes before it looks at the word, a wide one notes the word before it
// looks at the bytes: whatever the timing, one of them sees the other.
BlockRaceFinding check_narrow(const Allocation& allocation, std::size_t offset, int bytes,
                              const Access& access) {
  BlockRaceFinding kept;
  for (std::size_t at = offset; at < offset + static_cast<std::size_t>(bytes); ++at) {
    const auto note = [&](Cell& cell) { access.note(cell); };
    keep_first(kept, visit(allocation.race_byte(at), access, note).finding, at);
  }
  const auto mark = [](Cell& cell) { cell.has_bytes = 1; };
  keep_first(kept, visit(allocation.race_word(offset), access, mark).finding, offset);
  return kept;
}

BlockRaceFinding check_word(const Allocation& allocation, std::size_t offset,
                            const Access& access) {
  BlockRaceFinding kept;
  const Visit word =
      visit(allocation.race_word(offset), access, [&](Cell& cell) { access.note(cell); });
  keep_first(kept, word.finding, offset);
  if (!word.has_bytes) [[likely]]
    return kept;
  for (std::size_t at = offset; at < offset + 4; ++at) {
    keep_first(kept, visit(allocation.race_byte(at), access, [](Cell&) {}).finding, at);
  }
  return kept;
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
    log.by_block[history.block % kBlocks].push_back(
        {std::min(history.segment, kLastSegment), order});
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
    const auto releases = by_block.find(block);
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

// NOLINTNEXTLINE(readability-function-size): see the declaration
BlockRaceFinding check_block_access(const Allocation& allocation, std::size_t offset, int bytes,
                                    bool write, std::uint32_t launch_tag, BlockHistory& history,
                                    ReleaseLog& log) {
  const Access access{write, launch_tag, history, log};
  if (bytes < 4) return check_narrow(allocation, offset, bytes, access);
  const std::uint64_t read_by_me = access.only_read_by_me();
  BlockRaceFinding kept;
  for (std::size_t at = offset; at < offset + static_cast<std::size_t>(bytes); at += 4) {
    if (!write && allocation.race_word(at).load(std::memory_order_relaxed) == read_by_me) continue;
    const BlockRaceFinding found = check_word(allocation, at, access);
    if (kept.race == BlockRace::kNone) kept = found;
  }
  return kept;
}

}  // namespace kvroof::simt
