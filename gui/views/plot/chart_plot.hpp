// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include <QRubberBand>

#include "gui/models/charts/chart.hpp"
#include "gui/state/zoom_stack.hpp"
#include "gui/views/plot/text_blocks.hpp"

namespace kvroof::gui {

/// Shows one chart: wheel zooms, dragging pans, shift-drag selects, double click fits, arrows walk
/// through the records, or through cells and blocks where there are no records. Knows no dataset:
/// it speaks in row numbers.
class ChartPlot : public QCustomPlot {
  Q_OBJECT
 public:
  explicit ChartPlot(QWidget* parent = nullptr);
  ~ChartPlot() override;

  /// Replaces the picture. What was zoomed to stays in sight as long as the axes mean the same.
  void showChart(Chart chart);
  const Chart& chart() const { return chart_; }
  void setMarked(int current, std::set<int> selected);
  /// A sentence about a row, for tool tips and screen readers.
  void setDescriber(std::function<QString(int row)> describe) { describe_ = std::move(describe); }

  void fit();
  void zoomBy(double factor);
  bool undoZoom();
  bool isZoomed() const { return isZoomed_; }
  ZoomRange range() const;
  void setRange(const ZoomRange& range);
  void setToggle(const QString& toggle, bool isShown);
  const QSet<QString>& hidden() const { return state_.hidden; }
  bool isToggled(const QString& toggle) const { return !state_.hidden.contains(toggle); }
  /// Place of a legend entry that can be clicked; no value when it was not drawn.
  std::optional<QRectF> legendBox(const QString& toggle) const { return footer_->boxOf(toggle); }

  enum class Format { png, svg, pdf };
  /// Draws at `size`, in pixels of a png and units of the others, into a file. Returns "" or why it
  /// could not.
  QString savePicture(const QString& path, Format format, QSize size);
  /// Pixel place of the mark of a row; no value when it is not in the chart.
  std::optional<QPointF> placeOf(int row) const;
  /// Where the last picture names its lines.
  const std::vector<LineName>& lineNames() const { return names_; }
  /// Where the cursor stands in a chart that is not made of records.
  std::optional<std::size_t> cursor() const { return state_.cursor; }
  /// How many marks the last picture shows.
  std::size_t numDrawn() const { return drawn_.size(); }

 signals:
  void rowPicked(int row);
  void rowAdded(int row);  // to those that are selected
  void rowsBrushed(const std::set<int>& rows);

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void changeEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  friend class ChartItems;
  void restyle();
  void setUpAxes();
  void prepare(bool isVector);
  void fitTitles();
  void rememberZoom();
  void finishBrush(QRect brushed);
  void flipToggle(std::size_t position);
  enum class Walk { pick, add };
  void walk(int step, Walk walk);
  void panBy(double x, double y);
  bool walkPlaces(int key);
  void setCursor(std::optional<std::size_t> place);
  void reveal(std::size_t place);
  void describe();
  std::optional<std::size_t> placeAt(QPoint place) const;
  std::vector<int> rowsInOrder() const;
  int rowAt(QPoint place) const;
  QRectF area() const;
  QPointF pixel(double x, double y) const;

  Chart chart_;
  ChartState state_;
  Colours colours_;
  MarkStamps stamps_;
  std::vector<std::size_t> drawn_;
  std::vector<LineName> names_;
  HeaderBlock* header_;
  FooterBlock* footer_;
  ZoomStack zooms_;
  std::function<QString(int)> describe_;
  QRubberBand band_{QRubberBand::Rectangle, this};
  QPoint pressedAt_;
  QPoint draggedTo_;
  enum class Drag { none, pan, brush } drag_ = Drag::none;
  bool isZoomed_ = false;
  bool isVector_ = false;
};

}  // namespace kvroof::gui
