// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/shared_memory.hpp"

#include <cstdio>
#include <cstring>

namespace kvroof::simt {
namespace {

constexpr std::size_t kGuard = std::size_t{64} * 1024;

void keep_first(SharedFinding& finding, SharedFault fault, std::uint16_t other, Site site) {
  if (finding.fault == SharedFault::kNone) finding = {fault, other, site};
}

}  // namespace

void SharedMemory::begin_block(std::size_t bytes, bool checks) {
  if (bytes > capacity_) {
    arena_ = LazyPages(bytes, kGuard);
    capacity_ = bytes;
  }
  bytes_ = bytes;
  if (checks && words_.size() * 4 < bytes) words_.resize((bytes + 3) / 4);
  if (now_ > SharedCell::kLastTime) {
    words_.assign(words_.size(), SharedCell{});
    now_ = 1;
  }
  block_start_ = advance();
  if (bytes > 0) std::memset(arena_.data(), static_cast<int>(kPoison), bytes);
}

void SharedMemory::split(std::size_t word) {
  if (split_words_.size() < words_.size()) split_words_.resize(words_.size());
  SharedCell& cell = words_[word];
  split_words_[word].fill(cell);
  cell.write_time = SharedCell::kSplit;
}

void SharedMemory::read_cell(SharedCell& cell, const Accessor& accessor, Site site,
                             SharedFinding& finding) {
  if (cell.write_time < block_start_) {
    keep_first(finding, SharedFault::kUninitialised, 0, site);
  } else if (cell.write_time == SharedCell::kPending) {
    keep_first(finding, SharedFault::kPendingCopy, cell.writer, cell.written_at);
  } else if (!ordered(cell.writer, cell.write_time, accessor)) {
    keep_first(finding, SharedFault::kReadAfterWrite, cell.writer, cell.written_at);
  }
  note_read(cell, accessor, site);
}

SharedFinding SharedMemory::read_slow(std::size_t offset, int size, const Accessor& accessor,
                                      Site site) {
  SharedFinding finding;
  const std::size_t end = offset + static_cast<std::size_t>(size);
  while (offset < end) {
    SharedCell& word = words_[offset / 4];
    if (size < 4 && word.write_time < SharedCell::kSplit) split(offset / 4);
    if (word.write_time == SharedCell::kSplit) {
      const std::size_t stop = size < 4 ? end : offset + 4;
      for (; offset < stop; ++offset) {
        read_cell(split_words_[offset / 4][offset % 4], accessor, site, finding);
      }
    } else {
      read_cell(word, accessor, site, finding);
      offset += size < 4 ? end - offset : 4;
    }
  }
  return finding;
}

void SharedMemory::write_cell(SharedCell& cell, const Accessor& accessor, Site site,
                              SharedWrite how, SharedFinding& finding) const {
  const bool was_written = cell.write_time >= block_start_;
  if (cell.write_time == SharedCell::kPending) {
    keep_first(finding, SharedFault::kPendingCopy, cell.writer, cell.written_at);
  } else if (was_written && !ordered(cell.writer, cell.write_time, accessor) &&
             !(how == SharedWrite::kAtomic && cell.atomic)) {
    keep_first(finding, SharedFault::kWriteAfterWrite, cell.writer, cell.written_at);
  }
  if (!ordered(cell.reader, cell.read_time, accessor)) {
    keep_first(finding, SharedFault::kWriteAfterRead, cell.reader, cell.read_at);
  }
  const auto thread = static_cast<std::uint16_t>(accessor.thread);
  const bool joins = how == SharedWrite::kAtomic && cell.atomic && was_written &&
                     !ordered(cell.writer, cell.write_time, accessor);
  cell.writer = joins ? both(cell.writer, thread) : thread;
  cell.write_time = how == SharedWrite::kAsyncCopy ? SharedCell::kPending : now_;
  cell.written_at = site;
  cell.atomic = how == SharedWrite::kAtomic;
  cell.read_time = 0;
}

SharedFinding SharedMemory::write(std::size_t offset, int size, const Accessor& accessor, Site site,
                                  SharedWrite how, const void* value) {
  SharedFinding finding;
  const std::size_t end = offset + static_cast<std::size_t>(size);
  for (std::size_t at = offset; at < end;) {
    SharedCell& word = words_[at / 4];
    if (size < 4 && word.write_time < SharedCell::kSplit) split(at / 4);
    if (word.write_time != SharedCell::kSplit) {
      write_cell(word, accessor, site, how, finding);
      at += size < 4 ? end - at : 4;
      continue;
    }
    const std::size_t stop = size < 4 ? end : at + 4;
    std::array<SharedCell, 4>& bytes = split_words_[at / 4];
    for (; at < stop; ++at) write_cell(bytes[at % 4], accessor, site, how, finding);
    if (size >= 4) word = bytes[0];  // one state again
  }
  // Storing what is there already changes nothing, whoever comes first.
  if (finding.fault == SharedFault::kWriteAfterWrite && value != nullptr &&
      std::memcmp(arena_.data() + offset, value, static_cast<std::size_t>(size)) == 0) {
    finding = {};
  }
  return finding;
}

void SharedMemory::complete_copy(std::size_t offset, int size) {
  for (std::size_t at = offset; at < offset + static_cast<std::size_t>(size); at += 4) {
    if (words_[at / 4].write_time == SharedCell::kPending) words_[at / 4].write_time = now_;
  }
}

const char* describe_accessor(std::uint16_t who, char (&buffer)[40]) {
  if (who < SharedCell::kLanes) {
    std::snprintf(buffer, sizeof buffer, "thread %d", who);
  } else if (who < SharedCell::kWarps) {
    std::snprintf(buffer, sizeof buffer, "several lanes of warp %d", who - SharedCell::kLanes);
  } else {
    std::snprintf(buffer, sizeof buffer, "several warps");
  }
  return buffer;
}

}  // namespace kvroof::simt
