// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <stdexcept>

#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/cuda/check.hpp"

namespace kvroof::probes {
namespace {

constexpr int kThreads = 1024;    // a block per SM: 8 warps per scheduler
constexpr int kMmaThreads = 512;  // registers of the fragments
constexpr int kChains = 8;        // independent instructions of a thread
constexpr int kUnroll = 4;        // steps of every chain per turn of the loop
constexpr int kSharedBytes = 32 * 1024;
constexpr double kMmaFlops = 2.0 * 16 * 8 * 16;

// One chain of an instruction: start() makes its operands opaque to the compiler, step() is the
// instruction, result() keeps it alive. The instructions are written as PTX so that they are what
// they are called; the compiler has no freedom but to schedule them.

#define KVROOF_CHAIN(Name, text)                                                     \
  struct Name {                                                                      \
    std::uint32_t value, a, b;                                                       \
    __device__ void start(std::uint32_t seed, std::uint32_t) {                       \
      value = seed;                                                                  \
      a = seed * 3 + 1;                                                              \
      b = seed ^ 0x5bd1e995u;                                                        \
    }                                                                                \
    __device__ void step(int) { asm volatile(text : "+r"(value) : "r"(a), "r"(b)); } \
    __device__ std::uint32_t result() const { return value; }                        \
  };
KVROOF_CHAIN(Popc, "popc.b32 %0, %0;")
KVROOF_CHAIN(Prmt, "prmt.b32 %0, %0, %1, %2;")
KVROOF_CHAIN(Shf, "shf.l.wrap.b32 %0, %0, %1, %2;")
KVROOF_CHAIN(Lop3, "lop3.b32 %0, %0, %1, %2, 0x6a;")
KVROOF_CHAIN(Imad, "mad.lo.u32 %0, %0, %1, %2;")
#undef KVROOF_CHAIN

struct Ffma {
  float value, a, b;
  __device__ void start(std::uint32_t seed, std::uint32_t) {
    value = static_cast<float>(seed & 7u);
    a = 0.5f;
    b = value + 1.0f;
  }
  __device__ void step(int) {
    asm volatile("fma.rn.f32 %0, %0, %1, %2;" : "+f"(value) : "f"(a), "f"(b));
  }
  __device__ std::uint32_t result() const { return __float_as_uint(value); }
};

/// Loads from shared memory without bank conflicts. A load's register is folded into a sum one step
/// later: one logic instruction a load, which other units execute.
template <int Bytes>
struct Lds {
  std::uint32_t address, sum;
  __device__ void start(std::uint32_t seed, std::uint32_t shared) {
    address = shared + (threadIdx.x % 32) * Bytes;
    sum = seed;
  }
  __device__ void step(int i) {
    const std::uint32_t at = address + static_cast<std::uint32_t>(i * 32 * Bytes % kSharedBytes);
    if constexpr (Bytes == 2) {
      std::uint16_t word;
      asm volatile("ld.volatile.shared.u16 %0, [%1];" : "=h"(word) : "r"(at));
      sum ^= word;
    } else if constexpr (Bytes == 4) {
      std::uint32_t word;
      asm volatile("ld.volatile.shared.u32 %0, [%1];" : "=r"(word) : "r"(at));
      sum ^= word;
    } else if constexpr (Bytes == 8) {
      std::uint32_t x, y;
      asm volatile("ld.volatile.shared.v2.u32 {%0, %1}, [%2];" : "=r"(x), "=r"(y) : "r"(at));
      sum ^= x ^ y;
    } else {
      std::uint32_t x, y, z, w;
      asm volatile("ld.volatile.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                   : "=r"(x), "=r"(y), "=r"(z), "=r"(w)
                   : "r"(at));
      sum ^= x ^ y;
      sum ^= z ^ w;
    }
  }
  __device__ std::uint32_t result() const { return sum; }
};

struct Ldsm {
  std::uint32_t address, sum;
  __device__ void start(std::uint32_t seed, std::uint32_t shared) {
    address = shared + (threadIdx.x % 32) * 16;
    sum = seed;
  }
  __device__ void step(int i) {
    const std::uint32_t at = address + static_cast<std::uint32_t>(i * 512 % kSharedBytes);
    std::uint32_t x, y, z, w;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x), "=r"(y), "=r"(z), "=r"(w)
                 : "r"(at));
    sum ^= x ^ y;
    sum ^= z ^ w;
  }
  __device__ std::uint32_t result() const { return sum; }
};

struct Mma {
  float c[4];
  std::uint32_t a[4], b[2];
  __device__ void start(std::uint32_t seed, std::uint32_t) {
    for (int i = 0; i < 4; ++i) {
      c[i] = 0.0f;
      a[i] = 0x2c002c00u ^ (seed & 0x03ff03ffu);  // small numbers: no infinity comes up
    }
    b[0] = b[1] = 0x2c002c00u ^ (seed >> 3 & 0x03ff03ffu);
  }
  __device__ void step(int) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  __device__ std::uint32_t result() const { return __float_as_uint(c[0] + c[1] + c[2] + c[3]); }
};

/// No second instruction.
struct Nothing {
  __device__ void start(std::uint32_t, std::uint32_t) {}
  __device__ void step(int) {}
  __device__ std::uint32_t result() const { return 0; }
};

