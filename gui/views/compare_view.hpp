// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTableView>

#include "gui/models/compare/delta_table.hpp"
#include "gui/views/chart_view.hpp"

namespace kvroof::gui {

/// The changes against a baseline as a chart over a table.
class CompareView : public QWidget {
  Q_OBJECT
 public:
  CompareView(const ViewSpec& spec, Session& session, QWidget* parent = nullptr);

  ChartView& chart() { return *chart_; }
  DeltaTable& deltas() { return model_; }

 private:
  void fillBaselines();
  void update();

  Session& session_;
  ChartView* chart_;
  QComboBox* baseline_;
  QLabel* summary_;
  QTableView* table_;
  DeltaTable model_;
  UpdateWhenSeen* update_;
};

}  // namespace kvroof::gui
