// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vocabulary of device code. A `.cuh` file includes this header and nothing of CUDA: nvcc then
// compiles it for a GPU and the host compiler for the simulator (kernels/simt). Both backends
// define the same names in their own namespace, so that one program can hold both builds of a
// kernel:
//
//   namespace kvroof::KVROOF_BACKEND { ... }
//
// Register types: U32 and F32 are one thread's 32-bit registers (plain types under nvcc; under the
// simulator they count the instructions they stand for). Values that are the same in a whole block
// may stay plain C++ integers: they cost no per-thread instruction worth counting. Memory is read
// and written only through load_* and store_*.

#include "kernels/value_types.hpp"

#if defined(__CUDACC__)
#include "kernels/platform/intrinsics_cuda.cuh"
#else
#include "kernels/platform/intrinsics_simt.hpp"
#endif

namespace kvroof::KVROOF_BACKEND {

/// The value of a register as the plain integer of loops and addresses.
KVROOF_DEVICE int as_int(U32 value) { return static_cast<int>(static_cast<std::uint32_t>(value)); }

}  // namespace kvroof::KVROOF_BACKEND
