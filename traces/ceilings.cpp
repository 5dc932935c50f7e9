// SPDX-License-Identifier: Apache-2.0
#include "traces/ceilings.hpp"

#include <algorithm>
#include <cmath>

namespace kvroof::traces {
namespace {

bool is_better(const Roof& roof, const Roof& best) {
  return roof_unit(roof.level) == "ns" ? roof.value < best.value : roof.value > best.value;
}

struct RoofPair {
  double bandwidth_bytes_per_s;
  double peak_flop_per_s;
};

std::optional<RoofPair> find_pair(const Ceilings& ceilings, const RooflineChoice& choice) {
  const Roof* memory = best_roof(ceilings, roof_level(choice.memory), choice.kind);
  const Roof* compute = best_roof(ceilings, choice.compute, choice.kind);
  if (memory == nullptr || compute == nullptr) return std::nullopt;
  return RoofPair{memory->value, compute->value};
}

}  // namespace

const Roof* best_roof(const Ceilings& ceilings, RoofLevel level, RoofKind kind) {
  const Roof* best = nullptr;
  for (const Roof& roof : ceilings.roofs) {
    if (roof.level != level || roof.kind != kind) continue;
    if (!std::isfinite(roof.value) || roof.value <= 0) continue;
    if (best == nullptr || is_better(roof, *best)) best = &roof;
  }
  return best;
}

std::optional<double> attainable(const Ceilings& ceilings, const RooflineChoice& choice,
                                 double intensity) {
  const auto roofs = find_pair(ceilings, choice);
  if (!roofs) return std::nullopt;
  return std::min(roofs->peak_flop_per_s, intensity * roofs->bandwidth_bytes_per_s);
}

std::optional<double> ridge_intensity(const Ceilings& ceilings, const RooflineChoice& choice) {
  const auto roofs = find_pair(ceilings, choice);
  if (!roofs) return std::nullopt;
  return roofs->peak_flop_per_s / roofs->bandwidth_bytes_per_s;
}

std::optional<double> arithmetic_intensity(const Work& work, const Traffic& traffic) {
  const double moved_bytes = traffic.read_bytes + traffic.write_bytes;
  if (!(moved_bytes > 0)) return std::nullopt;
  return work.useful_flops / moved_bytes;
}

RoofLevel roof_level(MemoryLevel level) {
  switch (level) {
    case MemoryLevel::dram: return RoofLevel::dram;
    case MemoryLevel::l2: return RoofLevel::l2;
    case MemoryLevel::shared: return RoofLevel::shared;
  }
  return RoofLevel::dram;
}

}  // namespace kvroof::traces
