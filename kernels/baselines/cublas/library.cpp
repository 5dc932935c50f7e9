// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/cublas/library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace kvroof::cublas {
namespace {

/// The functions of an open library.
Library functions_of(void* handle, const std::string& name) {
  Library library;
#define KVROOF_CUBLAS_LOAD(function)                                                         \
  library.function = reinterpret_cast<decltype(library.function)>(dlsym(handle, #function)); \
  if (library.function == nullptr) library.reason = fmt::format("{} has no {}", name, #function);
  KVROOF_CUBLAS_FUNCTIONS(KVROOF_CUBLAS_LOAD)
#undef KVROOF_CUBLAS_LOAD
  return library;
}

}  // namespace

const Library& load() {
  static const Library library = [] {
    const std::string name = fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR);
    for (const std::string& path : {name, "/usr/local/cuda/lib64/" + name}) {
      if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL))
        return functions_of(handle, name);
    }
    Library missing;
    missing.reason = fmt::format(
        "{} is not here: install cuBLAS of CUDA {} or put its folder on LD_LIBRARY_PATH", name,
        CUBLAS_VER_MAJOR);
    return missing;
  }();
  return library;
}

}  // namespace kvroof::cublas
