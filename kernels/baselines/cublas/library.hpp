// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cublas_v2.h>

#include <string>

namespace kvroof::cublas {

/// Every function of cuBLAS that is called here.
#define KVROOF_CUBLAS_FUNCTIONS(X) \
  X(cublasCreate_v2)               \
  X(cublasGetStatusString)         \
  X(cublasSetMathMode)             \
  X(cublasSetStream_v2)            \
  X(cublasSetWorkspace_v2)         \
  X(cublasGemmStridedBatchedEx_64)

/// cuBLAS's functions by pointer, or the sentence that says why it is not here and what would bring
/// it.
struct Library {
#define KVROOF_CUBLAS_MEMBER(name) decltype(&::name) name = nullptr;
  KVROOF_CUBLAS_FUNCTIONS(KVROOF_CUBLAS_MEMBER)
#undef KVROOF_CUBLAS_MEMBER
  std::string reason;  // empty: usable
};

/// Opens libcublas.so of the toolkit that this program was compiled with: where LD_LIBRARY_PATH and
/// the loader's own list lead, then in /usr/local/cuda. The program is not linked with it, because
/// it is 600 MB that only this baseline needs. Never throws; the library stays open.
const Library& load();

}  // namespace kvroof::cublas
