// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "traces/trace_error.hpp"

namespace kvroof::traces::detail {

/// A name beside the final one, so that the rename is atomic. Deleted unless keep() gave it its
/// final name.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path final_path)
      : final_path_(std::move(final_path)), path_(final_path_) {
    path_ += fmt::format(".tmp-{}", ::getpid());
  }
  ~TemporaryFile() {
    std::error_code ignored;  // nothing to delete after keep()
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void keep() {
    std::error_code error;
    std::filesystem::rename(path_, final_path_, error);
    if (error) {
      throw TraceError(
          fmt::format("{}: cannot be replaced ({})", final_path_.string(), error.message()));
    }
  }

 private:
  std::filesystem::path final_path_;
  std::filesystem::path path_;
};

}  // namespace kvroof::traces::detail
