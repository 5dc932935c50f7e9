// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "traces/trace.hpp"

/// The names of enumerators in files, in the order of the enumerators. Names never change: files
/// hold them.
namespace kvroof::traces::detail {

using namespace std::string_view_literals;

constexpr auto enum_names(Provenance) {
  return std::array{"measured"sv, "simulated"sv, "modelled"sv};
}
constexpr auto enum_names(Backend) { return std::array{"sim"sv, "cuda"sv}; }
constexpr auto enum_names(Status) {
  return std::array{"passed"sv, "failed"sv, "skipped"sv, "error"sv, "timeout"sv};
}
constexpr auto enum_names(MemoryLevel) { return std::array{"dram"sv, "l2"sv, "shared"sv}; }
constexpr auto enum_names(RoofLevel) {
  return std::array{"dram"sv,      "l2"sv,          "shared"sv, "tensor"sv,
                    "cuda_core"sv, "instruction"sv, "launch"sv, "latency"sv};
}
constexpr auto enum_names(RoofKind) { return std::array{"theoretical"sv, "measured"sv}; }

}  // namespace kvroof::traces::detail
