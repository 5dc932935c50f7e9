// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/compare/match.hpp"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

double number(const Dataset& data, QLatin1String id, int row) {
  return data.at(id).number(static_cast<std::size_t>(row));
}

bool hasPassed(const Dataset& data, int row) {
  return data.at(col::kStatus).text(static_cast<std::size_t>(row)) == "passed";
}

/// The last runs of every configuration: of the same backend, else of another one, so that a
/// simulated trace is a baseline of a measured one, too.
class LastRuns {
 public:
  LastRuns(const Dataset& data, std::span<const int> rows)
      : data_(data), backend_(data.at(col::kBackend)) {
    for (const int row : rows) ofConfiguration_[configurationOf(row)].push_back(row);
  }
  std::optional<int> like(int row) const {
    const auto found = ofConfiguration_.find(configurationOf(row));
    if (found == ofConfiguration_.end()) return std::nullopt;
    const std::vector<int>& runs = found->second;
    const auto last = std::find_if(runs.rbegin(), runs.rend(), [&](int run) {
      return backend_.same(static_cast<std::size_t>(run), static_cast<std::size_t>(row));
    });
    return last != runs.rend() ? *last : runs.back();
  }

 private:
  std::uint64_t configurationOf(int row) const {
    return data_.configurationOf(static_cast<std::size_t>(row));
  }

  const Dataset& data_;
  const Column& backend_;
  std::unordered_map<std::uint64_t, std::vector<int>> ofConfiguration_;
};

void addPredicted(const Dataset& data, int row, std::vector<Delta>& deltas) {
  const double predicted = number(data, col::kPredicted, row);
  const bool isMeasured =
      data.at(col::kTimeProvenance).text(static_cast<std::size_t>(row)) == "measured";
  if (isMeasured && predicted > 0)
    deltas.push_back({row, -1, number(data, col::kTime, row), predicted,
                      hasPassed(data, row) ? Verdict::predicted : Verdict::failed});
}

}  // namespace

Verdict judge(const Dataset& data, int row, int baselineRow) {
  if (!hasPassed(data, row)) return Verdict::failed;
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
    case Verdict::failed: return QObject::tr("failed validation");
  }
  return {};
}

std::vector<Delta> compareRows(const Dataset& data, std::span<const int> rows, int baselineFile) {
  std::vector<Delta> deltas;
  std::vector<int> baselineRows;
  if (baselineFile >= 0) {
    for (const int row : allRows(data)) {
      const auto r = static_cast<std::size_t>(row);
      if (data.fileOf(r) == baselineFile && hasPassed(data, row) &&
          data.at(col::kTime).number(r) > 0)
        baselineRows.push_back(row);
    }
  }
  const LastRuns baseline(data, baselineRows);
  for (const int row : rows) {
    const auto r = static_cast<std::size_t>(row);
    if (data.fileOf(r) == baselineFile || !(number(data, col::kTime, row) > 0)) continue;
    if (baselineFile < 0) {
      addPredicted(data, row, deltas);
    } else if (const auto before = baseline.like(row)) {
      deltas.push_back({row, *before, number(data, col::kTime, row),
                        number(data, col::kTime, *before), judge(data, row, *before)});
    }
  }
  std::stable_sort(deltas.begin(), deltas.end(), [](const Delta& a, const Delta& b) {
    const bool isFailed = a.verdict == Verdict::failed, isOther = b.verdict == Verdict::failed;
    return isFailed != isOther ? isFailed : a.change() > b.change();
  });
  return deltas;
}

}  // namespace kvroof::gui
