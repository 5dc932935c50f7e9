// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFont>
#include <QRectF>
#include <QSet>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "gui/models/charts/chart.hpp"
#include "gui/views/plot/colours.hpp"
#include "gui/views/plot/label_placer.hpp"
#include "gui/views/plot/mark_stamp.hpp"

class QPainter;

namespace kvroof::gui {

/// What is drawn differently without a change of the chart.
struct ChartState {
  int current = -1;
  std::set<int> selected;
  QSet<QString> hidden;                 // toggles that are off
  std::optional<std::size_t> cursor{};  // the place of the chart that keys walked to
};

/// Above this number of marks, those that would cover an earlier one are left out.
inline constexpr std::size_t kThinAbove = 20'000;

/// Indices of the marks to draw: all of a small chart; of a large one, one per small square of the
/// screen, but every failed, selected and above-roof mark. `place` gives pixels.
std::vector<std::size_t> thinMarks(const Chart& chart, const ChartState& state, const QRectF& area,
                                   const std::function<QPointF(double, double)>& place);

/// Where the name of a line was written.
struct LineName {
  const Line* line;
  QPolygonF place;  // pixels
};

/// Draws what a chart holds inside its axes.
class ChartPainter {
 public:
  struct Setup {
    const Chart& chart;
    const ChartState& state;
    const Colours& colours;
    QRectF area;  // inside of the axes, pixels
    std::function<QPointF(double, double)> place;
    QFont font;
    MarkStamps* stamps = nullptr;  // nullptr: draw shapes, for vector formats
    const std::vector<std::size_t>* marks = nullptr;
    std::vector<LineName>* names = nullptr;  // gets those of lines
  };
  ChartPainter(QPainter& painter, Setup setup);

  void paint();

 private:
  void paintGrid();
  void paintGridTexts(double cellWidth, double cellHeight);
  QRectF cellRect(std::size_t row, std::size_t column) const;
  double halfBar() const;
  void paintBars();
  void paintBarText(const QRectF& box, double value, const QColor& colour);
  void paintSpans();
  QRectF spanRect(const Span& span) const;
  void paintCursor();
  void paintLines();
  void paintLine(const Line& line);
  void paintArrowHead(const Line& line);
  void paintMarks();
  void paintSpread(const Mark& mark, QPointF centre);
  void paintEmphasis();
  void avoidLines();
  void avoidCurves();
  void paintLineName(const Line& line);
  bool paintNameAlong(const Line& line, QPointF a, QPointF b);
  bool paintNameBeside(const Line& line, QPointF a, QPointF b);
  void paintName(const Line& line, const QTransform& turn, const QRectF& box);
  void paintLabels();
  std::optional<QRectF> placeOfRidge(QPointF at, QSizeF size);
  bool isHidden(const QString& toggle) const { return setup_.state.hidden.contains(toggle); }
  QPointF place(QPointF point) const { return setup_.place(point.x(), point.y()); }
  QPen penOf(const Line& line) const;
  QColor behindText() const;  // lines stay visible through it

  QPainter& painter_;
  Setup setup_;
  LabelPlacer placer_;
};

/// The part of a polyline, in pixels, that lies inside `area`; empty when there is none.
QPolygonF clipped(const QPolygonF& line, const QRectF& area);

}  // namespace kvroof::gui
