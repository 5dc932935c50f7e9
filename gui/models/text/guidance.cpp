// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/text/guidance.hpp"

#include <QMap>
#include <QObject>
#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/derived_columns.hpp"

namespace kvroof::gui {
namespace {

using traces::RoofKind;
using traces::RoofLevel;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

QString share(double value) { return formatQuantity(value, Quantity::share); }
QString time(double ns) { return formatQuantity(ns, Quantity::timeNs); }

const traces::Roof* roofOf(const traces::Ceilings& ceilings, RoofLevel level) {
  const auto* measured = best_roof(ceilings, level, RoofKind::measured);
  return measured ? measured : best_roof(ceilings, level, RoofKind::theoretical);
}

/// A term of the latency model, with what its name means where that is no common word.
QString termText(const QString& term) {
  static const QMap<QString, QString> kMeanings{
      {"trips", QObject::tr("loads that wait for each other")},
      {"shared", QObject::tr("shared memory of the busiest SM")},
      {"tensor", QObject::tr("tensor cores of the busiest SM")},
      {"issue", QObject::tr("instruction issue of the busiest SM")},
      {"alu", QObject::tr("integer and logic instructions of the busiest SM")},
      {"fma", QObject::tr("multiply-add instructions of the busiest SM")},
      {"xu", QObject::tr("special functions of the busiest SM")},
      {"lsu", QObject::tr("loads and stores of the busiest SM")},
      {"chain", QObject::tr("instructions that wait for each other in one warp")}};
  const QString meaning = kMeanings.value(term);
  return meaning.isEmpty() ? term : QStringLiteral("%1 (%2)").arg(term, meaning);
}

/// Collects what is known of one record and turns it into sentences.
class Adviser {
 public:
  Adviser(const Dataset& data, int row, const traces::Details* details)
      : data_(data),
        row_(static_cast<std::size_t>(row)),
        details_(details),
        ceilings_(data.ceilingsOf(row_)) {}

  Guidance advise() {
    addStatus();
    addOrigin();
    addLimit();
    addHeadroom();
    addInstructionBudget();
    addModel();
    if (number(col::kAboveRoof) == 1)
      guidance_.warnings << aboveRoofCause(data_, static_cast<int>(row_));
    return guidance_;
  }

 private:
  double number(QLatin1String id) const { return data_.at(id).number(row_); }
  QString text(QLatin1String id) const { return data_.at(id).text(row_); }
  double timeNs() const { return number(col::kTime); }

  void addStatus() {
    const QString status = text(col::kStatus);
    if (status == "passed") return;
    const QString reason = text(col::kReason);
    const QString meaning =
        status == "failed"
            ? QObject::tr("It ran and disagreed with the reference: its speed means nothing")
            : QObject::tr("It is marked \"%1\"").arg(status);
    guidance_.warnings << QStringLiteral("%1%2.").arg(
        meaning, reason.isEmpty() ? QString() : QStringLiteral(": ") + reason);
  }

  void addOrigin() {
    const QString origin = text(col::kTimeProvenance);
    if (origin == "modelled")
      guidance_.warnings << QObject::tr("The time is modelled: no device ran this.");
    if (origin == "simulated")
      guidance_.warnings << QObject::tr("The time is simulated: no device ran this.");
    if (origin == "measured" && number(col::kSamples) == 1)
      guidance_.warnings << QObject::tr("One sample only: nothing is known of its spread.");
  }

  /// Share of the issue slots that the counted warp instructions fill; NaN when not known.
  double issueShare() const {
    const double instructions = warpInstructions();
    const auto* roof = ceilings_ ? roofOf(*ceilings_, RoofLevel::instruction) : nullptr;
    return roof ? instructions / (timeNs() * 1e-9) / roof->value : kUnknown;
  }

  double warpInstructions() const {
    if (!details_ || !details_->record.counters) return kUnknown;
    for (const char* name : {"warp_instructions", "instructions", "smsp__inst_executed.sum",
                             "sm__inst_executed.sum"}) {
      const auto found = details_->record.counters->find(name);
      if (found != details_->record.counters->end() && found->second.value)
        return *found->second.value;
    }
    // The simulator counts by pipe.
    double sum = 0;
    for (const auto& [name, counter] : *details_->record.counters)
      if (name.starts_with("instructions_")) sum += counter.value.value_or(0);
    return sum > 0 ? sum : kUnknown;
  }

