// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/reference_row.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/sweeps.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {

int referenceRow(const ChartInput& input) {
  if (std::binary_search(input.rows.begin(), input.rows.end(), input.currentRow))
    return input.currentRow;
  const RowFacts facts(input.data);
  const Column &kvLen = input.data.at(col::kKvLen), &sparsity = input.data.at(col::kSparsity),
               &batch = input.data.at(col::kBatch);
  const auto worth = [&](int row) {
    return std::tuple(facts.passed(row) && facts.isTimed(row), facts.computesAttention(row),
                      !facts.isDenseBaseline(row), facts.isMeasured(row), kvLen.number(at(row)),
                      -std::abs(sparsity.number(at(row)) - 0.7), batch.number(at(row)));
  };
  int best = -1;
  decltype(worth(0)) bestWorth;
  for (const int row : input.rows)
    if (const auto here = worth(row); best < 0 || here > bestWorth) {
      best = row;
      bestWorth = here;
    }
  return best;
}

std::vector<int> referenceSweep(const ChartInput& input, const QString& axisId) {
  const int reference = referenceRow(input);
  const Column* axis = input.data.find(axisId);
  if (reference < 0 || !axis) return {};
  std::vector<int> rows;
  for (const int row : sweepOf(input, axisId, reference)) {
    if (!rows.empty() && axis->same(at(rows.back()), at(row))) {
      if (row == reference) rows.back() = row;
    } else {
      rows.push_back(row);
    }
  }
  return rows;
}

QString configurationText(const Dataset& data, int row, const QString& exceptAxis) {
  QStringList parts{data.at(col::kKernel).text(at(row))};
  const QString variant = data.at(col::kVariant).text(at(row));
  if (!variant.isEmpty()) parts << variant;
  const auto add = [&](QLatin1String id, const QString& pattern) {
    if (id != exceptAxis) parts << pattern.arg(data.at(id).text(at(row)));
  };
  add(col::kBatch, QStringLiteral("batch %1"));
  add(col::kKvLen, QStringLiteral("kv_len %1"));
  add(col::kSparsity, QStringLiteral("sparsity %1"));
  return parts.join(QStringLiteral(", "));
}

}  // namespace kvroof::gui
