// SPDX-License-Identifier: Apache-2.0
#pragma once

// The CUDA backend of the vocabulary in platform.hpp: every function is one instruction or a
// one-line wrapper, and this list is the contract that intrinsics_simt.hpp implements as well.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstddef>
#include <cstdint>

#include "kernels/value_types.hpp"

#define KVROOF_BACKEND cuda_backend
#define KVROOF_DEVICE __device__ __forceinline__
/// Head of a kernel: threads of a block at most, and, where it may take all registers that this
/// leaves, blocks that an SM has at least.
#define KVROOF_KERNEL(...) __global__ void __launch_bounds__(__VA_ARGS__)
#define KVROOF_UNROLL _Pragma("unroll")
#define KVROOF_NO_UNROLL _Pragma("unroll 1")

namespace kvroof::cuda_backend {

inline constexpr int kWarpSize = 32;
inline constexpr std::uint32_t kFullWarp = 0xffffffffu;

// ---- registers
// -----------------------------------------------------------------------------------------------------

using U32 = std::uint32_t;
using F32 = float;
struct U32x2 {
  U32 x, y;
};
struct U32x4 {
  U32 x, y, z, w;
};
struct F32x2 {
  F32 x, y;
};
struct F32x4 {
  F32 x, y, z, w;
};

namespace detail {
// CUDA's vector types move in one memory instruction; ours are what device code sees.
KVROOF_DEVICE void copy_register(U32& to, std::uint32_t from) { to = from; }
KVROOF_DEVICE void copy_register(F32& to, float from) { to = from; }
template <class To, class From>
KVROOF_DEVICE void copy_register(To& to, const From& from) {
  to.x = from.x;
  to.y = from.y;
  if constexpr (sizeof(To) == 16) {
    to.z = from.z;
    to.w = from.w;
  }
}
template <class Register>
struct WordOf {
  using Type = Register;  // U32 and F32
};
template <>
struct WordOf<U32x2> {
  using Type = uint2;
};
template <>
struct WordOf<U32x4> {
  using Type = uint4;
};
template <>
struct WordOf<F32x2> {
  using Type = float2;
};
template <>
struct WordOf<F32x4> {
  using Type = float4;
};

template <class Register>
KVROOF_DEVICE Register load_word(const void* address) {
  Register value;
  copy_register(value, *static_cast<const typename WordOf<Register>::Type*>(address));
  return value;
}
template <class Register>
KVROOF_DEVICE void store_word(void* address, Register value) {
  typename WordOf<Register>::Type word;
  copy_register(word, value);
  *static_cast<typename WordOf<Register>::Type*>(address) = word;
}
}  // namespace detail

// ---- where am I
// ----------------------------------------------------------------------------------------------------

/// Index of the thread in its block, 0 .. block_threads() - 1. Blocks are one-dimensional.
KVROOF_DEVICE U32 thread_index() { return threadIdx.x; }
KVROOF_DEVICE int block_threads() { return static_cast<int>(blockDim.x); }
/// thread_index() % 32.
KVROOF_DEVICE U32 lane_index() { return threadIdx.x & 31u; }
/// thread_index() / 32, the same in all lanes and known to be so by the compiler.
KVROOF_DEVICE int warp_index() {
  return static_cast<int>(__shfl_sync(kFullWarp, threadIdx.x >> 5, 0));
}
KVROOF_DEVICE int block_index_x() { return static_cast<int>(blockIdx.x); }
KVROOF_DEVICE int block_index_y() { return static_cast<int>(blockIdx.y); }
KVROOF_DEVICE int block_index_z() { return static_cast<int>(blockIdx.z); }
KVROOF_DEVICE int grid_size_x() { return static_cast<int>(gridDim.x); }
KVROOF_DEVICE int grid_size_y() { return static_cast<int>(gridDim.y); }
KVROOF_DEVICE int grid_size_z() { return static_cast<int>(gridDim.z); }

// ---- global memory
// -------------------------------------------------------------------------------------------------
// Register is U32, F32, U32x2, U32x4, F32x2 or F32x4; the address must be aligned to its size. The
// _if forms access memory only where `on` holds; a load yields 0 elsewhere. Write a divergent
// access as one _if form rather than a branch.

template <class Register>
KVROOF_DEVICE Register load_global(const void* address) {
  return detail::load_word<Register>(address);
}
template <class Register>
KVROOF_DEVICE Register load_global_if(bool on, const void* address) {
  Register value{};
  if (on) value = detail::load_word<Register>(address);
  return value;
}
/// From L2, past the L1 of this SM: what other blocks wrote before an atomic that this thread has
/// seen.
template <class Register>
KVROOF_DEVICE Register load_global_coherent_if(bool on, const void* address) {
  Register value{};
  if (on) {
    detail::copy_register(
        value, __ldcg(static_cast<const typename detail::WordOf<Register>::Type*>(address)));
  }
  return value;
}
KVROOF_DEVICE U32 load_global_u8(const void* address) {
  return *static_cast<const std::uint8_t*>(address);
}
KVROOF_DEVICE U32 load_global_u16(const void* address) {
  return *static_cast<const std::uint16_t*>(address);
}
KVROOF_DEVICE U32 load_global_u16_if(bool on, const void* address) {
  return on ? load_global_u16(address) : 0u;
}
template <class Register>
KVROOF_DEVICE void store_global(void* address, Register value) {
  detail::store_word(address, value);
}
template <class Register>
KVROOF_DEVICE void store_global_if(bool on, void* address, Register value) {
  if (on) detail::store_word(address, value);
}
KVROOF_DEVICE void store_global_u8(void* address, U32 value) {
  *static_cast<std::uint8_t*>(address) = static_cast<std::uint8_t>(value);
}
KVROOF_DEVICE void store_global_u8_if(bool on, void* address, U32 value) {
  if (on) store_global_u8(address, value);
}
KVROOF_DEVICE void store_global_u16(void* address, U32 value) {
  *static_cast<std::uint16_t*>(address) = static_cast<std::uint16_t>(value);
}
KVROOF_DEVICE void store_global_u16_if(bool on, void* address, U32 value) {
  if (on) store_global_u16(address, value);
}

// ---- shared memory
// -------------------------------------------------------------------------------------------------
// A kernel has one dynamic allocation, 256-byte aligned. Addresses inside it are taken from
// shared_memory<Shared>() (fields of a struct) and handed to load_shared / store_shared, never
// dereferenced. Hot loops may use 32-bit shared addresses: shared_address(pointer), plain
// arithmetic on it, and the _at forms with a constant byte offset.

template <class Shared>
KVROOF_DEVICE Shared& shared_memory() {
  extern __shared__ __align__(256) unsigned char kvroof_dynamic_shared[];
  return *reinterpret_cast<Shared*>(kvroof_dynamic_shared);
}
template <class Register>
KVROOF_DEVICE Register load_shared(const void* address) {
  return detail::load_word<Register>(address);
}
template <class Register>
KVROOF_DEVICE Register load_shared_if(bool on, const void* address) {
  Register value{};
  if (on) value = detail::load_word<Register>(address);
  return value;
}
KVROOF_DEVICE U32 load_shared_u8(const void* address) {
  return *static_cast<const std::uint8_t*>(address);
}
KVROOF_DEVICE U32 load_shared_u16(const void* address) {
  return *static_cast<const std::uint16_t*>(address);
}
KVROOF_DEVICE U32 load_shared_u16_if(bool on, const void* address) {
  return on ? load_shared_u16(address) : 0u;
}
template <class Register>
KVROOF_DEVICE void store_shared(void* address, Register value) {
  detail::store_word(address, value);
}
template <class Register>
KVROOF_DEVICE void store_shared_if(bool on, void* address, Register value) {
  if (on) detail::store_word(address, value);
}
KVROOF_DEVICE void store_shared_u8(void* address, U32 value) {
  *static_cast<std::uint8_t*>(address) = static_cast<std::uint8_t>(value);
}
KVROOF_DEVICE void store_shared_u8_if(bool on, void* address, U32 value) {
  if (on) store_shared_u8(address, value);
}
KVROOF_DEVICE void store_shared_u16(void* address, U32 value) {
  *static_cast<std::uint16_t*>(address) = static_cast<std::uint16_t>(value);
}
KVROOF_DEVICE void store_shared_u16_if(bool on, void* address, U32 value) {
  if (on) store_shared_u16(address, value);
}

KVROOF_DEVICE U32 shared_address(const void* pointer) {
  return static_cast<U32>(__cvta_generic_to_shared(pointer));
}
/// Register is U32, U32x2 or U32x4, at byte address + Offset.
template <class Register, int Offset = 0>
KVROOF_DEVICE Register load_shared_at(U32 address) {
  Register result;
  if constexpr (sizeof(Register) == 4) {
    asm("ld.shared.u32 %0, [%1+%2];" : "=r"(result) : "r"(address), "n"(Offset) : "memory");
  } else if constexpr (sizeof(Register) == 8) {
    asm("ld.shared.v2.u32 {%0, %1}, [%2+%3];"
        : "=r"(result.x), "=r"(result.y)
        : "r"(address), "n"(Offset)
        : "memory");
  } else {
    asm("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4+%5];"
        : "=r"(result.x), "=r"(result.y), "=r"(result.z), "=r"(result.w)
        : "r"(address), "n"(Offset)
        : "memory");
  }
  return result;
}

// ---- asynchronous copies global -> shared
// -------------------------------------------------------------------------- Each thread waits for
// its own copies; a barrier makes them visible to others. 16-byte copies bypass L1.

KVROOF_DEVICE void copy_async_16(void* shared, const void* global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared)),
               "l"(global)
               : "memory");
}
KVROOF_DEVICE void copy_async_16_if(bool on, void* shared, const void* global) {
  if (on) copy_async_16(shared, global);
}
KVROOF_DEVICE void copy_async_8_if(bool on, void* shared, const void* global) {
  if (on) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(shared_address(shared)),
                 "l"(global)
                 : "memory");
  }
}
/// Closes the group of the thread's copies since the last commit.
KVROOF_DEVICE void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most `Pending` of the thread's newest groups are still under way.
template <int Pending>
KVROOF_DEVICE void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

