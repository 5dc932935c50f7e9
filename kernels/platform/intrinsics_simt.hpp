// SPDX-License-Identifier: Apache-2.0
#pragma once

// The simulator's backend of the vocabulary in platform.hpp: the names of intrinsics_cuda.cuh, with
// the place of the call as a last argument that is filled in by itself.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/simt/block.hpp"
#include "kernels/simt/collectives.hpp"
#include "kernels/simt/iterations.hpp"
#include "kernels/simt/memory_access.hpp"
#include "kernels/simt/registers.hpp"
#include "kernels/simt/site.hpp"
#include "kernels/value_types.hpp"

#define KVROOF_BACKEND simt_backend
#define KVROOF_DEVICE inline
/// Head of a kernel: threads of a block at most, and, where it may take all registers that this
/// leaves, blocks that an SM has at least.
#define KVROOF_KERNEL(...) inline void
#define KVROOF_UNROLL
#define KVROOF_NO_UNROLL

namespace kvroof::simt_backend {

inline constexpr int kWarpSize = 32;
inline constexpr std::uint32_t kFullWarp = 0xffffffffu;

using simt::F32;
using simt::F32x2;
using simt::F32x4;
using simt::U32;
using simt::U32x2;
using simt::U32x4;

namespace detail {
using simt::issue;
using simt::Pipe;
using simt::Site;

/// The type a value has in a register.
template <class Value>
using Register = typename simt::RegisterOf<Value>::Type;

template <class Value>
std::uint32_t to_bits(Value value) {
  static_assert(sizeof(Register<Value>) == 4, "a shuffle moves one 32-bit register");
  return std::bit_cast<std::uint32_t>(static_cast<Register<Value>>(value));
}
}  // namespace detail

// ---- where am I ----

/// Index of the thread in its block, 0 .. block_threads() - 1. Blocks are one-dimensional.
KVROOF_DEVICE U32 thread_index() { return simt::current->index; }
KVROOF_DEVICE int block_threads() { return simt::current->block->launch().threads; }
/// thread_index() % 32.
KVROOF_DEVICE U32 lane_index() { return simt::current->lane; }
/// thread_index() / 32, the same in all lanes.
KVROOF_DEVICE int warp_index() { return simt::current->warp->index; }
KVROOF_DEVICE int block_index_x() { return simt::current->block->index().x; }
KVROOF_DEVICE int block_index_y() { return simt::current->block->index().y; }
KVROOF_DEVICE int block_index_z() { return simt::current->block->index().z; }
KVROOF_DEVICE int grid_size_x() { return simt::current->block->launch().grid.x; }
KVROOF_DEVICE int grid_size_y() { return simt::current->block->launch().grid.y; }
KVROOF_DEVICE int grid_size_z() { return simt::current->block->launch().grid.z; }

// ---- global memory ----

template <class Register>
KVROOF_DEVICE Register load_global_if(bool on, const void* address,
                                      detail::Site site = detail::Site::current()) {
  Register value;
  simt::read_global<sizeof(Register)>(&value, address, on, site);
  return value;
}
template <class Register>
KVROOF_DEVICE Register load_global(const void* address,
                                   detail::Site site = detail::Site::current()) {
  return load_global_if<Register>(true, address, site);
}
/// From L2, past the L1 of this SM: what other blocks wrote before an atomic that this thread has
/// seen. The simulator has no L1.
template <class Register>
KVROOF_DEVICE Register load_global_coherent_if(bool on, const void* address,
                                               detail::Site site = detail::Site::current()) {
  return load_global_if<Register>(on, address, site);
}
KVROOF_DEVICE U32 load_global_u8(const void* address, detail::Site site = detail::Site::current()) {
  std::uint8_t value;
  simt::read_global<1>(&value, address, true, site);
  return value;
}
KVROOF_DEVICE U32 load_global_u16_if(bool on, const void* address,
                                     detail::Site site = detail::Site::current()) {
  std::uint16_t value;
  simt::read_global<2>(&value, address, on, site);
  return value;
}
KVROOF_DEVICE U32 load_global_u16(const void* address,
                                  detail::Site site = detail::Site::current()) {
  return load_global_u16_if(true, address, site);
}
template <class Value>
KVROOF_DEVICE void store_global_if(bool on, void* address, Value value,
                                   detail::Site site = detail::Site::current()) {
  const detail::Register<Value> stored = value;
  simt::write_global<sizeof stored>(address, &stored, on, site);
}
template <class Value>
KVROOF_DEVICE void store_global(void* address, Value value,
                                detail::Site site = detail::Site::current()) {
  store_global_if(true, address, value, site);
}
KVROOF_DEVICE void store_global_u8_if(bool on, void* address, U32 value,
                                      detail::Site site = detail::Site::current()) {
  const auto stored = static_cast<std::uint8_t>(value);
  simt::write_global<1>(address, &stored, on, site);
}
KVROOF_DEVICE void store_global_u8(void* address, U32 value,
                                   detail::Site site = detail::Site::current()) {
  store_global_u8_if(true, address, value, site);
}
KVROOF_DEVICE void store_global_u16_if(bool on, void* address, U32 value,
                                       detail::Site site = detail::Site::current()) {
  const auto stored = static_cast<std::uint16_t>(value);
  simt::write_global<2>(address, &stored, on, site);
}
KVROOF_DEVICE void store_global_u16(void* address, U32 value,
                                    detail::Site site = detail::Site::current()) {
  store_global_u16_if(true, address, value, site);
}

// ---- shared memory ----

template <class Shared>
KVROOF_DEVICE Shared& shared_memory() {
  return *reinterpret_cast<Shared*>(simt::shared_base());
}
template <class Register>
KVROOF_DEVICE Register load_shared_if(bool on, const void* address,
                                      detail::Site site = detail::Site::current()) {
  Register value;
  simt::read_shared<sizeof(Register)>(&value, address, on, site);
  return value;
}
template <class Register>
KVROOF_DEVICE Register load_shared(const void* address,
                                   detail::Site site = detail::Site::current()) {
  return load_shared_if<Register>(true, address, site);
}
KVROOF_DEVICE U32 load_shared_u8(const void* address, detail::Site site = detail::Site::current()) {
  std::uint8_t value;
  simt::read_shared<1>(&value, address, true, site);
  return value;
}
KVROOF_DEVICE U32 load_shared_u16_if(bool on, const void* address,
                                     detail::Site site = detail::Site::current()) {
  std::uint16_t value;
  simt::read_shared<2>(&value, address, on, site);
  return value;
}
KVROOF_DEVICE U32 load_shared_u16(const void* address,
                                  detail::Site site = detail::Site::current()) {
  return load_shared_u16_if(true, address, site);
}
template <class Value>
KVROOF_DEVICE void store_shared_if(bool on, void* address, Value value,
                                   detail::Site site = detail::Site::current()) {
  const detail::Register<Value> stored = value;
  simt::write_shared<sizeof stored>(address, &stored, on, site);
}
template <class Value>
KVROOF_DEVICE void store_shared(void* address, Value value,
                                detail::Site site = detail::Site::current()) {
  store_shared_if(true, address, value, site);
}
KVROOF_DEVICE void store_shared_u8_if(bool on, void* address, U32 value,
                                      detail::Site site = detail::Site::current()) {
  const auto stored = static_cast<std::uint8_t>(value);
  simt::write_shared<1>(address, &stored, on, site);
}
KVROOF_DEVICE void store_shared_u8(void* address, U32 value,
                                   detail::Site site = detail::Site::current()) {
  store_shared_u8_if(true, address, value, site);
}
KVROOF_DEVICE void store_shared_u16_if(bool on, void* address, U32 value,
                                       detail::Site site = detail::Site::current()) {
  const auto stored = static_cast<std::uint16_t>(value);
  simt::write_shared<2>(address, &stored, on, site);
}
KVROOF_DEVICE void store_shared_u16(void* address, U32 value,
                                    detail::Site site = detail::Site::current()) {
  store_shared_u16_if(true, address, value, site);
}

KVROOF_DEVICE U32 shared_address(const void* pointer) {
  return simt::shared_window_address(pointer);
}
/// Register is U32, U32x2 or U32x4, at byte address + Offset.
template <class Register, int Offset = 0>
KVROOF_DEVICE Register load_shared_at(U32 address, detail::Site site = detail::Site::current()) {
  Register value;
  simt::read_shared_at<sizeof(Register)>(
      &value, std::uint32_t{address} + static_cast<std::uint32_t>(Offset), site);
  return value;
}

// ---- asynchronous copies global -> shared ----

KVROOF_DEVICE void copy_async_16_if(bool on, void* shared, const void* global,
                                    detail::Site site = detail::Site::current()) {
  simt::copy_async<16>(shared, global, on, site);
}
KVROOF_DEVICE void copy_async_16(void* shared, const void* global,
                                 detail::Site site = detail::Site::current()) {
  copy_async_16_if(true, shared, global, site);
}
KVROOF_DEVICE void copy_async_8_if(bool on, void* shared, const void* global,
                                   detail::Site site = detail::Site::current()) {
  simt::copy_async<8>(shared, global, on, site);
}
/// Closes the group of the thread's copies since the last commit.
KVROOF_DEVICE void copy_async_commit() { simt::commit_async_copies(); }
/// Waits until at most `Pending` of the thread's newest groups are still under way.
template <int Pending>
KVROOF_DEVICE void copy_async_wait() {
  simt::wait_async_copies(static_cast<std::size_t>(Pending));
}

/// A copy of a whole warp: one contiguous range, global -> shared, one at a time.
struct WarpCopy {
  U32 barrier;
  U32 parity;
};
KVROOF_DEVICE WarpCopy make_warp_copy(void* barrier, detail::Site site = detail::Site::current()) {
  const WarpCopy copy{shared_address(barrier), 0u};
  simt::sync_lanes(kFullWarp, site);
  return copy;
}
KVROOF_DEVICE void start_warp_copy(const WarpCopy& copy, void* shared, const void* global,
                                   int bytes, detail::Site site = detail::Site::current()) {
  simt::sync_lanes(kFullWarp, site);
  if (simt::current->lane == 0) {
    simt::start_bulk_copy(copy.barrier, shared, global, bytes, site);
  }
}
KVROOF_DEVICE void wait_warp_copy(WarpCopy& copy, detail::Site site = detail::Site::current()) {
  simt::wait_bulk_copies(copy.barrier);
  copy.parity = copy.parity ^ 1u;
  simt::sync_lanes(kFullWarp, site);
}

// ---- synchronisation ----

KVROOF_DEVICE void sync_threads(detail::Site site = detail::Site::current()) {
  simt::sync_block(site);
}
KVROOF_DEVICE void sync_warp(std::uint32_t mask = kFullWarp,
                             detail::Site site = detail::Site::current()) {
  simt::sync_lanes(mask, site);
}
KVROOF_DEVICE void thread_fence() { simt::fence_global(); }

// ---- warp collectives: called by exactly the lanes of `mask`, converged ----

KVROOF_DEVICE U32 ballot(bool predicate, std::uint32_t mask = kFullWarp,
                         detail::Site site = detail::Site::current()) {
  std::uint32_t participants;
  return simt::vote(predicate, mask, site, &participants);
}
KVROOF_DEVICE bool any(bool predicate, std::uint32_t mask = kFullWarp,
                       detail::Site site = detail::Site::current()) {
  std::uint32_t participants;
  return simt::vote(predicate, mask, site, &participants) != 0;
}
KVROOF_DEVICE bool all(bool predicate, std::uint32_t mask = kFullWarp,
                       detail::Site site = detail::Site::current()) {
  std::uint32_t participants;
  const std::uint32_t votes = simt::vote(predicate, mask, site, &participants);
  return votes == participants;
}
template <class Value>
KVROOF_DEVICE auto shuffle(Value value, U32 source_lane, std::uint32_t mask = kFullWarp,
                           detail::Site site = detail::Site::current()) {
  return std::bit_cast<detail::Register<Value>>(simt::shuffle_bits(
      detail::to_bits(value), static_cast<int>(std::uint32_t{source_lane} % 32), mask, site));
}
template <class Value>
KVROOF_DEVICE auto shuffle_xor(Value value, int lane_mask, std::uint32_t mask = kFullWarp,
                               detail::Site site = detail::Site::current()) {
  return std::bit_cast<detail::Register<Value>>(simt::shuffle_bits(
      detail::to_bits(value), (simt::current->lane ^ lane_mask) & 31, mask, site));
}
/// Lanes below `distance` keep their own value.
template <class Value>
KVROOF_DEVICE auto shuffle_up(Value value, int distance, std::uint32_t mask = kFullWarp,
                              detail::Site site = detail::Site::current()) {
  const int lane = simt::current->lane;
  const int source = distance >= 0 && distance <= lane ? lane - distance : lane;
  return std::bit_cast<detail::Register<Value>>(
      simt::shuffle_bits(detail::to_bits(value), source, mask, site));
}

/// Sum, minimum and maximum over the lanes of `mask`; valid in every one of them.
KVROOF_DEVICE U32 warp_sum(U32 value, std::uint32_t mask = kFullWarp,
                           detail::Site site = detail::Site::current()) {
  return simt::reduce(value, simt::Reduction::kSum, mask, site);
}
KVROOF_DEVICE U32 warp_min(U32 value, std::uint32_t mask = kFullWarp,
                           detail::Site site = detail::Site::current()) {
  return simt::reduce(value, simt::Reduction::kMin, mask, site);
}
KVROOF_DEVICE U32 warp_max(U32 value, std::uint32_t mask = kFullWarp,
                           detail::Site site = detail::Site::current()) {
  return simt::reduce(value, simt::Reduction::kMax, mask, site);
}

// ---- atomics ----

/// Returns the value before the addition.
KVROOF_DEVICE U32 atomic_add_global(std::uint32_t* address, U32 value,
                                    detail::Site site = detail::Site::current()) {
  return simt::atomic_add_to_global(address, value, site);
}
KVROOF_DEVICE U32 atomic_add_shared(std::uint32_t* address, U32 value,
                                    detail::Site site = detail::Site::current()) {
  return simt::atomic_add_to_shared(address, value, site);
}

// ---- integer ----

KVROOF_DEVICE U32 popcount(U32 value) {
  detail::issue(detail::Pipe::kXu);
  return std::popcount(std::uint32_t{value});
}
/// Number of zero bits above the highest set bit; 32 for 0.
KVROOF_DEVICE U32 count_leading_zeros(U32 value) {
  detail::issue(detail::Pipe::kXu);
  detail::issue(detail::Pipe::kAlu);  // 31 - index of the leading bit
  return std::countl_zero(std::uint32_t{value});
}
/// PRMT: byte i of the result is byte d = (selector >> 4i & 15) of the eight bytes {low, high}; d
/// must be 0..7. As on a GPU, 8 more than that repeats the sign bit of the byte.
KVROOF_DEVICE U32 byte_permute(U32 low, U32 high, U32 selector) {
  detail::issue(detail::Pipe::kAlu);
  const std::uint64_t bytes =
      std::uint64_t{std::uint32_t{high}} << 32 | std::uint64_t{std::uint32_t{low}};
  const std::uint32_t select = selector;
  std::uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint32_t digit = select >> 4 * i & 15u;
    auto byte = static_cast<std::uint32_t>(bytes >> (digit & 7u) * 8 & 0xffu);
    if ((digit & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xffu : 0u;
    result |= byte << 8 * i;
  }
  return result;
}
/// PRMT.F4E: the four bytes of {low, high} that start at byte (offset & 3).
KVROOF_DEVICE U32 byte_window(U32 low, U32 high, U32 offset) {
  detail::issue(detail::Pipe::kAlu);
  const std::uint64_t bytes =
      std::uint64_t{std::uint32_t{high}} << 32 | std::uint64_t{std::uint32_t{low}};
  return static_cast<std::uint32_t>(bytes >> (std::uint32_t{offset} & 3u) * 8);
}
/// The low word of {low, high} >> (shift & 31).
KVROOF_DEVICE U32 funnel_shift_right(U32 low, U32 high, U32 shift) {
  detail::issue(detail::Pipe::kAlu);
  const std::uint64_t bits =
      std::uint64_t{std::uint32_t{high}} << 32 | std::uint64_t{std::uint32_t{low}};
  return static_cast<std::uint32_t>(bits >> (std::uint32_t{shift} & 31u));
}
/// value * Factor + addend as one multiply-add that the compiler does not take apart.
template <std::uint32_t Factor>
KVROOF_DEVICE U32 multiply_add(U32 value, U32 addend) {
  detail::issue(detail::Pipe::kFma);
  return std::uint32_t{value} * Factor + std::uint32_t{addend};
}
/// value >> Shift as a multiply-high: IMAD.HI, at half the rate of a multiply-add, where the
/// integer ALU is what code is short of.
template <int Shift>
KVROOF_DEVICE U32 multiply_shift_right(U32 value) {
  static_assert(Shift > 0 && Shift < 32);
  detail::issue(detail::Pipe::kFma);
  return std::uint32_t{value} >> Shift;
}
/// All ones where `value`, taken as signed, is negative, else 0: a multiply-high likewise.
KVROOF_DEVICE U32 multiply_sign_mask(U32 value) {
  detail::issue(detail::Pipe::kFma);
  return (std::uint32_t{value} >> 31) != 0 ? ~0u : 0u;
}
/// (value & Mask) | rest as one LOP3 that the compiler does not take apart.
template <std::uint32_t Mask>
KVROOF_DEVICE U32 and_or(U32 value, U32 rest) {
  detail::issue(detail::Pipe::kAlu);
  return (std::uint32_t{value} & Mask) | std::uint32_t{rest};
}
/// One LOP3 that the compiler does not take apart: the function of three bits that makes Table of
/// 0xf0, 0xcc and 0xaa.
template <std::uint32_t Table>
KVROOF_DEVICE U32 logic3(U32 a, U32 b, U32 c) {
  detail::issue(detail::Pipe::kAlu);
  const std::uint32_t x = a, y = b, z = c;
  std::uint32_t result = 0;
  for (unsigned i = 0; i < 8; ++i) {  // result bit for a, b, c = the bits of i
    if ((Table >> i & 1u) == 0) continue;
    result |= ((i & 4u) != 0 ? x : ~x) & ((i & 2u) != 0 ? y : ~y) & ((i & 1u) != 0 ? z : ~z);
  }
  return result;
}
KVROOF_DEVICE U32 min_u32(U32 a, U32 b) {
  detail::issue(detail::Pipe::kAlu);
  return std::uint32_t{a} < std::uint32_t{b} ? a : b;
}
KVROOF_DEVICE U32 max_u32(U32 a, U32 b) {
  detail::issue(detail::Pipe::kAlu);
  return std::uint32_t{a} > std::uint32_t{b} ? a : b;
}
template <class Value, class Other>
KVROOF_DEVICE detail::Register<Value> select(bool condition, Value if_true, Other if_false) {
  detail::issue(detail::Pipe::kAlu);
  return condition ? detail::Register<Value>(if_true) : detail::Register<Value>(if_false);
}

// ---- floating point ----

/// A NaN loses against a number; +0 is above -0.
KVROOF_DEVICE F32 max_f32(F32 left, F32 right) {
  detail::issue(detail::Pipe::kAlu);
  const float a = left, b = right;
  if (std::isnan(a)) return std::isnan(b) ? std::bit_cast<float>(0x7fffffffu) : b;
  if (std::isnan(b)) return a;
  return a < b || (a == b && std::signbit(a)) ? b : a;
}
KVROOF_DEVICE F32 fused_multiply_add(F32 a, F32 b, F32 c) {
  detail::issue(detail::Pipe::kFma);
  return std::fma(float{a}, float{b}, float{c});
}
/// 2^x by the special-function unit, subnormals flushed to zero; here rounded from binary64.
KVROOF_DEVICE F32 exp2_approx(F32 x) {
  detail::issue(detail::Pipe::kXu);
  const float result = static_cast<float>(std::exp2(static_cast<double>(float{x})));
  return result < std::numeric_limits<float>::min() ? 0.0f : result;
}
/// log2(x) by the special-function unit, subnormals flushed to zero; log2_approx(0) = -inf.
KVROOF_DEVICE F32 log2_approx(F32 x) {
  detail::issue(detail::Pipe::kXu);
  const float value = x;
  if (std::fabs(value) < std::numeric_limits<float>::min()) {
    return -std::numeric_limits<float>::infinity();
  }
  return static_cast<float>(std::log2(static_cast<double>(value)));
}
/// 1 / x by the special-function unit; here correctly rounded.
KVROOF_DEVICE F32 reciprocal(F32 x) {
  detail::issue(detail::Pipe::kXu);
  return 1.0f / float{x};
}
KVROOF_DEVICE F32 f32_from_bits(U32 bits) { return std::bit_cast<float>(std::uint32_t{bits}); }
KVROOF_DEVICE U32 bits_of(F32 value) { return std::bit_cast<std::uint32_t>(float{value}); }

// Binary64 numbers are their bits in two registers: x the low half, y the high one.
namespace detail {
KVROOF_DEVICE U32x2 f64_bits(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return {static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32)};
}
KVROOF_DEVICE double f64_value(U32x2 bits) {
  return std::bit_cast<double>(std::uint64_t{std::uint32_t{bits.y}} << 32 |
                               std::uint64_t{std::uint32_t{bits.x}});
}
}  // namespace detail
/// A number that the host knows: a constant, a member of the problem.
KVROOF_DEVICE U32x2 f64_constant(double value) { return detail::f64_bits(value); }
/// Exact.
KVROOF_DEVICE U32x2 f64_from_f32(F32 value) {
  detail::issue(detail::Pipe::kXu);
  return detail::f64_bits(static_cast<double>(float{value}));
}
/// Rounded to nearest, never contracted. Counted as one multiply-add of the FMA pipe.
KVROOF_DEVICE U32x2 add_f64(U32x2 a, U32x2 b) {
  detail::issue(detail::Pipe::kFma);
  return detail::f64_bits(detail::f64_value(a) + detail::f64_value(b));
}
KVROOF_DEVICE U32x2 multiply_f64(U32x2 a, U32x2 b) {
  detail::issue(detail::Pipe::kFma);
  return detail::f64_bits(detail::f64_value(a) * detail::f64_value(b));
}
/// The larger one; a NaN loses against a number.
KVROOF_DEVICE U32x2 max_f64(U32x2 a, U32x2 b) {
  detail::issue(detail::Pipe::kAlu);
  return detail::f64_bits(std::fmax(detail::f64_value(a), detail::f64_value(b)));
}
/// a / b, rounded to nearest. Counted, as exp_f64() is, as one instruction; a GPU takes some
/// dozens.
KVROOF_DEVICE U32x2 divide_f64(U32x2 a, U32x2 b) {
  detail::issue(detail::Pipe::kFma);
  return detail::f64_bits(detail::f64_value(a) / detail::f64_value(b));
}
/// e^x to a unit in the last place: backends may differ by that.
KVROOF_DEVICE U32x2 exp_f64(U32x2 x) {
  detail::issue(detail::Pipe::kFma);
  return detail::f64_bits(std::exp(detail::f64_value(x)));
}
/// Rounded to nearest.
KVROOF_DEVICE F32 f32_from_f64(U32x2 value) {
  detail::issue(detail::Pipe::kXu);
  return static_cast<float>(detail::f64_value(value));
}

/// The 16-bit Value in the low half of a register as F32.
template <class Value>
KVROOF_DEVICE F32 f32_from_value(U32 low_bits);
template <>
KVROOF_DEVICE F32 f32_from_value<Half>(U32 low_bits) {
  detail::issue(detail::Pipe::kFma);
  return to_float(Half{static_cast<std::uint16_t>(low_bits)});
}
template <>
KVROOF_DEVICE F32 f32_from_value<BFloat16>(U32 low_bits) {
  detail::issue(detail::Pipe::kAlu);
  return std::bit_cast<float>(std::uint32_t{low_bits} << 16);
}
/// Two F32 rounded to nearest Values: `low` in the low half, `high` in the high half.
template <class Value>
KVROOF_DEVICE U32 pack_values(F32 low, F32 high) {
  detail::issue(detail::Pipe::kAlu);
  return std::uint32_t{from_float<Value>(low).bits} | std::uint32_t{from_float<Value>(high).bits}
                                                          << 16;
}

// ---- matrix ----

/// Four 8x8 matrices of 16-bit elements; lane l supplies the 16-byte row address of row l % 8 of
/// matrix l / 8.
KVROOF_DEVICE void load_matrix_x4(U32 (&result)[4], const void* shared_row,
                                  detail::Site site = detail::Site::current()) {
  simt::load_matrices(result, shared_row, false, site);
}
KVROOF_DEVICE void load_matrix_x4_transposed(U32 (&result)[4], const void* shared_row,
                                             detail::Site site = detail::Site::current()) {
  simt::load_matrices(result, shared_row, true, site);
}
/// Transposes an 8x8 matrix of 16-bit elements that lies across the warp (lane 4 g + t holds row g,
/// columns 2t, 2t+1).
KVROOF_DEVICE U32 move_matrix_transposed(U32 fragment,
                                         detail::Site site = detail::Site::current()) {
  return simt::move_matrix(fragment, site);
}
/// d += a * b with a 16x16 (row), b 16x8 (column), d 16x8 in F32; Value is Half or BFloat16.
template <class Value>
KVROOF_DEVICE void mma_m16n8k16(F32 (&d)[4], const U32 (&a)[4], U32 b0, U32 b1,
                                detail::Site site = detail::Site::current()) {
  constexpr auto type =
      kValueType<Value> == ValueType::kF16 ? simt::MmaType::kF16 : simt::MmaType::kBF16;
  simt::mma(type, d, a, b0, b1, site);
}
/// d += a * b with a 16x32 (row) of which two of every four columns are stored, b 32x8 (column).
template <class Value, int Selector>
KVROOF_DEVICE void mma_sparse_m16n8k32(F32 (&d)[4], const U32 (&a)[4], const U32 (&b)[4],
                                       U32 metadata, detail::Site site = detail::Site::current()) {
  static_assert(Selector == 0 || Selector == 1, "a pair of lanes of each quad");
  constexpr auto type =
      kValueType<Value> == ValueType::kF16 ? simt::MmaType::kF16 : simt::MmaType::kBF16;
  simt::mma_sparse(type, Selector, d, a, b, metadata, site);
}

// ---- loops whose body diverges ----

/// for (int i : iterations(begin, end)): tells apart the rounds of a loop in which lanes take
/// different paths, as a GPU that reconverges every round does.
KVROOF_DEVICE simt::IterationRange iterations(int begin, int end,
                                              detail::Site site = detail::Site::current()) {
  return {begin, end, site};
}

}  // namespace kvroof::simt_backend
