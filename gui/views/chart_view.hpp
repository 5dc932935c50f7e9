// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QWidget>

#include "gui/headless/export.hpp"
#include "gui/views/plot/chart_plot.hpp"
#include "gui/views/update_when_seen.hpp"

class QToolBar;

namespace kvroof::gui {

class Session;

/// Above this number of rows a change of the selection does not build charts anew.
inline constexpr std::size_t kThinForRebuild = 5000;

/// A chart with its choosers, kept up to date with the session while it is shown and enabled.
class ChartView : public QWidget {
  Q_OBJECT
 public:
  ChartView(const ViewSpec& spec, Session& session, QWidget* parent = nullptr);

  ChartPlot& plot() { return *plot_; }
  const ViewSpec& spec() const { return spec_; }
  /// What is chosen now, to show the same elsewhere.
  ViewChoices choices() const { return {options_, inspectHead_, plot_->hidden()}; }
  QComboBox* chooser(const QString& name) const { return findChild<QComboBox*>(name); }

 private:
  void addChoosers(QToolBar* bar);
  QComboBox* addChooser(QToolBar* bar, const QString& name, const QString& label,
                        void (*choose)(ChartOptions&, const QString&));
  void fillChoosers();
  void fillColumns(const QString& name, const QStringList& ids);
  void rebuild();
  void mark();

  ViewSpec spec_;
  Session& session_;
  ChartOptions options_;
  std::size_t inspectHead_ = 0;
  ChartPlot* plot_;
  UpdateWhenSeen* rebuild_;
};

}  // namespace kvroof::gui