/// A copy of a whole warp: one contiguous range, global -> shared, one at a time. From compute
/// capability 9.0 on one bulk copy, before that 16-byte copies of all lanes; either way a barrier
/// object in shared memory counts it in.
struct WarpCopy {
  U32 barrier;
  U32 parity;  // of the phase that the next wait ends
};
/// Prepares 8 bytes of shared memory as barrier object.
/// Called by: all 32 lanes, converged.
KVROOF_DEVICE WarpCopy make_warp_copy(void* barrier) {
  const WarpCopy copy{shared_address(barrier), 0u};
#if __CUDA_ARCH__ >= 900
  constexpr int arrivals = 1;
#else
  constexpr int arrivals = kWarpSize;
#endif
  if (lane_index() == 0u) {
    asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(copy.barrier), "n"(arrivals)
                 : "memory");
#if __CUDA_ARCH__ >= 900
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
  }
  __syncwarp();
  return copy;
}
#if __CUDA_ARCH__ >= 900
/// Whether the calling lane is the one of its warp that the hardware picks. Of a comparison with
/// lane 0 the compiler would not know that it leaves one lane, and loop over the lanes of a bulk
/// copy. Called by: all 32 lanes, converged.
KVROOF_DEVICE bool elect_lane() {
  unsigned elected;
  asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.u32 %0, 1, 0, p; }"
               : "=r"(elected));
  return elected != 0u;
}
#endif
/// Starts copying `bytes`, a multiple of 16 as both addresses are, once every lane is done with the
/// target. Called by: all 32 lanes, converged; the previous copy of this object has been awaited.
KVROOF_DEVICE void start_warp_copy(const WarpCopy& copy, void* shared, const void* global,
                                   int bytes) {
#if __CUDA_ARCH__ >= 900
  asm volatile("fence.proxy.async.shared::cta;" ::
                   : "memory");  // what lanes stored there comes before
  __syncwarp();
  if (elect_lane()) {
    asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(copy.barrier), "r"(bytes)
                 : "memory");
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::
            "r"(shared_address(shared)),
        "l"(global), "r"(bytes), "r"(copy.barrier)
        : "memory");
  }
