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

/// Registers of one lane in mma.sp.m16n8k32 with 16-bit floating point types: A is 16x32, of every
/// four columns two are stored.
struct SparseMmaOperand {
  float* accumulator;      // [4], also the result
  const std::uint32_t* a;  // [4], two stored 16-bit values each
  std::uint32_t b[4];
  std::uint32_t metadata;  // of eight groups of four columns, 4 bits each
};

enum class MmaType { kF16, kBF16 };

/// D += A B for the fragments of a warp: products are exact in binary32, sums are taken in order of
/// k and rounded to nearest. A tensor core rounds differently: see docs/simulator.md.
void multiply_accumulate(MmaType type, const MmaOperand* const (&lanes)[32]);

/// The same with a sparse A. `selector` (0 or 1) names the pair of lanes of each quad whose
/// metadata counts. What is not stored takes no part: not even an infinity of B is multiplied by
/// it.
void multiply_accumulate_sparse(MmaType type, int selector,
                                const SparseMmaOperand* const (&lanes)[32]);
/// Whether all eight groups name two different columns in ascending order. The result of anything
/// else is undefined on a GPU (mma.sp with ordered_metadata).
bool is_valid_metadata(std::uint32_t metadata);

}  // namespace kvroof::simt
