// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include <optional>

#include "gui/models/charts/chart.hpp"
#include "gui/views/plot/chart_painter.hpp"

namespace kvroof::gui {

/// A full-width element of a plot whose height follows from its width.
class FlowBlock : public QCPLayoutElement {
  Q_OBJECT
 public:
  explicit FlowBlock(QCustomPlot* plot);
  QSize minimumOuterSizeHint() const override;
  QSize maximumOuterSizeHint() const override;

 protected:
  /// Lays out for a width; draws when there is a painter. Returns the height.
  virtual int flow(int width, QPainter* painter) const = 0;
  void draw(QCPPainter* painter) override;
  void applyDefaultAntialiasingHint(QCPPainter*) const override {}
};

/// Title and subtitle above the axes.
class HeaderBlock : public FlowBlock {
  Q_OBJECT
 public:
  using FlowBlock::FlowBlock;
  void show(const Chart* chart, const Colours* colours) { chart_ = chart, colours_ = colours; }

 protected:
  int flow(int width, QPainter* painter) const override;

 private:
  const Chart* chart_ = nullptr;
  const Colours* colours_ = nullptr;
};

/// Legend and notes below the axes. Clicking an entry that has a toggle emits toggled().
class FooterBlock : public FlowBlock {
  Q_OBJECT
 public:
  using FlowBlock::FlowBlock;
  void show(const Chart* chart, const ChartState* state, const Colours* colours,
            QString extraNote) {
    chart_ = chart, state_ = state, colours_ = colours, extraNote_ = std::move(extraNote);
  }
  /// The toggle at a place of the plot; "" when there is none.
  QString toggleAt(QPoint place) const;
  std::optional<QRectF> boxOf(const QString& toggle) const;

 protected:
  int flow(int width, QPainter* painter) const override;

 private:
  void paintRamp(QPainter& painter, const QRectF& box) const;
  void paintEntry(QPainter& painter, const LegendEntry& entry, const QRectF& box) const;
  void paintSymbol(QPainter& painter, const LegendEntry& entry, QPointF centre) const;

  const Chart* chart_ = nullptr;
  const ChartState* state_ = nullptr;
  const Colours* colours_ = nullptr;
  QString extraNote_;
  mutable std::vector<std::pair<QRectF, QString>>
      boxes_;  // of entries with a toggle, when last drawn
};

}  // namespace kvroof::gui
