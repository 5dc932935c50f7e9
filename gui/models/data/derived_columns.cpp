// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/derived_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/dataset.hpp"
#include "gui/models/data/row_facts.hpp"

namespace kvroof::gui {
namespace {

using traces::RoofKind;
using traces::RoofLevel;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Rows with equal keys solve the same problem on the same device with times of the same origin.
using ProblemKey = std::array<double, 8>;

struct ProblemKeyHash {
  std::size_t operator()(const ProblemKey& key) const {
    std::size_t hash = 0;
    for (const double part : key) hash = hash * 1'000'003 + std::hash<double>{}(part);
    return hash;
  }
};
using FastestOf = std::unordered_map<ProblemKey, double, ProblemKeyHash>;  // ns

/// Makes keys of rows, with the columns looked up once.
class ProblemKeys {
 public:
  explicit ProblemKeys(const Dataset& data) {
    for (const auto id : {col::kDevice, col::kTimeProvenance, col::kDtype})
      texts_.push_back(&data.at(id));
    for (const auto id : {col::kBatch, col::kQueryHeads, col::kKvHeads, col::kHeadDim, col::kKvLen})
      numbers_.push_back(&data.at(id));
  }
  ProblemKey of(std::size_t row) const {
    ProblemKey key;
    auto part = key.begin();
    for (const Column* text : texts_) *part++ = text->code(row);
    for (const Column* number : numbers_) *part++ = number->number(row);
    return key;
  }

 private:
  std::vector<const Column*> texts_, numbers_;
};

std::optional<RoofUse> useOf(const traces::Ceilings& ceilings, RoofLevel level, double achieved) {
  if (!(achieved > 0) || !std::isfinite(achieved)) return std::nullopt;
  for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical})
    if (const auto* roof = best_roof(ceilings, level, kind))
      return RoofUse{level, kind, achieved, roof->value};
  return std::nullopt;
}

/// Tells the uses of roofs of rows, with the columns looked up once.
class RoofUses {
 public:
  explicit RoofUses(const Dataset& data)
      : data_(data),
        time_(data.at(col::kTime)),
        useful_(data.at(col::kUsefulFlops)),
        executed_(data.at(col::kExecutedFlops)),
        moved_{{{RoofLevel::dram, &data.at(col::kDramBytes)},
                {RoofLevel::l2, &data.at(col::kL2Bytes)},
                {RoofLevel::shared, &data.at(col::kSharedBytes)}}} {}

  void of(std::size_t row, std::vector<RoofUse>& uses) const {
    uses.clear();
    const traces::Ceilings* ceilings = data_.ceilingsOf(row);
    const double seconds = time_.number(row) * 1e-9;
    if (!ceilings || !(seconds > 0)) return;
    const auto add = [&](RoofLevel level, double amount) {
      if (const auto use = useOf(*ceilings, level, amount / seconds)) uses.push_back(*use);
    };
    for (const auto& [level, bytes] : moved_) add(level, bytes->number(row));
    const double executed = executed_.number(row);
    add(RoofLevel::tensor, std::isnan(executed) ? useful_.number(row) : executed);
  }

 private:
  const Dataset& data_;
  const Column &time_, &useful_, &executed_;
  std::array<std::pair<RoofLevel, const Column*>, 3> moved_;
};

void deriveRoofs(Dataset& data) {
  Column& dramShare = data.mutableAt(col::kDramShare);
  Column& roofShare = data.mutableAt(col::kRoofShare);
  Column& nearest = data.mutableAt(col::kNearestRoof);
  Column& above = data.mutableAt(col::kAboveRoof);
  const RoofUses usesOf(data);
  std::vector<RoofUse> uses;
  std::map<std::pair<RoofLevel, RoofKind>, std::string> names;
  for (std::size_t row = 0; row < data.size(); ++row) {
    usesOf.of(row, uses);
    dramShare.set(row, kUnknown);
    for (const RoofUse& use : uses)
      if (use.level == RoofLevel::dram) dramShare.set(row, use.share());
    const auto most = std::max_element(uses.begin(), uses.end(), [](const auto& a, const auto& b) {
      return a.share() < b.share();
    });
    const bool isKnown = most != uses.end();
    roofShare.set(row, isKnown ? most->share() : kUnknown);
    above.set(row, isKnown ? (most->share() > 1 + kRoofTolerance ? 1.0 : 0.0) : kUnknown);
    if (!isKnown) {
      nearest.set(row, std::string_view());
      continue;
    }
    std::string& name = names[{most->level, most->kind}];
    if (name.empty()) name = roofName(*most).toStdString();
    nearest.set(row, name);
  }
}

void deriveSpeedup(Dataset& data) {
  FastestOf denseOfAny;  // of any file
  std::vector<FastestOf> denseOf(static_cast<std::size_t>(data.files().size()));
  const auto keepFaster = [](FastestOf& times, const ProblemKey& key, double ns) {
    const auto [entry, isNew] = times.try_emplace(key, ns);
    if (!isNew) entry->second = std::min(entry->second, ns);
  };
  const ProblemKeys keys(data);
  const RowFacts facts(data);
  for (const int row : allRows(data)) {
    const auto r = static_cast<std::size_t>(row);
    // A dense run above a roof is an artefact: it would make every other run look slow.
    if (!facts.isDenseBaseline(row) || !facts.computesAttention(row) || !facts.passed(row) ||
        !facts.isTimed(row) || facts.isAboveRoof(row))
      continue;
    const ProblemKey key = keys.of(r);
    keepFaster(denseOfAny, key, facts.timeNs(row));
    keepFaster(denseOf[static_cast<std::size_t>(data.fileOf(r))], key, facts.timeNs(row));
  }
  Column& speedup = data.mutableAt(col::kSpeedup);
  Column& effective = data.mutableAt(col::kEffectiveCompression);
  const Column &moved = data.at(col::kDramBytes), &dense = data.at(col::kDenseBytes);
  const auto denseNs = [&](std::size_t row) {
    const ProblemKey key = keys.of(row);
    // Runs of one sitting compare best.
    const FastestOf& ofFile = denseOf[static_cast<std::size_t>(data.fileOf(row))];
    if (const auto found = ofFile.find(key); found != ofFile.end()) return found->second;
    const auto found = denseOfAny.find(key);
    return found == denseOfAny.end() ? kUnknown : found->second;
  };
  for (const int row : allRows(data)) {
    const auto r = static_cast<std::size_t>(row);
    const bool isStep = facts.computesAttention(row);
    speedup.set(r, isStep && facts.isTimed(row) ? denseNs(r) / facts.timeNs(row) : kUnknown);
    effective.set(r, isStep && moved.number(r) > 0 ? dense.number(r) / moved.number(r) : kUnknown);
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
  RoofUses(data).of(row, uses);
  return uses;
}

QString levelName(RoofLevel level) {
  switch (level) {
    case RoofLevel::dram: return QStringLiteral("DRAM");
    case RoofLevel::l2: return QStringLiteral("L2");
    case RoofLevel::shared: return QStringLiteral("shared memory");
    case RoofLevel::tensor: return QStringLiteral("tensor");
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

}  // namespace kvroof::gui
