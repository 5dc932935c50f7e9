// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/api.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <vector>

namespace kvroof::cupti {
namespace {

constexpr int kMajor = CUPTI_API_VERSION / 10000;  // 130001 is CUPTI of CUDA 13.0

std::vector<std::string> candidates() {
  const std::string name = fmt::format("libcupti.so.{}", kMajor);
  std::vector<std::string> paths;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!ignored) paths.push_back((program.parent_path() / name).string());
  paths.push_back(name);
  for (const char* folder : {"/usr/local/cuda/lib64/", "/usr/local/cuda/extras/CUPTI/lib64/"})
    paths.push_back(folder + name);
  return paths;
}

}  // namespace

Library open_library(const std::string& path) {
  Library library;
  library.path = path;
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.reason = fmt::format("CUPTI cannot be opened: {}", dlerror());
    return library;
  }
#define KVROOF_CUPTI_LOAD(name)                                                          \
  library.api.name = reinterpret_cast<decltype(library.api.name)>(dlsym(handle, #name)); \
  if (library.api.name == nullptr && library.reason.empty())                             \
    library.reason = fmt::format("{} has no {}; CUPTI {} is needed", path, #name, kMajor);
  KVROOF_CUPTI_FUNCTIONS(KVROOF_CUPTI_LOAD)
#undef KVROOF_CUPTI_LOAD
  return library;
}

const Library& load() {
  static const Library library = [] {
    Library last;
    for (const std::string& path : candidates()) {
      last = open_library(path);
      if (last.usable()) return last;
    }
    last.reason = fmt::format(
        "libcupti.so.{} is not here: put the library of the CUDA {} toolkit beside the program or "
        "its folder on LD_LIBRARY_PATH",
        kMajor, kMajor);
    return last;
  }();
  return library;
}

void check(const Api& api, CUptiResult result, const char* what) {
  if (result == CUPTI_SUCCESS) return;
  const char* text = nullptr;
  if (api.cuptiGetResultString == nullptr ||
      api.cuptiGetResultString(result, &text) != CUPTI_SUCCESS || text == nullptr)
    text = "no text for it";
  throw Error(fmt::format("{}: {} ({})", what, text, static_cast<int>(result)));
}

}  // namespace kvroof::cupti
