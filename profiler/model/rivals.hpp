// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "profiler/model/latency.hpp"

namespace kvroof::model {

/// The least that a decode over a cache of so many bytes takes: launch + bytes / the bandwidth that
/// memory reaches. No kernel of its own is behind it: published dense kernels take 1.06 to 2 times
/// as long (docs/model.md, Published figures). Microseconds.
double streaming_bound_us(double bytes, const DeviceModel& device, LaunchMode launch);

/// Share of a dense 16-bit cache that 2:4 leaves: two of four values, and two bits of position for
/// each: (2 * 16 + 2 * 2) / (4 * 16).
inline constexpr double kTwoFourShare = 36.0 / 64.0;

}  // namespace kvroof::model
