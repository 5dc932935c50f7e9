// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFile>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gui/models/data/inspect_file.hpp"

namespace kvroof::gui {

/// The fields of a plane as they stand in the file, unchecked.
struct ParsedPlane {
  std::string side{};
  std::map<std::string, double, std::less<>> numbers{};
  std::vector<float> magnitudes{};           // NaN: no number
  std::optional<std::vector<float>> kept{};  // no value: not there, or null
};

struct ParsedInspect {
  enum class End { complete, noJson, tooManyCells, cancelled } end = End::complete;
  std::size_t position = 0;  // byte at which the file stops being JSON
  std::string format{}, source{}, rule{};
  double schema = 0;
  std::vector<ParsedPlane> planes{};
};

/// Reads an inspect file without a tree of its values, and stops soon after `isCancelled`. A plane
/// holds at most `maxCells` numbers of a kind.
ParsedInspect parseInspect(QFile& file, std::size_t maxCells, const IsCancelled& isCancelled);

}  // namespace kvroof::gui