  /// Whether the time is the model's, or near enough to it that its limit is the record's.
  bool isExplainedByModel() const {
    if (text(col::kBinding).isEmpty()) return false;
    return text(col::kTimeProvenance) == "modelled" ||
           std::abs(timeNs() / number(col::kPredicted) - 1) <= kExplainedShare;
  }

  void addLimit() {
    auto uses = roofUses(data_, row_);
    if (uses.empty()) {
      guidance_.headline =
          timeNs() > 0
              ? QObject::tr("No roof is known for this record: what limits it cannot be told.")
              : QObject::tr("There is no time for this record.");
      return;
    }
    std::sort(uses.begin(), uses.end(),
              [](const RoofUse& a, const RoofUse& b) { return a.share() > b.share(); });
    const double issue = issueShare();
    const auto* launch = roofOf(*ceilings_, RoofLevel::launch);
    const double launchShare = launch ? launch->value / timeNs() : 0;
    if (issue >= kBindingShare && issue > uses.front().share()) {
      guidance_.headline =
          QObject::tr("Instruction-bound: %1 of the issue slots, %2 of the %3.")
              .arg(share(issue), share(uses.front().share()), roofName(uses.front()));
    } else if (uses.front().share() >= kBindingShare) {
      guidance_.headline = QObject::tr("Bound by %1: %2 of the %3.")
                               .arg(levelName(uses.front().level), share(uses.front().share()),
                                    roofName(uses.front()));
    } else if (launchShare >= kBindingShare) {
      guidance_.headline = QObject::tr("Launch-bound: a launch alone takes %1 of its %2.")
                               .arg(time(launch->value), time(timeNs()));
    } else if (isExplainedByModel()) {
      guidance_.headline =
          QObject::tr("Bound by %1, says the model: the nearest roof, the %2, is used to %3 only.")
              .arg(termText(text(col::kBinding)), roofName(uses.front()),
                   share(uses.front().share()));
    } else {
      guidance_.headline =
          QObject::tr("Latency-bound: the nearest roof, the %1, is used to %2 only.")
              .arg(roofName(uses.front()), share(uses.front().share()));
      guidance_.sentences << QObject::tr(
          "Too few bytes are in flight, or too little work is there to fill the device.");
    }
    QStringList all;
    for (const RoofUse& use : uses)
      all << QStringLiteral("%1 %2").arg(roofName(use), share(use.share()));
    if (!std::isnan(issue)) all << QObject::tr("issue slots %1").arg(share(issue));
    guidance_.sentences << QObject::tr("Used: %1. Rule: what is used at %2 or more binds.")
                               .arg(all.join(QStringLiteral(", ")), share(kBindingShare));
  }

  /// Warp instructions per cached key or value row, against what the device can issue while DRAM
  /// delivers the bytes of that row.
  void addInstructionBudget() {
    const double instructions = warpInstructions();
    if (!ceilings_ || std::isnan(instructions)) return;
    const auto* issue = roofOf(*ceilings_, RoofLevel::instruction);
    const auto* dram = roofOf(*ceilings_, RoofLevel::dram);
    const double rows = 2 * number(col::kBatch) * number(col::kKvHeads) * number(col::kKvLen);
    const double bytes = number(col::kDramBytes);
    if (!issue || !dram || !(rows > 0) || !(bytes > 0)) return;
    const double cost = instructions / rows;
    const double budget = issue->value * (bytes / rows) / dram->value;
    guidance_.sentences
        << QObject::tr(
               "It issues %1 warp instructions per cached row, all of its work and not expansion "
               "alone; the budget while DRAM delivers that row is %2%3.")
               .arg(formatNumber(cost, 3), formatNumber(budget, 3),
                    cost > budget
                        ? QObject::tr(
                              ": over budget, so memory would not hide them even if there were "
                              "enough work")
                        : QString());
  }

