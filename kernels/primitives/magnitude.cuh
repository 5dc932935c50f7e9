// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

/// The bits of the Value's NaN of least magnitude.
template <class Value>
inline constexpr std::uint32_t kLeastNaN = kValueType<Value> == ValueType::kF16 ? 0x7c01u : 0x7f81u;

/// |x| of 16 bits in a register as an integer of the same order; all NaNs are equal, and above
/// infinity.
template <class Value>
KVROOF_DEVICE U32 magnitude_of(U32 bits) {
  return min_u32(bits & kMagnitudeBits, kLeastNaN<Value>);
}

}  // namespace kvroof::KVROOF_BACKEND