template <class First, class Second, int Threads>
__global__ __launch_bounds__(Threads) void rate_kernel(int iterations, std::uint32_t seed,
                                                       std::int64_t* cycles, std::uint32_t* sink) {
  __shared__ __align__(16) std::uint32_t memory[kSharedBytes / 4];
  for (int i = static_cast<int>(threadIdx.x); i < kSharedBytes / 4; i += Threads)
    memory[i] = seed + static_cast<std::uint32_t>(i);
  const auto shared = static_cast<std::uint32_t>(__cvta_generic_to_shared(memory));
  First first[kChains];
  Second second[kChains];
#pragma unroll
  for (int chain = 0; chain < kChains; ++chain) {
    const std::uint32_t own = seed + threadIdx.x * kChains + static_cast<std::uint32_t>(chain);
    first[chain].start(own, shared);
    second[chain].start(own + 1, shared);
  }
  __syncthreads();
  const long long start = clock64();
  for (int iteration = 0; iteration < iterations; ++iteration) {
#pragma unroll
    for (int i = 0; i < kUnroll * kChains; ++i) {
      first[i % kChains].step(i);
      second[i % kChains].step(i);
    }
  }
  __syncthreads();
  const long long stop = clock64();
  std::uint32_t sum = 0;
#pragma unroll
  for (int chain = 0; chain < kChains; ++chain)
    sum ^= first[chain].result() ^ second[chain].result();
  if (sum == 0x9e3779b9u) *sink = sum;
  if (threadIdx.x == 0) cycles[blockIdx.x] = stop - start;
}

using Launch = void (*)(int iterations, std::int64_t* cycles, std::uint32_t* sink,
                        CudaDevice& device);

template <class First, class Second, int Threads>
void launch_rate(int iterations, std::int64_t* cycles, std::uint32_t* sink, CudaDevice& device) {
  constexpr std::uint32_t seed = 0x12345u;
  rate_kernel<First, Second, Threads>
      <<<static_cast<unsigned>(device.info().sm_count), Threads, 0, device.stream()>>>(
          iterations, seed, cycles, sink);
}

struct Row {
  InstructionProbe probe;
  Launch launch;
  int threads;
  int kinds;  // 1, or 2 for a pair
};

template <class First, int Threads = kThreads>
constexpr Row single(std::string_view name, double flops = 0, double shared_bytes = 0) {
  return {{name, flops, shared_bytes, {}, {}}, launch_rate<First, Nothing, Threads>, Threads, 1};
}
template <class First, class Second, int Threads = kThreads>
constexpr Row pair(std::string_view name, std::string_view first, std::string_view second) {
  return {{name, 0, 0, first, second}, launch_rate<First, Second, Threads>, Threads, 2};
}

constexpr double kWarp = 32;
constexpr std::array kRows = {
    single<Popc>("popc"),
    single<Prmt>("prmt"),
    single<Shf>("shf"),
    single<Lop3>("lop3"),
    single<Imad>("imad"),

    single<Ffma>("ffma", kWarp * 2),
    single<Lds<2>>("lds.16", 0, kWarp * 2),
    single<Lds<4>>("lds.32", 0, kWarp * 4),
    single<Lds<8>>("lds.64", 0, kWarp * 8),
    single<Lds<16>>("lds.128", 0, kWarp * 16),
    single<Ldsm>("ldsm.x4", 0, kWarp * 16),
    single<Mma, kMmaThreads>("mma f16", kMmaFlops),
    pair<Lop3, Imad>("lop3 + imad", "lop3", "imad"),
    pair<Prmt, Imad>("prmt + imad", "prmt", "imad"),
    pair<Prmt, Lop3>("prmt + lop3", "prmt", "lop3"),
    pair<Shf, Prmt>("shf + prmt", "shf", "prmt"),
    pair<Popc, Lop3>("popc + lop3", "popc", "lop3"),
    pair<Popc, Imad>("popc + imad", "popc", "imad"),
    pair<Imad, Ffma>("imad + ffma", "imad", "ffma"),
    pair<Lop3, Lds<4>>("lop3 + lds.32", "lop3", "lds.32"),
    pair<Imad, Lds<4>>("imad + lds.32", "imad", "lds.32"),
    pair<Mma, Lop3, kMmaThreads>("mma f16 + lop3", "mma f16", "lop3"),
    pair<Mma, Imad, kMmaThreads>("mma f16 + imad", "mma f16", "imad"),
    pair<Mma, Lds<4>, kMmaThreads>("mma f16 + lds.32", "mma f16", "lds.32")};

constexpr auto kProbes = [] {
  std::array<InstructionProbe, kRows.size()> probes{};
  for (std::size_t i = 0; i < kRows.size(); ++i) probes[i] = kRows[i].probe;
  return probes;
}();

}  // namespace

std::span<const InstructionProbe> instruction_probes() { return kProbes; }

InstructionRun launch_instructions(std::size_t index, int iterations, std::int64_t* cycles,
                                   std::uint32_t* sink, CudaDevice& device) {
  if (index >= kRows.size() || iterations <= 0)
    throw std::invalid_argument("instruction probe: there is no such probe, or no iteration");
  const Row& row = kRows[index];
  row.launch(iterations, cycles, sink, device);
  KVROOF_CUDA_CHECK(cudaGetLastError());
  const std::int64_t per_warp = std::int64_t{iterations} * kUnroll * kChains * row.kinds;
  return {per_warp * (row.threads / 32) * device.info().sm_count};
}

}  // namespace kvroof::probes
