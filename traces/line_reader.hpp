// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "traces/file.hpp"

namespace kvroof::traces::detail {

/// One whole line, without its newline. `text` is followed by kLinePadding bytes that may be read
/// (not meant).
struct RawLine {
  std::uint64_t offset = 0;  // of its first byte in the file
  std::uint64_t number = 0;  // from 1
  std::string_view text;
};

/// Nothing but spaces: such lines mean nothing.
bool is_blank(std::string_view text);

/// Bytes behind a line that a vectorised parser may touch.
inline constexpr std::size_t kLinePadding = 64;

/// Takes a file apart into lines, in blocks, so that a file of any size needs the memory of its
/// longest line.
class LineReader {
 public:
  explicit LineReader(const File& file);

  /// The next line that ends in a newline, valid until the next call; nullopt when there is none
  /// (yet): the file may grow and next() be called again. Throws TraceError when a line is longer
  /// than kMaxLineBytes.
  std::optional<RawLine> next();

  std::uint64_t offset() const { return offset_; }  // behind the last whole line
  std::uint64_t torn_bytes() const {
    return torn_bytes_;
  }  // behind offset(), when next() last found no line
  /// The first bytes behind offset(), when next() last found no line.
  std::string_view torn_text() const { return {buffer_.data() + begin_, torn_bytes_}; }

 private:
  bool fill();

  const File* file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;     // of the line to come, in buffer_
  std::size_t end_ = 0;       // of what has been read into buffer_
  std::uint64_t offset_ = 0;  // of buffer_[begin_] in the file
  std::uint64_t number_ = 0;  // of the line returned last
  std::uint64_t torn_bytes_ = 0;
};

}  // namespace kvroof::traces::detail
