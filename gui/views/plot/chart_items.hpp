// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include "gui/models/charts/chart.hpp"

namespace kvroof::gui {

class ChartPlot;

/// Hands the inside of the axes to ChartPainter.
class ChartItems : public QCPLayerable {
  Q_OBJECT
 public:
  explicit ChartItems(ChartPlot* plot);

 protected:
  void draw(QCPPainter* painter) override;
  void applyDefaultAntialiasingHint(QCPPainter*) const override {}
  QRect clipRect() const override;

 private:
  ChartPlot* plot_;
};

/// Ticks chosen by tickPlaces().
class ChartTicker : public QCPAxisTicker {
 public:
  ChartTicker(const Axis* axis, int most) : axis_(axis), most_(most) {}

 protected:
  void generate(const QCPRange& range, const QLocale& locale, QChar formatChar, int precision,
                QVector<double>& ticks, QVector<double>* subTicks,
                QVector<QString>* tickLabels) override;

 private:
  const Axis* axis_;
  int most_;
};

}  // namespace kvroof::gui
