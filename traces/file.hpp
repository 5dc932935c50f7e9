// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "traces/trace_error.hpp"

/// POSIX files whose errors are TraceErrors that name the file.
namespace kvroof::traces::detail {

/// Throws "<path>: <what> (<text of errno>)".
[[noreturn]] void fail_errno(const std::filesystem::path& path, std::string_view what);

/// What tells whether a path still leads to the file that was opened.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

class File {
 public:
  /// Opens a regular file for reading. Folders, devices and pipes are refused: they have no lines
  /// to go back to.
  static File open_to_read(const std::filesystem::path& path);
  /// Opens or creates a file for appending, with a lock that other writers respect. Devices and
  /// pipes are accepted.
  static File open_to_append(const std::filesystem::path& path);
  /// Creates a file that must not exist.
  static File create(const std::filesystem::path& path);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  bool is_regular() const { return is_regular_; }
  FileIdentity identity() const;
  std::uint64_t size() const;

  /// Reads up to `bytes` at `offset`; fewer at the end of the file. Returns how many came.
  std::size_t read_at(std::uint64_t offset, char* to, std::size_t bytes) const;
  /// Writes all of `text` at the end; when that fails, cuts the file back to what it was and
  /// throws.
  void append(std::string_view text);
  void truncate(std::uint64_t size);
  void sync();

 private:
  File(std::filesystem::path path, int descriptor);

  std::filesystem::path path_;
  int descriptor_ = -1;
  bool is_regular_ = false;
};

}  // namespace kvroof::traces::detail