#else
  __syncwarp();
  for (int at = static_cast<int>(lane_index()) * 16; at < bytes; at += kWarpSize * 16) {
    copy_async_16(static_cast<std::byte*>(shared) + at, static_cast<const std::byte*>(global) + at);
  }
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(copy.barrier) : "memory");
#endif
}
/// Waits for the copy; its bytes are then visible to every lane.
/// Called by: all 32 lanes, converged.
KVROOF_DEVICE void wait_warp_copy(WarpCopy& copy) {
  U32 done;
  do {
#if __CUDA_ARCH__ >= 900
    asm volatile(
        "{ .reg .pred p; mbarrier.try_wait.parity.shared.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
#else
    asm volatile(
        "{ .reg .pred p; mbarrier.test_wait.parity.shared.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
#endif
        : "=r"(done)
        : "r"(copy.barrier), "r"(copy.parity)
        : "memory");
  } while (done == 0u);
  copy.parity ^= 1u;
  __syncwarp();
}

// ---- synchronisation
// -----------------------------------------------------------------------------------------------

KVROOF_DEVICE void sync_threads() { __syncthreads(); }
KVROOF_DEVICE void sync_warp(std::uint32_t mask = kFullWarp) { __syncwarp(mask); }
/// Orders this thread's earlier global writes before its later ones as seen by the whole device.
/// An acquire and release: __threadfence() is sequentially consistent, which costs more.
KVROOF_DEVICE void thread_fence() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }

