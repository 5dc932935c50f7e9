// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "kernels/simt/access_stream.hpp"

namespace kvroof::simt {

/// The distinct 128-byte lines of one warp access and the sectors asked of each.
struct TouchedLines {
  int count = 0;
  std::uintptr_t lines[32];  // address / 128
  std::uint8_t sectors[32];  // bit i: bytes 32 i .. 32 i + 31 of the line
  int sector_count() const;
};
TouchedLines touched_lines(const WarpAccess& access);

struct Wavefronts {
  int actual = 0, ideal = 0;
};
/// Passes over 32 banks of 4 bytes: accesses of up to 4 bytes in one phase, of 8 bytes in two
/// (half-warps), of 16 bytes in four (quarter-warps); in each phase as many passes as the bank with
/// most distinct words needs. Lanes that read the same word share it.
Wavefronts shared_wavefronts(const WarpAccess& access);

}  // namespace kvroof::simt
