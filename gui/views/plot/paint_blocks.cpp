// SPDX-License-Identifier: GPL-3.0-or-later
// The filled areas of a chart: cells, stacked bars, blocks on a timeline.
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "gui/views/plot/cell_scale.hpp"
#include "gui/views/plot/chart_painter.hpp"

namespace kvroof::gui {
namespace {

/// `share` 0..1 of `b`, the rest of `a`.
QColor mixed(const QColor& a, const QColor& b, float share) {
  return QColor::fromRgbF(a.redF() + share * (b.redF() - a.redF()),
                          a.greenF() + share * (b.greenF() - a.greenF()),
                          a.blueF() + share * (b.blueF() - a.blueF()));
}

}  // namespace

QRectF ChartPainter::cellRect(std::size_t row, std::size_t column) const {
  const auto x = static_cast<double>(column), y = static_cast<double>(row);
  return QRectF(setup_.place(x - 0.5, y - 0.5), setup_.place(x + 0.5, y + 0.5)).normalized();
}

void ChartPainter::paintGrid() {
  const Grid& grid = *setup_.chart.grid;
  const CellScale scale(grid);
  QImage image(static_cast<int>(grid.numColumns), static_cast<int>(grid.numRows),
               QImage::Format_ARGB32);
  for (std::size_t r = 0; r < grid.numRows; ++r)
    for (std::size_t c = 0; c < grid.numColumns; ++c) {
      const std::size_t cell = r * grid.numColumns + c;
      const double value = grid.values[cell];
      QColor colour = std::isfinite(value)
                          ? setup_.colours.cell(scale.share(value), grid.neutral.has_value())
                          : setup_.colours.faint();
      if (!grid.pruned.empty() && grid.pruned[cell] > 0) {
        colour = mixed(colour, setup_.colours.background(), 0.8F * grid.pruned[cell]);
      }
      image.setPixelColor(static_cast<int>(c), static_cast<int>(grid.numRows - 1 - r), colour);
    }
  const QRectF all = cellRect(0, 0).united(cellRect(grid.numRows - 1, grid.numColumns - 1));
  painter_.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter_.drawImage(all, image);
  const QRectF one = cellRect(0, 0);
  if (!grid.texts.empty()) paintGridTexts(one.width(), one.height());
}

void ChartPainter::paintGridTexts(double cellWidth, double cellHeight) {
  const Grid& grid = *setup_.chart.grid;
  const CellScale scale(grid);
  const QFontMetricsF metrics(setup_.font);
  for (std::size_t r = 0; r < grid.numRows; ++r)
    for (std::size_t c = 0; c < grid.numColumns; ++c) {
      const std::size_t cell = r * grid.numColumns + c;
      const QRectF box = cellRect(r, c);
      painter_.setBrush(Qt::NoBrush);
      painter_.setPen(QPen(setup_.colours.background(), 1));
      painter_.drawRect(box);
      if (!grid.rows.empty() && grid.rows[cell] >= 0 && grid.rows[cell] == setup_.state.current) {
        painter_.setPen(QPen(setup_.colours.highlight(), 3));
        painter_.drawRect(box.adjusted(2, 2, -2, -2));
      }
      if (!std::isfinite(grid.values[cell])) continue;
      QStringList lines = grid.texts[cell].split('\n');
      if (cellHeight < metrics.height() * 2.2 ||
          (lines.size() > 1 && metrics.horizontalAdvance(lines[1]) > cellWidth - 4))
        lines = {lines[0]};
      if (metrics.horizontalAdvance(lines[0]) > cellWidth - 2 || cellHeight < metrics.height())
        continue;
      painter_.setPen(Colours::readableOn(
          setup_.colours.cell(scale.share(grid.values[cell]), grid.neutral.has_value())));
      painter_.drawText(box, Qt::AlignCenter, lines.join('\n'));
    }
}

void ChartPainter::paintBars() {
  if (setup_.chart.bars.empty()) return;
  std::vector<double> base(setup_.chart.bars.front().heights.size(), 0);
  const double half = base.size() > 20 ? 0.48 : 0.36;
  for (const BarPart& part : setup_.chart.bars)
    for (std::size_t i = 0; i < part.heights.size(); ++i) {
      const double height = part.heights[i];
      if (!(height > 0)) continue;
      const double x = static_cast<double>(i);
      const QRectF box =
          QRectF(setup_.place(x - half, base[i] + height), setup_.place(x + half, base[i]))
              .normalized();
      base[i] += height;
      const QColor colour = setup_.colours.of({.series = part.series});
      painter_.setPen(QPen(setup_.colours.background(), 0.8));
      painter_.setBrush(part.hatched ? QBrush(colour, Qt::BDiagPattern) : QBrush(colour));
      painter_.drawRect(box);
    }
  for (std::size_t i = 0; i < setup_.chart.barRows.size() && i < base.size(); ++i) {
    if (setup_.chart.barRows[i] != setup_.state.current) continue;
    const double x = static_cast<double>(i);
    painter_.setBrush(Qt::NoBrush);
    painter_.setPen(QPen(setup_.colours.highlight(), 2.5));
    painter_.drawRect(QRectF(setup_.place(x - half, base[i]), setup_.place(x + half, 0))
                          .normalized()
                          .adjusted(-3, -3, 3, 0));
  }
}

void ChartPainter::paintSpans() {
  const QFontMetricsF metrics(setup_.font);
  for (const Span& span : setup_.chart.spans) {
    const QRectF box =
        QRectF(setup_.place(span.start, span.lane + 0.3), setup_.place(span.end, span.lane - 0.3))
            .normalized();
    const QColor colour = setup_.colours.of({.series = span.series});
    painter_.setPen(QPen(setup_.colours.background(), 0.8));
    painter_.setBrush(colour);
    painter_.drawRect(box.width() < 1 ? QRectF(box.left(), box.top(), 1, box.height()) : box);
    const QRectF inside = box.adjusted(4, 2, -4, -2).intersected(setup_.area);
    if (inside.width() < metrics.averageCharWidth() * 4) continue;
    painter_.setPen(Colours::readableOn(colour));
    painter_.drawText(inside, Qt::AlignLeft | Qt::AlignVCenter,
                      metrics.elidedText(span.text, Qt::ElideRight, inside.width()));
  }
}

}  // namespace kvroof::gui
