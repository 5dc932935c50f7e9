// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "traces/trace.hpp"

namespace kvroof::traces {

/// The best roof of a level and kind: the highest rate, for launch and latency the lowest time.
/// Roofs that are not finite and positive are passed over. nullptr when there is none.
const Roof* best_roof(const Ceilings& ceilings, RoofLevel level, RoofKind kind);

/// Which pair of roofs a roofline is made of. Both are of one kind: theoretical and measured roofs
/// never mix.
struct RooflineChoice {
  MemoryLevel memory = MemoryLevel::dram;
  RoofLevel compute = RoofLevel::tensor;  // tensor or cuda_core
  RoofKind kind = RoofKind::measured;
};

/// min(peak, intensity * bandwidth) in flop/s (Williams, Waterman, Patterson, CACM 52(4), 2009).
/// `intensity` in flop/byte, not negative. nullopt when one of the two roofs is not known.
std::optional<double> attainable(const Ceilings& ceilings, const RooflineChoice& choice,
                                 double intensity);

/// Intensity in flop/byte at which the two roofs meet.
std::optional<double> ridge_intensity(const Ceilings& ceilings, const RooflineChoice& choice);

/// useful flops / bytes moved at the traffic's level; nullopt when nothing moved.
std::optional<double> arithmetic_intensity(const Work& work, const Traffic& traffic);

/// The roof that belongs to a memory level.
RoofLevel roof_level(MemoryLevel level);

}  // namespace kvroof::traces