  void addHeadroom() {
    if (!ceilings_ || !(timeNs() > 0)) return;
    const auto* dram = roofOf(*ceilings_, RoofLevel::dram);
    const double compressed = number(col::kCompressedBytes), dense = number(col::kDenseBytes);
    if (!dram || !(compressed > 0)) return;
    const double ideal = compressed / dram->value * 1e9;
    const QString roof = roofName({RoofLevel::dram, dram->kind, 1, dram->value});
    guidance_.sentences << QObject::tr("Ideal: its %1 at the %2 take %3, %4 less than now.")
                               .arg(formatQuantity(compressed, Quantity::bytes), roof, time(ideal),
                                    ideal < timeNs() ? share(1 - ideal / timeNs())
                                                     : QObject::tr("nothing"));
    const double speedup = number(col::kSpeedup);
    if (speedup > 0 && dense > compressed)
      guidance_.sentences << QObject::tr(
                                 "Speed-up over dense: %1 of the %2 that the stored bytes allow.")
                                 .arg(formatQuantity(speedup, Quantity::ratio),
                                      formatQuantity(dense / compressed, Quantity::ratio));
  }

  void addModel() {
    const double predicted = number(col::kPredicted);
    if (!(predicted > 0)) return;
    QString sentence = QObject::tr("The model predicts %1").arg(time(predicted));
    if (!text(col::kBinding).isEmpty())
      sentence += QObject::tr(", its longest term is %1").arg(termText(text(col::kBinding)));
    if (text(col::kTimeProvenance) == "measured" && timeNs() > 0)
      sentence +=
          QObject::tr("; measured is %1 of that").arg(share(timeNs() / predicted)) +
          (isExplainedByModel() ? QString() : QObject::tr(", so the model does not explain it"));
    const auto* prediction = details_ && !details_->record.predictions.empty()
                                 ? &details_->record.predictions.front()
                                 : nullptr;
    if (prediction)
      sentence += prediction->validated
                      ? QObject::tr(" (validated model)")
                      : QObject::tr(" (the model is not validated on this device)");
    guidance_.sentences << sentence + '.';
  }

  const Dataset& data_;
  std::size_t row_;
  const traces::Details* details_;
  const traces::Ceilings* ceilings_;
  Guidance guidance_;
};

}  // namespace

Guidance guidanceFor(const Dataset& data, int row, const traces::Details* details) {
  if (row < 0 || static_cast<std::size_t>(row) >= data.size())
    return {QObject::tr("Select a record to see what limits it."), {}, {}};
  return Adviser(data, row, details).advise();
}

QString aboveRoofCause(const Dataset& data, int row) {
  const auto r = static_cast<std::size_t>(row);
  const auto uses = roofUses(data, r);
  const auto most =
      std::max_element(uses.begin(), uses.end(),
                       [](const RoofUse& a, const RoofUse& b) { return a.share() < b.share(); });
  if (most == uses.end()) return {};
  const QString head = QObject::tr("Above the %1 (%2 of it). ")
                           .arg(roofName(*most), formatQuantity(most->share(), Quantity::share));
  const QString moved = data.at(col::kTrafficProvenance).text(r);
  const auto* environment = data.environmentOf(r);
  const bool isWarm = environment && environment->l2_policy.starts_with("warm");
  const double bytes = data.at(col::kDramBytes).number(r);
  const bool fitsL2 = environment && environment->device.l2_bytes > 0 &&
                      bytes <= static_cast<double>(environment->device.l2_bytes);
  if (most->level == RoofLevel::dram && (isWarm || fitsL2))
    return head + QObject::tr("Likely served from L2: %1.")
                      .arg(fitsL2 ? QObject::tr("its bytes fit into L2")
                                  : QObject::tr("L2 was left warm"));
  if (most->level == RoofLevel::tensor)
    return head +
           QObject::tr(
               "Likely the wrong roof: check data type and sparsity mode of the tensor roof.");
  if (data.at(col::kTimeProvenance).text(r) == "modelled")
    return head + QObject::tr("Its time is modelled: the model leaves out a limit.");
  if (moved != "measured")
    return head + QObject::tr("Likely too many bytes: they are %1, not counted by the device.")
                      .arg(moved.isEmpty() ? QObject::tr("of unknown origin") : moved);
  return head + QObject::tr(
                    "Likely the roof is too low: its probe ran at other clocks, or with a poorer "
                    "access pattern.");
}

}  // namespace kvroof::gui
