// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "gui/models/data/column.hpp"
#include "traces/index.hpp"

namespace kvroof::gui {

/// A column that is a function of one record: exactly one of the two getters is set.
struct RecordField {
  ColumnInfo info;
  double (*number)(const traces::Summary&) = nullptr;
  std::string_view (*text)(const traces::Summary&) = nullptr;  // into the summary
};

/// In the order of the table.
const std::vector<RecordField>& recordFields();

/// The time a record is shown with: the first time of the file, else the prediction for its own
/// device, which is then marked as modelled. NaN and "" when there is neither.
struct ShownTime {
  double medianNs, q1Ns, q3Ns;
  std::string_view provenance;
};
ShownTime shownTime(const traces::Summary& summary);

}  // namespace kvroof::gui
