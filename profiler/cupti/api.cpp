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

std::string_view remedy_of(CUptiResult result) {
  switch (result) {
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
      return "run as root or with CAP_SYS_ADMIN (in a container, --cap-add SYS_ADMIN), or load the "
             "driver with NVreg_RestrictProfilingToAdminUsers=0 (a file in /etc/modprobe.d)";
    case CUPTI_ERROR_HARDWARE_BUSY:
    case CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED:
    case CUPTI_ERROR_OLD_PROFILER_API_INITIALIZED:
      return "another profiler (Nsight, a debugger, another CUPTI tool) counts on this device or "
             "in "
             "this process: end it";
    case CUPTI_ERROR_INVALID_CHIP_NAME:
      return "this CUPTI is older than the chip: take libcupti of a newer CUDA toolkit";
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED:
    case CUPTI_ERROR_CMP_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_SLI_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_WSL_DEVICE_NOT_SUPPORTED:
      return "counters are not to be had on a device that is set up like this: use a whole one, "
             "without virtualisation, MIG, SLI, WSL or confidential computing";
    default: return "";
  }
}

void check(const Api& api, CUptiResult result, const char* what) {
  if (result == CUPTI_SUCCESS) return;
  const char* text = nullptr;
  if (api.cuptiGetResultString == nullptr ||
      api.cuptiGetResultString(result, &text) != CUPTI_SUCCESS || text == nullptr)
    text = "no text for it";
  throw Error(fmt::format("{}: {} ({})", what, text, static_cast<int>(result)), result);
}

}  // namespace kvroof::cupti
