// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/derived_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/dataset.hpp"

namespace kvroof::gui {
namespace {

using traces::RoofKind;
using traces::RoofLevel;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Rows with equal keys solve the same problem on the same device with times of the same origin.
using ProblemKey = std::array<double, 8>;

ProblemKey problemKey(const Dataset& data, std::size_t row) {
  const auto code = [&](QLatin1String id) { return static_cast<double>(data.at(id).code(row)); };
  const auto number = [&](QLatin1String id) { return data.at(id).number(row); };
  return {code(col::kDevice),    code(col::kTimeProvenance), code(col::kDtype),
          number(col::kBatch),   number(col::kQueryHeads),   number(col::kKvHeads),
          number(col::kHeadDim), number(col::kKvLen)};
}

std::optional<RoofUse> useOf(const traces::Ceilings& ceilings, RoofLevel level, double achieved) {
  if (!(achieved > 0) || !std::isfinite(achieved)) return std::nullopt;
  for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical})
    if (const auto* roof = best_roof(ceilings, level, kind))
      return RoofUse{level, kind, achieved, roof->value};
  return std::nullopt;
}

void deriveRoofs(Dataset& data) {
  Column& dramShare = data.mutableAt(col::kDramShare);
  Column& roofShare = data.mutableAt(col::kRoofShare);
  Column& nearest = data.mutableAt(col::kNearestRoof);
  Column& above = data.mutableAt(col::kAboveRoof);
  for (std::size_t row = 0; row < data.size(); ++row) {
    const auto uses = roofUses(data, row);
    dramShare.set(row, kUnknown);
    for (const RoofUse& use : uses)
      if (use.level == RoofLevel::dram) dramShare.set(row, use.share());
    const auto most = std::max_element(uses.begin(), uses.end(), [](const auto& a, const auto& b) {
      return a.share() < b.share();
    });
    const bool isKnown = most != uses.end();
    roofShare.set(row, isKnown ? most->share() : kUnknown);
    nearest.set(row, isKnown ? roofName(*most).toStdString() : std::string());
    above.set(row, isKnown ? (most->share() > 1 + kRoofTolerance ? 1.0 : 0.0) : kUnknown);
  }
}

void deriveSpeedup(Dataset& data) {
  const Column& time = data.at(col::kTime);
  std::map<ProblemKey, double> denseTime;                    // of any file
  std::map<std::pair<int, ProblemKey>, double> denseOfFile;  // runs of one sitting compare best
  const auto keepFaster = [](auto& times, const auto& key, double ns) {
    const auto [entry, isNew] = times.try_emplace(key, ns);
    if (!isNew) entry->second = std::min(entry->second, ns);
  };
  for (std::size_t row = 0; row < data.size(); ++row) {
    // A dense run above a roof is an artefact: it would make every other run look slow.
    if (!isDenseBaseline(data, row) || data.at(col::kStatus).text(row) != "passed" ||
        data.at(col::kAboveRoof).number(row) == 1)
      continue;
    const double ns = time.number(row);
    if (!(ns > 0)) continue;
    keepFaster(denseTime, problemKey(data, row), ns);
    keepFaster(denseOfFile, std::pair(data.fileOf(row), problemKey(data, row)), ns);
  }
  Column& speedup = data.mutableAt(col::kSpeedup);
  Column& effective = data.mutableAt(col::kEffectiveCompression);
  for (std::size_t row = 0; row < data.size(); ++row) {
    const double ns = time.number(row);
    const ProblemKey key = problemKey(data, row);
    const auto ofFile = denseOfFile.find({data.fileOf(row), key});
    const auto any = denseTime.find(key);
    const double dense = ofFile != denseOfFile.end() ? ofFile->second
                         : any != denseTime.end()    ? any->second
                                                     : kUnknown;
    speedup.set(row, ns > 0 ? dense / ns : kUnknown);
    const double moved = data.at(col::kDramBytes).number(row);
    effective.set(row, moved > 0 ? data.at(col::kDenseBytes).number(row) / moved : kUnknown);
  }
}

}  // namespace

std::vector<ColumnInfo> derivedColumns() {
  constexpr auto kNumber = ColumnKind::number;
  constexpr auto kResult = ColumnRole::result;
  return {{col::kRoofShare, "of nearest roof", kNumber, kResult, Quantity::share},
          {col::kNearestRoof, "nearest roof", ColumnKind::text, kResult, Quantity::plain},
          {col::kSpeedup, "speed-up over dense", kNumber, kResult, Quantity::ratio},
          {col::kEffectiveCompression, "compression (moved)", kNumber, kResult, Quantity::ratio},
          {col::kDramShare, "of DRAM roof", kNumber, kResult, Quantity::share},
          {col::kAboveRoof, "above a roof", kNumber, kResult, Quantity::count}};
}

void deriveColumns(Dataset& data) {
  deriveRoofs(data);
  deriveSpeedup(data);
}

std::vector<RoofUse> roofUses(const Dataset& data, std::size_t row) {
  std::vector<RoofUse> uses;
  const traces::Ceilings* ceilings = data.ceilingsOf(row);
  const double seconds = data.at(col::kTime).number(row) * 1e-9;
  if (!ceilings || !(seconds > 0)) return uses;
  const auto add = [&](RoofLevel level, double amount) {
    if (const auto use = useOf(*ceilings, level, amount / seconds)) uses.push_back(*use);
  };
  add(RoofLevel::dram, data.at(col::kDramBytes).number(row));
  add(RoofLevel::l2, data.at(col::kL2Bytes).number(row));
  add(RoofLevel::shared, data.at(col::kSharedBytes).number(row));
  const double executed = data.at(col::kExecutedFlops).number(row);
  add(RoofLevel::tensor, std::isnan(executed) ? data.at(col::kUsefulFlops).number(row) : executed);
  return uses;
}

QString levelName(RoofLevel level) {
  switch (level) {
    case RoofLevel::dram: return QStringLiteral("DRAM");
    case RoofLevel::l2: return QStringLiteral("L2");
    case RoofLevel::shared: return QStringLiteral("shared memory");
    case RoofLevel::tensor: return QStringLiteral("tensor cores");
    case RoofLevel::cuda_core: return QStringLiteral("CUDA cores");
    case RoofLevel::instruction: return QStringLiteral("instruction issue");
    case RoofLevel::launch: return QStringLiteral("launch");
    case RoofLevel::latency: return QStringLiteral("latency");
  }
  return {};
}

QString roofName(const RoofUse& use) {
  return QString::fromUtf8(name_of(use.kind).data(),
                           static_cast<qsizetype>(name_of(use.kind).size())) +
         QChar(' ') + levelName(use.level) + QStringLiteral(" roof");
}

bool isDenseBaseline(const Dataset& data, std::size_t row) {
  const auto isDense = [&](const QString& id) {
    const QString format = data.at(id).text(row);
    return format.isEmpty() || format == "dense";
  };
  return data.at(col::kSparsity).number(row) == 0 && isDense(col::kKeyFormat) &&
         isDense(QStringLiteral("value_format"));
}

}  // namespace kvroof::gui
