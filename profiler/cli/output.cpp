// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "kernels/error.hpp"

namespace kvroof::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

void on_interrupt(int) {
  interrupt_seen = 1;
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace

void require_writable(const std::string& path) {
  if (path == "-") return;
  std::FILE* file = std::fopen(path.c_str(), "a");
  require(file != nullptr, "cannot write {}: {}", path, std::strerror(errno));
  std::fclose(file);
}

void write_output(const std::string& path, std::string_view text) {
  const bool to_stdout = path == "-";
  std::FILE* file = to_stdout ? stdout : std::fopen(path.c_str(), "w");
  if (file == nullptr)
    throw std::runtime_error(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool flushed = std::fflush(file) == 0;
  const int error = errno;
  const bool closed = to_stdout || std::fclose(file) == 0;
  if (!written || !flushed || !closed) {
    throw std::runtime_error(fmt::format("cannot write all of {}: {}",
                                         to_stdout ? "the standard output" : path,
                                         std::strerror(error)));
  }
}

Progress::Progress(int total) : total_(total), visible_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void Progress::step(const std::string& what) {
  ++done_;
  if (!visible_) return;
  fmt::print(stderr, "\r\033[K[{}/{}] {}", done_, total_, what);
  std::fflush(stderr);
}

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGXFSZ,
              SIG_IGN);  // a file that grows too large is an error of write(), as a full disk
}

bool interrupted() { return interrupt_seen != 0; }

}  // namespace kvroof::cli
