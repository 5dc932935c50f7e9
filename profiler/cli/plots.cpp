// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/plots.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace kvroof::cli {
namespace {

constexpr const char* kViewer = "kvroof-view";

bool is_program(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

/// Runs a program with its stdout on our stderr. Returns its exit status as waitpid() gives it.
int run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::runtime_error(
        fmt::format("report: {} could not be started: {}", words[0], std::strerror(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      throw std::runtime_error(
          fmt::format("report: waiting for {} failed: {}", words[0], std::strerror(errno)));
  return status;
}

}  // namespace

std::string find_viewer() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error && is_program(self.parent_path() / kViewer)) return self.parent_path() / kViewer;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && is_program(std::filesystem::path(folder) / kViewer))
      return std::filesystem::path(folder) / kViewer;
  throw std::runtime_error(
      fmt::format("report: --plots draws with {}, which is neither beside kvroof nor on PATH; "
                  "configure a build with Qt 6 and QCustomPlot (scripts/packages.txt) and build it",
                  kViewer));
}

void write_plots(const std::string& viewer, const std::string& folder,
                 const std::vector<std::string>& traces) {
  std::vector<std::string> words{viewer, "--export", folder, "--format", "png,svg"};
  // An absolute name cannot be taken for an option.
  for (const std::string& trace : traces) words.push_back(std::filesystem::absolute(trace));
  const int status = run(std::move(words));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(
        fmt::format("report: {} did not write all pictures; its messages are above", viewer));
}

}  // namespace kvroof::cli
