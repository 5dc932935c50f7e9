// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

// Accesses are one instruction with this model; it holds in programs and in libraries they link.
#define KVROOF_SIMT_THREAD_LOCAL [[gnu::tls_model("initial-exec")]] inline constinit thread_local

namespace kvroof::simt {

/// The issue pipes of a streaming multiprocessor, as a profiler names them.
enum class Pipe {
  kAlu,     // logic, integer add, compare, shift, select, byte permute, minimum, maximum, vote
  kFma,     // integer multiply-add, F32 add, multiply, multiply-add, f16 -> F32
  kXu,      // popc, clz, ex2, lg2, rcp, integer <-> F32, warp reductions
  kLsu,     // loads, stores, atomics, asynchronous copies, ldmatrix, shuffles, fences
  kTensor,  // mma
};
inline constexpr int kPipes = 5;

/// Instructions of one thread, or of one warp, by Pipe.
using PipeCounts = std::array<std::uint64_t, kPipes>;

/// What the running thread has issued since it was switched to, and the path of its loops.
struct Meter {
  PipeCounts pipes{};
  std::uint32_t loop_path = 0;  // see iterations()
};
KVROOF_SIMT_THREAD_LOCAL Meter meter;

[[gnu::always_inline]] inline void issue(Pipe pipe, unsigned instructions = 1) {
  meter.pipes[static_cast<std::size_t>(pipe)] += instructions;
}

}  // namespace kvroof::simt
