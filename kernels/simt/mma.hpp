// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kvroof::simt {

/// Registers of one lane in mma.m16n8k16 (PTX ISA, fragments for floating point types).
struct MmaOperand {
  float* accumulator;      // [4], also the result
  const std::uint32_t* a;  // [4], two 16-bit values each
  std::uint32_t b[2];
};

enum class MmaType { kF16, kBF16 };

/// D += A B for the fragments of a warp: products are exact in binary32, sums are taken in order of
/// k and rounded to nearest. A tensor core rounds differently: see docs/simulator.md.
void multiply_accumulate(MmaType type, const MmaOperand* const (&lanes)[32]);

}  // namespace kvroof::simt
