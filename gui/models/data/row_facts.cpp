// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/row_facts.hpp"

#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {

using traces::Provenance;

RowFacts::RowFacts(const Dataset& data)
    : status_(data.at(col::kStatus)),
      time_(data.at(col::kTime)),
      origin_(data.at(col::kTimeProvenance)),
      usefulFlops_(data.at(col::kUsefulFlops)),
      sparsity_(data.at(col::kSparsity)),
      keyFormat_(data.at(col::kKeyFormat)),
      valueFormat_(data.at(col::kValueFormat)),
      aboveRoof_(data.at(col::kAboveRoof)),
      passedCode_(status_.codeOf(name_of(traces::Status::passed))),
      failedCode_(status_.codeOf(name_of(traces::Status::failed))),
      measuredCode_(origin_.codeOf(name_of(Provenance::measured))),
      simulatedCode_(origin_.codeOf(name_of(Provenance::simulated))),
      modelledCode_(origin_.codeOf(name_of(Provenance::modelled))),
      denseKeys_(keyFormat_.codeOf("dense")),
      denseValues_(valueFormat_.codeOf("dense")) {}

std::optional<Provenance> RowFacts::provenance(int row) const {
  if (is(origin_, measuredCode_, row)) return Provenance::measured;
  if (is(origin_, simulatedCode_, row)) return Provenance::simulated;
  if (is(origin_, modelledCode_, row)) return Provenance::modelled;
  return std::nullopt;
}

bool RowFacts::isDenseBaseline(int row) const {
  const auto isDense = [row](const Column& format, Code dense) {
    return format.code(index(row)) < 0 || is(format, dense, row);
  };
  return sparsity_.number(index(row)) == 0 && isDense(keyFormat_, denseKeys_) &&
         isDense(valueFormat_, denseValues_);
}

}  // namespace kvroof::gui
