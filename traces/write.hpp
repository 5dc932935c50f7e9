// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "traces/trace.hpp"
#include "traces/trace_error.hpp"

namespace kvroof::traces {

/// flush: a record survives the death of the process. sync: it also survives a power failure, at
/// the price of an fsync.
enum class Durability { flush, sync };

/// Appends to a trace file. Each line is one write, so whatever kills the process costs at most the
/// line in flight. One writer at a time per file: a second one throws.
class Writer {
 public:
  /// Opens or creates the file; its folder must exist. A torn last line of an earlier writer is
  /// moved to
  /// `<path>.torn`, or ended when only its newline is missing, and notices() says so.
  /// Throws TraceError when that is not possible, or the file is no trace or of a newer schema; it
  /// is then unchanged.
  explicit Writer(std::filesystem::path path, Durability durability = Durability::flush);
  ~Writer();
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;

  /// Sentences about what was done to the file on opening; empty when nothing was.
  const std::vector<std::string>& notices() const;

  /// Writes the line unless this writer has done so already, and returns the id to put into
  /// records.
  std::string declare(const Environment& environment);
  std::string declare(const Ceilings& ceilings);

  /// Throws TraceError when the line cannot be written whole, e.g. on a full disk: the file then
  /// ends with the line before it and the writer may be used again.
  void append(const Record& record);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes all of a trace, ids as they are, to a temporary file beside `path` that then replaces it:
/// a reader sees the old file or the new one. Throws TraceError; `path` is then unchanged.
void write_trace(const std::filesystem::path& path, const Trace& trace);

}  // namespace kvroof::traces
