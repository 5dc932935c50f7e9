// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "gui/models/data/dataset.hpp"

namespace kvroof::gui {

/// What charts ask of every row, with the columns looked up once. Valid while no row is added.
class RowFacts {
 public:
  explicit RowFacts(const Dataset& data);

  bool passed(int row) const { return is(status_, passedCode_, row); }
  bool failed(int row) const { return is(status_, failedCode_, row); }
  bool isTimed(int row) const { return time_.number(index(row)) > 0; }
  double timeNs(int row) const { return time_.number(index(row)); }
  bool isMeasured(int row) const { return is(origin_, measuredCode_, row); }
  std::optional<traces::Provenance> provenance(int row) const;

  /// Whether it computes attention. Kernels that only prune or pack have no FLOP: their times are
  /// those of no decode step, and nothing is gained by comparing them with a dense one.
  bool computesAttention(int row) const { return usefulFlops_.number(index(row)) > 0; }
  /// Whether both sides of the cache are stored dense: a baseline that sparse kernels are compared
  /// with. A sparse kernel at sparsity 0 is none.
  bool isDenseBaseline(int row) const;
  bool isAboveRoof(int row) const { return aboveRoof_.number(index(row)) == 1; }

 private:
  using Code = std::optional<int>;
  static std::size_t index(int row) { return static_cast<std::size_t>(row); }
  static bool is(const Column& column, Code code, int row) {
    return code && column.code(index(row)) == *code;
  }

  const Column &status_, &time_, &origin_, &usefulFlops_, &sparsity_, &keyFormat_, &valueFormat_,
      &aboveRoof_;
  Code passedCode_, failedCode_, measuredCode_, simulatedCode_, modelledCode_, denseKeys_,
      denseValues_;
};

}  // namespace kvroof::gui