// ---- warp collectives: called by exactly the lanes of `mask`, converged
// --------------------------------------------

KVROOF_DEVICE U32 ballot(bool predicate, std::uint32_t mask = kFullWarp) {
  return __ballot_sync(mask, predicate);
}
KVROOF_DEVICE bool any(bool predicate, std::uint32_t mask = kFullWarp) {
  return __any_sync(mask, predicate) != 0;
}
KVROOF_DEVICE bool all(bool predicate, std::uint32_t mask = kFullWarp) {
  return __all_sync(mask, predicate) != 0;
}
template <class Register>
KVROOF_DEVICE Register shuffle(Register value, U32 source_lane, std::uint32_t mask = kFullWarp) {
  return __shfl_sync(mask, value, static_cast<int>(source_lane));
}
template <class Register>
KVROOF_DEVICE Register shuffle_xor(Register value, int lane_mask, std::uint32_t mask = kFullWarp) {
  return __shfl_xor_sync(mask, value, lane_mask);
}
/// Lanes below `distance` keep their own value.
template <class Register>
KVROOF_DEVICE Register shuffle_up(Register value, int distance, std::uint32_t mask = kFullWarp) {
  return __shfl_up_sync(mask, value, static_cast<unsigned>(distance));
}

/// Sum, minimum and maximum over the lanes of `mask`; valid in every one of them.
KVROOF_DEVICE U32 warp_sum(U32 value, std::uint32_t mask = kFullWarp) {
  return __reduce_add_sync(mask, value);
}
KVROOF_DEVICE U32 warp_min(U32 value, std::uint32_t mask = kFullWarp) {
  return __reduce_min_sync(mask, value);
}
KVROOF_DEVICE U32 warp_max(U32 value, std::uint32_t mask = kFullWarp) {
  return __reduce_max_sync(mask, value);
}

