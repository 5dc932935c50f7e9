// SPDX-License-Identifier: Apache-2.0
#include "traces/line_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "traces/line.hpp"

namespace kvroof::traces::detail {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1}
                                    << 18;  // small enough to stay in the processor's L2 cache

}  // namespace

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

LineReader::LineReader(const File& file) : file_(&file), buffer_(kBlockBytes + kLinePadding) {}

std::optional<RawLine> LineReader::next() {
  if (torn_bytes_ > 0)
    end_ = begin_;  // its writer may have cut and rewritten it meanwhile: read it again
  torn_bytes_ = 0;
  std::size_t searched = begin_;
  for (;;) {
    const void* newline =
        searched < end_ ? std::memchr(buffer_.data() + searched, '\n', end_ - searched) : nullptr;
    if (newline != nullptr) {
      const auto length =
          static_cast<std::size_t>(static_cast<const char*>(newline) - (buffer_.data() + begin_));
      const RawLine line{offset_, ++number_, {buffer_.data() + begin_, length}};
      begin_ += length + 1;
      offset_ += length + 1;
      return line;
    }
    const std::size_t partial = end_ - begin_;
    if (partial > kMaxLineBytes) {
      throw TraceError(fmt::format("{}:{}: the line is longer than {} MiB: this is no trace",
                                   file_->path().string(), number_ + 1, kMaxLineBytes >> 20));
    }
    if (!fill()) {
      torn_bytes_ = partial;
      return std::nullopt;
    }
    searched = begin_ + partial;
  }
}

/// Reads on behind end_; false at the end of the file.
bool LineReader::fill() {
  const std::size_t partial = end_ - begin_;
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, partial);
  begin_ = 0;
  end_ = partial;
  if (buffer_.size() - kLinePadding == partial) {
    buffer_.resize(2 * (buffer_.size() - kLinePadding) + kLinePadding);
  }
  const std::size_t room = buffer_.size() - kLinePadding - end_;
  const std::size_t came = file_->read_at(offset_ + partial, buffer_.data() + end_, room);
  end_ += came;
  return came > 0;
}

}  // namespace kvroof::traces::detail
