// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvroof::sweep {

/// A parameter and the values it takes, each in one spelling: 0.50 is "0.5", 010 is "10".
struct Axis {
  std::string name;
  std::vector<std::string> values;  // at least one, no two alike
  bool operator==(const Axis&) const = default;
};

/// What the values of an axis are.
enum class AxisType { integer, number, word };

/// One row of the table of axes: what exists, and what is taken where nothing was asked for.
struct AxisKind {
  std::string_view name;
  AxisType type;
  double least, most;  // of numbers
  std::string_view preset;
  std::string_view help;
};

/// All axes there are, in the order in which a sweep varies them: the first slowest.
const std::vector<AxisKind>& axis_kinds();
/// Throws std::invalid_argument naming the axes there are when this is none.
const AxisKind& axis_kind(std::string_view name);

/// Parses one axis in the grammar of NVBench's -a:
///
///   name=value   name=[a,b,c]   name=[start:stop:stride]   name[pow2]=[start:stop:stride]
///
/// Ranges include stop where a step lands on it; the stride is 1 when left out. pow2 raises 2 to
/// every value and is for integer axes. Decimal ranges are computed in decimal, so [0:0.9:0.1] ends
/// in 0.9. Throws std::invalid_argument with a sentence that quotes the argument.
Axis parse_axis(std::string_view text);

}  // namespace kvroof::sweep