// ---- atomics
// -------------------------------------------------------------------------------------------------------

/// Returns the value before the addition.
KVROOF_DEVICE U32 atomic_add_global(std::uint32_t* address, U32 value) {
  return atomicAdd(address, value);
}
KVROOF_DEVICE U32 atomic_add_shared(std::uint32_t* address, U32 value) {
  return atomicAdd(address, value);
}

// ---- integer
// -------------------------------------------------------------------------------------------------------

KVROOF_DEVICE U32 popcount(U32 value) { return static_cast<U32>(__popc(value)); }
/// Number of zero bits above the highest set bit; 32 for 0.
KVROOF_DEVICE U32 count_leading_zeros(U32 value) { return static_cast<U32>(__clz(value)); }
/// PRMT: byte i of the result is byte d = (selector >> 4i & 15) of the eight bytes {low, high}; d
/// must be 0..7.
KVROOF_DEVICE U32 byte_permute(U32 low, U32 high, U32 selector) {
  U32 result;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(result) : "r"(low), "r"(high), "r"(selector));
  return result;
}
/// PRMT.F4E: the four bytes of {low, high} that start at byte (offset & 3).
KVROOF_DEVICE U32 byte_window(U32 low, U32 high, U32 offset) {
  U32 result;
  asm("prmt.b32.f4e %0, %1, %2, %3;" : "=r"(result) : "r"(low), "r"(high), "r"(offset));
  return result;
}
/// The low word of {low, high} >> (shift & 31).
KVROOF_DEVICE U32 funnel_shift_right(U32 low, U32 high, U32 shift) {
  return __funnelshift_r(low, high, shift);
}
/// value * Factor + addend as one multiply-add that the compiler does not take apart.
template <std::uint32_t Factor>
KVROOF_DEVICE U32 multiply_add(U32 value, U32 addend) {
  U32 result;
  asm("mad.lo.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(value), "n"(Factor), "r"(addend));
  return result;
}
/// value >> Shift as a multiply-high: IMAD.HI, at half the rate of a multiply-add, where the
/// integer ALU is what code is short of.
template <int Shift>
KVROOF_DEVICE U32 multiply_shift_right(U32 value) {
  static_assert(Shift > 0 && Shift < 32);
  U32 result;
  asm("mul.hi.u32 %0, %1, %2;" : "=r"(result) : "r"(value), "n"(1u << (32 - Shift)));
  return result;
}
/// All ones where `value`, taken as signed, is negative, else 0: a multiply-high likewise.
KVROOF_DEVICE U32 multiply_sign_mask(U32 value) {
  U32 result;
  asm("mul.hi.s32 %0, %1, 2;" : "=r"(result) : "r"(value));
  return result;
}
/// (value & Mask) | rest as one LOP3 that the compiler does not take apart.
template <std::uint32_t Mask>
KVROOF_DEVICE U32 and_or(U32 value, U32 rest) {
  U32 result;
  asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(result) : "r"(value), "n"(Mask), "r"(rest));
  return result;
}
/// One LOP3 that the compiler does not take apart: the function of three bits that makes Table of
/// 0xf0, 0xcc and 0xaa.
template <std::uint32_t Table>
KVROOF_DEVICE U32 logic3(U32 a, U32 b, U32 c) {
  U32 result;
  asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(result) : "r"(a), "r"(b), "r"(c), "n"(Table & 0xffu));
  return result;
}
KVROOF_DEVICE U32 min_u32(U32 a, U32 b) { return min(a, b); }
KVROOF_DEVICE U32 max_u32(U32 a, U32 b) { return max(a, b); }
template <class Register>
KVROOF_DEVICE Register select(bool condition, Register if_true, Register if_false) {
  return condition ? if_true : if_false;
}

// ---- floating point
// ------------------------------------------------------------------------------------------------

