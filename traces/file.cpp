// SPDX-License-Identifier: Apache-2.0
#include "traces/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace kvroof::traces::detail {
namespace {

struct stat status_of(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail_errno(path, "cannot be examined");
  return status;
}

/// Opening a pipe without a partner blocks, so the kind of a file is looked at before it is opened.
std::filesystem::file_type type_of(const std::filesystem::path& path) {
  std::error_code ignored;  // what is wrong is reported by open()
  return std::filesystem::status(path, ignored).type();
}

void refuse_folder(const std::filesystem::path& path, std::filesystem::file_type type) {
  if (type == std::filesystem::file_type::directory) {
    throw TraceError(fmt::format("{}: is a folder, not a file", path.string()));
  }
}

void lock(int descriptor, const std::filesystem::path& path) {
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return;  // not all file systems lock
  throw TraceError(
      fmt::format("{}: another process is writing it; choose another name or wait", path.string()));
}

constexpr mode_t kNewFileMode = 0666;  // the umask takes away what it wants

}  // namespace

void fail_errno(const std::filesystem::path& path, std::string_view what) {
  const std::string reason = std::generic_category().message(errno);
  throw TraceError(fmt::format("{}: {} ({})", path.string(), what, reason));
}

File File::open_to_read(const std::filesystem::path& path) {
  const auto type = type_of(path);
  refuse_folder(path, type);
  if (std::filesystem::exists(std::filesystem::file_status(type)) &&
      type != std::filesystem::file_type::regular) {
    throw TraceError(
        fmt::format("{}: is a device or a pipe; a trace is read from a file", path.string()));
  }
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_errno(path, "cannot be opened");
  return {path, descriptor};
}

File File::open_to_append(const std::filesystem::path& path) {
  const auto type = type_of(path);
  refuse_folder(path, type);
  const bool regular =
      type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found;
  const int access = regular ? O_RDWR | O_CREAT : O_WRONLY;
  const int descriptor = ::open(path.c_str(), access | O_APPEND | O_CLOEXEC, kNewFileMode);
  if (descriptor < 0) fail_errno(path, "cannot be opened for writing");
  File file(path, descriptor);
  if (file.is_regular()) lock(descriptor, path);
  return file;
}

File File::create(const std::filesystem::path& path) {
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kNewFileMode);
  if (descriptor < 0) fail_errno(path, "cannot be created");
  return {path, descriptor};
}

File::File(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
  is_regular_ = S_ISREG(status_of(descriptor_, path_).st_mode);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      is_regular_(other.is_regular_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(is_regular_, other.is_regular_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileIdentity File::identity() const {
  const auto status = status_of(descriptor_, path_);
  return {.device = status.st_dev, .inode = status.st_ino};
}

std::uint64_t File::size() const {
  return static_cast<std::uint64_t>(status_of(descriptor_, path_).st_size);
}

std::size_t File::read_at(std::uint64_t offset, char* to, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t came =
        ::pread(descriptor_, to + done, bytes - done, static_cast<off_t>(offset + done));
    if (came < 0 && errno == EINTR) continue;
    if (came < 0) fail_errno(path_, "cannot be read");
    if (came == 0) break;
    done += static_cast<std::size_t>(came);
  }
  return done;
}

void File::append(std::string_view text) {
  const std::uint64_t before = is_regular_ ? size() : 0;
  std::size_t done = 0;
  while (done < text.size()) {  // once, unless the disk is full or a pipe takes less
    const ssize_t written = ::write(descriptor_, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
      continue;
    }
    const int reason = errno;
    const bool restored =
        !is_regular_ || done == 0 || ::ftruncate(descriptor_, static_cast<off_t>(before)) == 0;
    errno = reason;
    fail_errno(path_,
               restored
                   ? "cannot be written; everything before this line is intact"
                   : "cannot be written; its last line is torn, everything before it is intact");
  }
}

void File::truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail_errno(path_, "cannot be cut");
}

void File::sync() {
  if (is_regular_ && ::fsync(descriptor_) != 0) fail_errno(path_, "cannot be synced to disk");
}

}  // namespace kvroof::traces::detail
