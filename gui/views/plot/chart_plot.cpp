// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/plot/chart_plot.hpp"

#include <QPdfWriter>
#include <QSvgGenerator>
#include <cmath>

#include "gui/models/charts/places.hpp"
#include "gui/models/charts/ticks.hpp"
#include "gui/views/plot/chart_items.hpp"

namespace kvroof::gui {
namespace {

QCPAxis::ScaleType scaleType(Scale scale) {
  return scale == Scale::log ? QCPAxis::stLogarithmic : QCPAxis::stLinear;
}

bool isSameAxis(const Axis& a, const Axis& b) {
  return a.label == b.label && a.scale == b.scale && a.categories == b.categories;
}

}  // namespace

ChartPlot::ChartPlot(QWidget* parent)
    : QCustomPlot(parent),
      colours_(palette()),
      header_(new HeaderBlock(this)),
      footer_(new FooterBlock(this)) {
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(280, 120);
  plotLayout()->insertRow(0);
  plotLayout()->addElement(0, 0, header_);
  plotLayout()->addElement(2, 0, footer_);
  plotLayout()->setRowSpacing(0);
  for (QCPAxis* axis : {xAxis2, yAxis2}) {
    axis->setVisible(true);
    axis->setTickLabels(false);
    axis->setTicks(false);
  }
  axisRect()->setMinimumMargins(QMargins(12, 4, 22, 4));
  new ChartItems(this);  // a child of this widget
  restyle();
  connect(this, &QCustomPlot::beforeReplot, this, [this] { prepare(false); });
}

ChartPlot::~ChartPlot() = default;

QRectF ChartPlot::area() const { return QRectF(const_cast<ChartPlot*>(this)->axisRect()->rect()); }

QPointF ChartPlot::pixel(double x, double y) const {
  return {xAxis->coordToPixel(x), yAxis->coordToPixel(y)};
}

void ChartPlot::restyle() {
  colours_ = Colours(palette());
  stamps_.clear();
  setBackground(QBrush(colours_.background()));
  for (QCPAxis* axis : {xAxis, yAxis, xAxis2, yAxis2}) {
    const QPen pen(colours_.muted(), 1);
    axis->setBasePen(pen);
    axis->setTickPen(pen);
    axis->setSubTickPen(pen);
    axis->setLabelColor(colours_.text());
    axis->setTickLabelColor(colours_.text());
    axis->setLabelFont(font());
    axis->setTickLabelFont(font());
    axis->grid()->setPen(QPen(colours_.faint(), 1));
    axis->grid()->setZeroLinePen(QPen(colours_.faint(), 1));
  }
}

void ChartPlot::showChart(Chart chart) {
  const bool keepZoom = isZoomed_ && isSameAxis(chart.x, chart_.x) && isSameAxis(chart.y, chart_.y);
  const ZoomRange before = range();
  const bool isOfTheSame = chart.title == chart_.title && chart.subtitle == chart_.subtitle &&
                           numPlaces(chart) == numPlaces(chart_);
  chart_ = std::move(chart);
  names_.clear();  // they point into the old one
  if (!isOfTheSame) setCursor(std::nullopt);
  setAccessibleName(chart_.title);
  setUpAxes();
  if (keepZoom) {
    setRange(before);
  } else {
    zooms_.clear();
    fit();
  }
}

void ChartPlot::setUpAxes() {
  const bool isShown = !chart_.isEmpty();
  axisRect()->setVisible(isShown);
  for (QCPAxis* axis : {xAxis, yAxis, xAxis2, yAxis2}) axis->setVisible(isShown);
  for (const auto& [axis, about] : {std::pair(xAxis, &chart_.x), std::pair(yAxis, &chart_.y)}) {
    axis->setScaleType(scaleType(about->scale));
    axis->setLabel(about->label);
    axis->setSubTicks(about->scale == Scale::log);
    axis->grid()->setVisible(!chart_.grid && about->scale != Scale::category);
  }
  xAxis2->setScaleType(xAxis->scaleType());
  yAxis2->setScaleType(yAxis->scaleType());
}

void ChartPlot::prepare(bool isVector) {
  isVector_ = isVector;
  const QFontMetrics metrics(font());
  const QSize size = viewport().size();
  int widest = metrics.horizontalAdvance(QStringLiteral("100 µs"));
  if (chart_.x.scale == Scale::category)
    for (const QString& text : chart_.x.categories)
      widest = std::max(widest, metrics.horizontalAdvance(text));
  const int mostX = std::max(2, (size.width() - 100) / (widest + 30));
  const int mostY = std::max(2, (size.height() - 150) / (metrics.height() * 3));
  xAxis->setTicker(QSharedPointer<ChartTicker>::create(&chart_.x, mostX));
  yAxis->setTicker(QSharedPointer<ChartTicker>::create(&chart_.y, mostY));
  header_->show(&chart_, &colours_);
  footer_->show(&chart_, &state_, &colours_, {});
  fitTitles();
  updateLayout();
  drawn_ = thinMarks(chart_, state_, area(), [this](double x, double y) { return pixel(x, y); });
  if (chart_.marks.size() <= kThinAbove) return;
  footer_->show(
      &chart_, &state_, &colours_,
      tr("Thinned: %1 of %2 points drawn; failed, selected and above-roof ones always are.")
          .arg(drawn_.size())
          .arg(chart_.marks.size()));
}

/// The title of an axis is no longer than the axis: it would run into other texts.
void ChartPlot::fitTitles() {
  updateLayout();
  const QFontMetrics metrics(font());
  const auto fit = [&](QCPAxis* axis, const Axis& about, int length) {
    axis->setLabel(metrics.elidedText(about.label, Qt::ElideRight, length));
  };
  fit(xAxis, chart_.x, axisRect()->width());
  fit(yAxis, chart_.y, axisRect()->height());
}

void ChartPlot::setMarked(int current, std::set<int> selected) {
  state_.current = current;
  state_.selected = std::move(selected);
  describe();
  replot(rpQueuedReplot);
}

/// Tells screen readers what keys have walked to.
void ChartPlot::describe() {
  if (state_.cursor) {
    setAccessibleDescription(placeText(chart_, *state_.cursor));
  } else {
    setAccessibleDescription(describe_ ? describe_(state_.current) : QString());
  }
}

/// The status line says what the cursor stands on.
void ChartPlot::setCursor(std::optional<std::size_t> place) {
  if (!place && !state_.cursor) return;
  state_.cursor = place;
  describe();
  QStatusTipEvent tip(place ? placeText(chart_, *place) : QString());
  QCoreApplication::sendEvent(this, &tip);
  if (place) reveal(*place);
  replot(rpQueuedReplot);
}

/// Pans when a place is out of sight.
void ChartPlot::reveal(std::size_t place) {
  const QPointF centre = placeBox(chart_, place).center();
  ZoomRange seen = range();
  const auto bring = [](double at, double& low, double& high) {
    if (at >= low && at <= high) return;
    const double shift = at - (low + high) / 2;
    low += shift;
    high += shift;
  };
  bring(centre.x(), seen.left, seen.right);
  bring(centre.y(), seen.bottom, seen.top);
  if (seen != range()) setRange(seen);
}

ZoomRange ChartPlot::range() const {
  return {xAxis->range().lower, xAxis->range().upper, yAxis->range().lower, yAxis->range().upper};
}

void ChartPlot::setRange(const ZoomRange& range) {
  xAxis->setRange(range.left, range.right);
  yAxis->setRange(range.bottom, range.top);
  isZoomed_ = range != ZoomRange{chart_.x.min, chart_.x.max, chart_.y.min, chart_.y.max};
  replot(rpQueuedReplot);
}

void ChartPlot::fit() {
  if (isZoomed_) rememberZoom();
  setRange({chart_.x.min, chart_.x.max, chart_.y.min, chart_.y.max});
}

void ChartPlot::rememberZoom() { zooms_.push(range()); }

void ChartPlot::zoomBy(double factor) {
  rememberZoom();
  xAxis->scaleRange(factor);
  yAxis->scaleRange(factor);
  setRange(range());
}

bool ChartPlot::undoZoom() {
  const auto last = zooms_.pop();
  if (!last) return false;
  setRange(*last);
  return true;
}

void ChartPlot::setToggle(const QString& toggle, bool isShown) {
  if (isShown) {
    state_.hidden.remove(toggle);
  } else {
    state_.hidden.insert(toggle);
  }
  replot(rpQueuedReplot);
}

std::optional<QPointF> ChartPlot::placeOf(int row) const {
  for (const Mark& mark : chart_.marks)
    if (mark.row == row && !mark.ghost) return pixel(mark.x, mark.y);
  return std::nullopt;
}

QString ChartPlot::savePicture(const QString& path, Format format, QSize size) {
  const QRect before = viewport();
  // On a screen of small pixels a picture has larger texts, not more of everything.
  const double ratio = format == Format::png ? devicePixelRatioF() : 1;
  const QSize laidOut = (QSizeF(size) / ratio).toSize();
  const auto lay = [&](bool isVector) {
    setViewport(QRect(QPoint(0, 0), laidOut));
    prepare(isVector);
  };
  QString problem;
  if (format == Format::png) {
    lay(ratio != 1);
    if (!toPixmap(laidOut.width(), laidOut.height(), ratio).save(path, "PNG"))
      problem = tr("%1 could not be written").arg(path);
  } else {
    lay(true);
    QSvgGenerator svg;
    QPdfWriter pdf(path);
    QPaintDevice* device = &pdf;
    if (format == Format::svg) {
      svg.setFileName(path);
      svg.setSize(size);
      svg.setViewBox(QRect(QPoint(0, 0), size));
      svg.setTitle(chart_.title);
      svg.setDescription(chart_.subtitle);
      device = &svg;
    } else {
      pdf.setTitle(chart_.title);
      pdf.setCreator(QStringLiteral("kvroof-view"));
      pdf.setResolution(96);
      pdf.setPageMargins(QMarginsF());
      pdf.setPageSize(QPageSize(QSizeF(size.width() * 0.75, size.height() * 0.75), QPageSize::Point,
                                {}, QPageSize::ExactMatch));
    }
    QCPPainter painter;
    if (painter.begin(device)) {
      painter.setMode(QCPPainter::pmVectorized);
      toPainter(&painter, size.width(), size.height());
      painter.end();
    } else {
      problem = tr("%1 could not be written").arg(path);
    }
  }
  isVector_ = false;
  setViewport(before);
  return problem;
}

}  // namespace kvroof::gui
