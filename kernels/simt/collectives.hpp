// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/simt/mma.hpp"
#include "kernels/simt/registers.hpp"
#include "kernels/simt/site.hpp"

// What the lanes of a warp do together, for the running thread. `mask` names the lanes that take
// part; lanes that have exited are counted out.

namespace kvroof::simt {

void sync_block(Site site);
void sync_lanes(std::uint32_t mask, Site site);
/// Bit i: the predicate of lane i, for the lanes that took part.
std::uint32_t vote(bool predicate, std::uint32_t mask, Site site, std::uint32_t* participants);
/// The value of `source_lane`, 0 .. 31.
std::uint32_t shuffle_bits(std::uint32_t value, int source_lane, std::uint32_t mask, Site site);

enum class Reduction { kSum, kMin, kMax };
/// `value` combined over the lanes that take part, as unsigned.
std::uint32_t reduce(std::uint32_t value, Reduction reduction, std::uint32_t mask, Site site);

/// ldmatrix.x4: each lane gives a row address; result holds its part of the four matrices.
void load_matrices(U32 (&result)[4], const void* row, bool transposed, Site site);
std::uint32_t move_matrix(std::uint32_t fragment, Site site);
void mma(MmaType type, F32 (&d)[4], const U32 (&a)[4], U32 b0, U32 b1, Site site);
void mma_sparse(MmaType type, int selector, F32 (&d)[4], const U32 (&a)[4], const U32 (&b)[4],
                U32 metadata, Site site);

}  // namespace kvroof::simt