KVROOF_DEVICE F32 max_f32(F32 a, F32 b) { return fmaxf(a, b); }  // a NaN loses against a number
KVROOF_DEVICE F32 fused_multiply_add(F32 a, F32 b, F32 c) { return __fmaf_rn(a, b, c); }
/// 2^x by the special-function unit: 2 ulp, exp2_approx(-inf) = 0.
KVROOF_DEVICE F32 exp2_approx(F32 x) {
  F32 result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
/// log2(x) by the special-function unit; log2_approx(0) = -inf.
KVROOF_DEVICE F32 log2_approx(F32 x) {
  F32 result;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
/// 1 / x by the special-function unit: 1 ulp.
KVROOF_DEVICE F32 reciprocal(F32 x) {
  F32 result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
KVROOF_DEVICE F32 f32_from_bits(U32 bits) { return __uint_as_float(bits); }
KVROOF_DEVICE U32 bits_of(F32 value) { return __float_as_uint(value); }

// Binary64 numbers are their bits in two registers: x the low half, y the high one.
namespace detail {
KVROOF_DEVICE U32x2 f64_bits(double value) {
  return {static_cast<U32>(__double2loint(value)), static_cast<U32>(__double2hiint(value))};
}
KVROOF_DEVICE double f64_value(U32x2 bits) {
  return __hiloint2double(static_cast<int>(bits.y), static_cast<int>(bits.x));
}
}  // namespace detail
/// A number that the host knows: a constant, a member of the problem.
KVROOF_DEVICE U32x2 f64_constant(double value) { return detail::f64_bits(value); }
/// Exact.
KVROOF_DEVICE U32x2 f64_from_f32(F32 value) { return detail::f64_bits(value); }
/// Rounded to nearest, never contracted.
KVROOF_DEVICE U32x2 add_f64(U32x2 a, U32x2 b) {
  return detail::f64_bits(__dadd_rn(detail::f64_value(a), detail::f64_value(b)));
}
KVROOF_DEVICE U32x2 multiply_f64(U32x2 a, U32x2 b) {
  return detail::f64_bits(__dmul_rn(detail::f64_value(a), detail::f64_value(b)));
}
/// The larger one; a NaN loses against a number.
KVROOF_DEVICE U32x2 max_f64(U32x2 a, U32x2 b) {
  return detail::f64_bits(fmax(detail::f64_value(a), detail::f64_value(b)));
}
/// a / b, rounded to nearest.
KVROOF_DEVICE U32x2 divide_f64(U32x2 a, U32x2 b) {
  return detail::f64_bits(__ddiv_rn(detail::f64_value(a), detail::f64_value(b)));
}
/// e^x to a unit in the last place: backends may differ by that.
KVROOF_DEVICE U32x2 exp_f64(U32x2 x) { return detail::f64_bits(exp(detail::f64_value(x))); }
/// Rounded to nearest.
KVROOF_DEVICE F32 f32_from_f64(U32x2 value) { return __double2float_rn(detail::f64_value(value)); }

/// The 16-bit Value in the low half of a register as F32.
template <class Value>
KVROOF_DEVICE F32 f32_from_value(U32 low_bits);
template <>
KVROOF_DEVICE F32 f32_from_value<Half>(U32 low_bits) {
  return __half2float(__ushort_as_half(static_cast<unsigned short>(low_bits)));
}
template <>
KVROOF_DEVICE F32 f32_from_value<BFloat16>(U32 low_bits) {
  return __uint_as_float(low_bits << 16);
}
/// Two F32 rounded to nearest Values: `low` in the low half, `high` in the high half.
template <class Value>
KVROOF_DEVICE U32 pack_values(F32 low, F32 high);
template <>
KVROOF_DEVICE U32 pack_values<Half>(F32 low, F32 high) {
  U32 result;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
  return result;
}
template <>
KVROOF_DEVICE U32 pack_values<BFloat16>(F32 low, F32 high) {
  U32 result;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
  return result;
}

// ---- matrix
// --------------------------------------------------------------------------------------------------------
// Fragments as in PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type": lane = 4 g
// + t.

/// Four 8x8 matrices of 16-bit elements; lane l supplies the 16-byte row address of row l % 8 of
/// matrix l / 8.
KVROOF_DEVICE void load_matrix_x4(U32 (&result)[4], const void* shared_row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
               : "r"(shared_address(shared_row))
               : "memory");
}
KVROOF_DEVICE void load_matrix_x4_transposed(U32 (&result)[4], const void* shared_row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
               : "r"(shared_address(shared_row))
               : "memory");
}
/// Transposes an 8x8 matrix of 16-bit elements that lies across the warp (lane 4 g + t holds row g,
/// columns 2t, 2t+1).
KVROOF_DEVICE U32 move_matrix_transposed(U32 fragment) {
  U32 result;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(fragment));
  return result;
}
/// d += a * b with a 16x16 (row), b 16x8 (column), d 16x8 in F32; Value is Half or BFloat16.
template <class Value>
KVROOF_DEVICE void mma_m16n8k16(F32 (&d)[4], const U32 (&a)[4], U32 b0, U32 b1);
template <>
KVROOF_DEVICE void mma_m16n8k16<Half>(F32 (&d)[4], const U32 (&a)[4], U32 b0, U32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, "
      "%9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <>
KVROOF_DEVICE void mma_m16n8k16<BFloat16>(F32 (&d)[4], const U32 (&a)[4], U32 b0, U32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
/// d += a * b with a 16x32 (row) of which two of every four columns are stored, b 32x8 (column), d
/// 16x8 in F32. Register r of a holds rows g + 8 (r % 2), stored columns 2t, 2t + 1 (+ 8 if r > 1);
/// register j of b rows 8j + 2t, 8j + 2t + 1. Metadata comes from lanes t = 2 Selector (columns 0
/// to 15) and the next (16 to 31) of each quad: the low half for row g, the high half for row g +
/// 8; its 4 bits 4j .. name the two stored columns of group j, the lower one in the low bits (PTX
/// ISA, "Matrix fragments for sparse mma.m16n8k32 with .f16 and .bf16 types").
template <class Value, int Selector>
KVROOF_DEVICE void mma_sparse_m16n8k32(F32 (&d)[4], const U32 (&a)[4], const U32 (&b)[4],
                                       U32 metadata) {
  static_assert(Selector == 0 || Selector == 1, "a pair of lanes of each quad");
  if constexpr (kValueType<Value> == ValueType::kF16) {
    asm volatile(
        "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9, %10, %11}, {%0, %1, %2, %3}, %12, %13;"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]),
          "r"(metadata), "n"(Selector));
  } else {
    asm volatile(
        "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32 {%0, %1, %2, "
        "%3}, {%4, %5, %6, %7}, {%8, %9, %10, %11}, {%0, %1, %2, %3}, %12, %13;"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]),
          "r"(metadata), "n"(Selector));
  }
}

// ---- loops whose body diverges
// -------------------------------------------------------------------------------------

/// for (int i : iterations(begin, end)): lets the simulator tell apart the rounds of a loop in
/// which lanes take different paths, as a GPU that reconverges every round does. Plain integers
/// here.
struct IterationRange {
  struct Iterator {
    int value;
    KVROOF_DEVICE int operator*() const { return value; }
    KVROOF_DEVICE void operator++() { ++value; }
    KVROOF_DEVICE bool operator!=(const Iterator& other) const { return value < other.value; }
  };
  int first, last;
  KVROOF_DEVICE Iterator begin() const { return {first}; }
  KVROOF_DEVICE Iterator end() const { return {last}; }
};
KVROOF_DEVICE IterationRange iterations(int begin, int end) { return {begin, end}; }

}  // namespace kvroof::cuda_backend
