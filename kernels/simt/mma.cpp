// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/mma.hpp"

#include <cstring>
#include <iterator>

namespace kvroof::simt {
namespace {

constexpr int kM = 16, kN = 8, kK = 16;  // of A as stored
constexpr int kSparseK = 32;             // of B beside a sparse A
constexpr int kSparseGroup = 4;          // columns of A of which two are stored

// Vectors of the compiler: any width is lowered to what the machine has, with the same result.
using Floats = float __attribute__((vector_size(4 * kN)));
using Words = std::uint32_t __attribute__((vector_size(4 * kN)));

struct Tiles {
  alignas(32) std::uint32_t a[kM][kK];        // 16-bit values, widened
  alignas(32) std::uint32_t b[kSparseK][kN];  // a dense A meets the first kK rows
  alignas(32) float c[kM][kN];
  std::uint8_t columns[kM][kK];  // of the elements of a sparse A
};

/// Lane 4 g + t holds rows g and g + 8 of A, columns 2t, 2t+1 (+ 8) of A, and so on.
template <class Operand>
void gather(const Operand* const (&lanes)[32], Tiles& tiles) {
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, t = lane % 4 * 2;
    const Operand& operand = *lanes[lane];
    for (int half = 0; half < 4; ++half) {
      const std::uint32_t pair = operand.a[half];
      std::uint32_t* const to = &tiles.a[g + half % 2 * 8][t + half / 2 * 8];
      to[0] = pair & 0xffffu;
      to[1] = pair >> 16;
    }
    for (int eighth = 0; eighth < static_cast<int>(std::size(operand.b)); ++eighth) {
      tiles.b[t + eighth * 8][g] = operand.b[eighth] & 0xffffu;
      tiles.b[t + eighth * 8 + 1][g] = operand.b[eighth] >> 16;
    }
    tiles.c[g][t] = operand.accumulator[0];
    tiles.c[g][t + 1] = operand.accumulator[1];
    tiles.c[g + 8][t] = operand.accumulator[2];
    tiles.c[g + 8][t + 1] = operand.accumulator[3];
  }
}

/// The two lanes of a quad that `selector` names hold the metadata of rows g (low half) and g + 8,
/// 16 columns of A each; 4 bits for four columns name the two that are stored.
void gather_columns(const SparseMmaOperand* const (&lanes)[32], int selector, Tiles& tiles) {
  for (int g = 0; g < 8; ++g) {
    for (int group = 0; group < kSparseK / kSparseGroup; ++group) {
      const std::uint32_t word = lanes[4 * g + 2 * selector + group / 4]->metadata;
      for (int half = 0; half < 2; ++half) {
        const std::uint32_t bits = word >> (16 * half + 4 * (group % 4));
        std::uint8_t* const to = &tiles.columns[g + 8 * half][2 * group];
        to[0] = static_cast<std::uint8_t>(kSparseGroup * group + static_cast<int>(bits & 3u));
        to[1] = static_cast<std::uint8_t>(kSparseGroup * group + static_cast<int>(bits >> 2 & 3u));
      }
    }
  }
}

template <class Operand>
void scatter(const Tiles& tiles, const Operand* const (&lanes)[32]) {
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

template <MmaType Type, bool Sparse>
[[gnu::always_inline]] inline void multiply(Tiles& tiles) {
  constexpr int rows = Sparse ? kSparseK : kK;
  Floats b[rows];
  for (int k = 0; k < rows; ++k) widen<Type>(tiles.b[k], &b[k]);
  for (int m = 0; m < kM; ++m) {
    alignas(32) float a[kK];
    for (int k = 0; k < kK; k += kN) {
      Floats row;
      widen<Type>(&tiles.a[m][k], &row);
      std::memcpy(&a[k], &row, sizeof row);
    }
    Floats sum;
    std::memcpy(&sum, tiles.c[m], sizeof sum);
    for (int k = 0; k < kK; ++k) sum += a[k] * b[Sparse ? tiles.columns[m][k] : k];
    std::memcpy(tiles.c[m], &sum, sizeof sum);
  }
}

template <bool Sparse>
void multiply_portable(MmaType type, Tiles& tiles) {
  type == MmaType::kF16 ? multiply<MmaType::kF16, Sparse>(tiles)
                        : multiply<MmaType::kBF16, Sparse>(tiles);
}

#if defined(__x86_64__)
// Wider vectors, the same arithmetic: no fused multiply-add.
template <bool Sparse>
[[gnu::target("avx2")]] void multiply_avx2(MmaType type, Tiles& tiles) {
  type == MmaType::kF16 ? multiply<MmaType::kF16, Sparse>(tiles)
                        : multiply<MmaType::kBF16, Sparse>(tiles);
}
template <bool Sparse>
const auto kMultiply = __builtin_cpu_supports("avx2") ? multiply_avx2<Sparse>
                                                      : multiply_portable<Sparse>;
#else
template <bool Sparse>
const auto kMultiply = multiply_portable<Sparse>;
#endif

}  // namespace

void multiply_accumulate(MmaType type, const MmaOperand* const (&lanes)[32]) {
  Tiles tiles;
  gather(lanes, tiles);
  kMultiply<false>(type, tiles);
  scatter(tiles, lanes);
}

void multiply_accumulate_sparse(MmaType type, int selector,
                                const SparseMmaOperand* const (&lanes)[32]) {
  Tiles tiles;
  gather(lanes, tiles);
  gather_columns(lanes, selector, tiles);
  kMultiply<true>(type, tiles);
  scatter(tiles, lanes);
}

bool is_valid_metadata(std::uint32_t metadata) {
  for (int group = 0; group < 8; ++group) {
    const std::uint32_t bits = metadata >> (4 * group);
    if ((bits & 3u) >= (bits >> 2 & 3u)) return false;
  }
  return true;
}

}  // namespace kvroof::simt
