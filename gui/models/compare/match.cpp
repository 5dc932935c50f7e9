// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/compare/match.hpp"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

double number(const Dataset& data, QLatin1String id, int row) {
  return data.at(id).number(static_cast<std::size_t>(row));
}

std::unordered_map<std::uint64_t, int> lastPerConfiguration(const Dataset& data,
                                                            std::span<const int> rows) {
  std::unordered_map<std::uint64_t, int> last;
  for (const int row : rows) last[data.configurationOf(static_cast<std::size_t>(row))] = row;
  return last;
}

void addPredicted(const Dataset& data, int row, std::vector<Delta>& deltas) {
  const double predicted = number(data, col::kPredicted, row);
  const bool isMeasured =
      data.at(col::kTimeProvenance).text(static_cast<std::size_t>(row)) == "measured";
  if (isMeasured && predicted > 0)
    deltas.push_back({row, -1, number(data, col::kTime, row), predicted, Verdict::predicted});
}

}  // namespace

Verdict judge(const Dataset& data, int row, int baselineRow) {
  const double now = number(data, col::kTime, row), before = number(data, col::kTime, baselineRow);
  const auto isModelled = [&](int r) {
    return data.at(col::kTimeProvenance).text(static_cast<std::size_t>(r)) == "modelled";
  };
  if (isModelled(row) || isModelled(baselineRow)) return Verdict::predicted;
  if (std::abs(now / before - 1) <= kSameShare) return Verdict::same;
  const bool hasSpread =
      number(data, col::kSamples, row) >= 2 && number(data, col::kSamples, baselineRow) >= 2;
  if (!hasSpread) return Verdict::unclear;
  if (number(data, col::kTimeQ3, row) < number(data, col::kTimeQ1, baselineRow))
    return Verdict::faster;
  if (number(data, col::kTimeQ1, row) > number(data, col::kTimeQ3, baselineRow))
    return Verdict::slower;
  return Verdict::unclear;
}

QString verdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster: return QObject::tr("faster");
    case Verdict::slower: return QObject::tr("slower");
    case Verdict::same: return QObject::tr("same");
    case Verdict::unclear: return QObject::tr("unclear");
    case Verdict::predicted: return QObject::tr("against a model");
  }
  return {};
}

std::vector<Delta> compareRows(const Dataset& data, std::span<const int> rows, int baselineFile) {
  std::vector<Delta> deltas;
  std::vector<int> baselineRows;
  if (baselineFile >= 0) {
    for (const int row : allRows(data)) {
      const auto r = static_cast<std::size_t>(row);
      if (data.fileOf(r) == baselineFile && data.at(col::kStatus).text(r) == "passed" &&
          data.at(col::kTime).number(r) > 0)
        baselineRows.push_back(row);
    }
  }
  const auto baseline = lastPerConfiguration(data, baselineRows);
  for (const int row : rows) {
    const auto r = static_cast<std::size_t>(row);
    if (data.fileOf(r) == baselineFile || !(number(data, col::kTime, row) > 0)) continue;
    if (baselineFile < 0) {
      addPredicted(data, row, deltas);
    } else if (const auto found = baseline.find(data.configurationOf(r)); found != baseline.end()) {
      deltas.push_back({row, found->second, number(data, col::kTime, row),
                        number(data, col::kTime, found->second), judge(data, row, found->second)});
    }
  }
  std::stable_sort(deltas.begin(), deltas.end(),
                   [](const Delta& a, const Delta& b) { return a.change() > b.change(); });
  return deltas;
}

}  // namespace kvroof::gui
