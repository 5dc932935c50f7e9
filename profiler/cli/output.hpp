// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace kvroof::cli {

/// Writes `text` to the file, or to stdout when `path` is "-". Throws std::runtime_error naming the
/// file when it cannot be written in full.
void write_output(const std::string& path, std::string_view text);

/// Throws std::invalid_argument when the file cannot be opened for writing: to be asked before work
/// that takes minutes. Leaves what is in the file.
void require_writable(const std::string& path);

/// "[3/17] decode ..." on stderr, on one line that the next call overwrites. Silent unless stderr
/// is a terminal.
class Progress {
 public:
  explicit Progress(int total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step(const std::string& what);

 private:
  int total_;
  int done_ = 0;
  bool visible_;
};

/// Makes SIGINT set a flag instead of ending the program; a second one ends it. A file that grows
/// beyond its limit becomes an error of the write instead of the end of the program.
void catch_interrupts();
bool interrupted();

}  // namespace kvroof::cli
