// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/mma.hpp"

#include <cstring>

namespace kvroof::simt {
namespace {

constexpr int kM = 16, kN = 8, kK = 16;

// Vectors of the compiler: any width is lowered to what the machine has, with the same result.
using Floats = float __attribute__((vector_size(4 * kN)));
using Words = std::uint32_t __attribute__((vector_size(4 * kN)));

struct Tiles {
  alignas(32) std::uint32_t a[kM][kK];  // 16-bit values, widened
  alignas(32) std::uint32_t b[kK][kN];
  alignas(32) float c[kM][kN];
};

/// Lane 4 g + t holds rows g and g + 8 of A, columns 2t, 2t+1 (+ 8) of A, and so on.
void gather(const MmaOperand* const (&lanes)[32], Tiles& tiles) {
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, t = lane % 4 * 2;
    const MmaOperand& operand = *lanes[lane];
    for (int half = 0; half < 4; ++half) {
      const std::uint32_t pair = operand.a[half];
      std::uint32_t* const to = &tiles.a[g + half % 2 * 8][t + half / 2 * 8];
      to[0] = pair & 0xffffu;
      to[1] = pair >> 16;
    }
    for (int half = 0; half < 2; ++half) {
      tiles.b[t + half * 8][g] = operand.b[half] & 0xffffu;
      tiles.b[t + half * 8 + 1][g] = operand.b[half] >> 16;
    }
    tiles.c[g][t] = operand.accumulator[0];
    tiles.c[g][t + 1] = operand.accumulator[1];
    tiles.c[g + 8][t] = operand.accumulator[2];
    tiles.c[g + 8][t + 1] = operand.accumulator[3];
  }
}

void scatter(const Tiles& tiles, const MmaOperand* const (&lanes)[32]) {
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, t = lane % 4 * 2;
    float* const to = lanes[lane]->accumulator;
    to[0] = tiles.c[g][t];
    to[1] = tiles.c[g][t + 1];
    to[2] = tiles.c[g + 8][t];
    to[3] = tiles.c[g + 8][t + 1];
  }
}

/// Eight 16-bit values to F32, exact. A half is scaled by 2^112, which moves its exponent into
/// place and normalises subnormals; infinities and NaN get the largest exponent back.
template <MmaType Type>
[[gnu::always_inline]] inline void widen(const std::uint32_t* from, Floats* to) {
  Words bits;
  std::memcpy(&bits, from, sizeof bits);
  if constexpr (Type == MmaType::kBF16) {
    bits <<= 16;
    std::memcpy(to, &bits, sizeof bits);
  } else {
    const Words magnitude = (bits & 0x7fffu) << 13;
    Floats scaled;
    std::memcpy(&scaled, &magnitude, sizeof scaled);
    scaled *= 0x1p112f;
    Words result;
    std::memcpy(&result, &scaled, sizeof result);
    const Words is_special = static_cast<Words>((bits & 0x7c00u) == 0x7c00u);
    result |= (is_special & 0x7f800000u) | (bits & 0x8000u) << 16;
    std::memcpy(to, &result, sizeof result);
  }
}

template <MmaType Type>
[[gnu::always_inline]] inline void multiply(Tiles& tiles) {
  Floats b[kK];
  for (int k = 0; k < kK; ++k) widen<Type>(tiles.b[k], &b[k]);
  for (int m = 0; m < kM; ++m) {
    alignas(32) float a[kK];
    for (int k = 0; k < kK; k += kN) {
      Floats row;
      widen<Type>(&tiles.a[m][k], &row);
      std::memcpy(&a[k], &row, sizeof row);
    }
    Floats sum;
    std::memcpy(&sum, tiles.c[m], sizeof sum);
    for (int k = 0; k < kK; ++k) sum += a[k] * b[k];
    std::memcpy(tiles.c[m], &sum, sizeof sum);
  }
}

void multiply_portable(MmaType type, Tiles& tiles) {
  type == MmaType::kF16 ? multiply<MmaType::kF16>(tiles) : multiply<MmaType::kBF16>(tiles);
}

#if defined(__x86_64__)
// Wider vectors, the same arithmetic: no fused multiply-add.
[[gnu::target("avx2")]] void multiply_avx2(MmaType type, Tiles& tiles) {
  type == MmaType::kF16 ? multiply<MmaType::kF16>(tiles) : multiply<MmaType::kBF16>(tiles);
}
const auto kMultiply = __builtin_cpu_supports("avx2") ? multiply_avx2 : multiply_portable;
#else
const auto kMultiply = multiply_portable;
#endif

}  // namespace

void multiply_accumulate(MmaType type, const MmaOperand* const (&lanes)[32]) {
  Tiles tiles;
  gather(lanes, tiles);
  kMultiply(type, tiles);
  scatter(tiles, lanes);
}

}  // namespace kvroof::simt
