// SPDX-License-Identifier: GPL-3.0-or-later
// What mouse and keys do to a ChartPlot.
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <map>

#include "gui/models/charts/places.hpp"
#include "gui/views/plot/chart_plot.hpp"

namespace kvroof::gui {
namespace {
constexpr int kReach = 14;  // pixels around a mark that count as on it
constexpr double kZoomStep = 1.25;
}  // namespace

int ChartPlot::rowAt(QPoint place) const {
  if (!area().contains(place)) return -1;
  if (chart_.grid && !chart_.grid->rows.empty()) {
    const auto column = std::lround(xAxis->pixelToCoord(place.x())),
               row = std::lround(yAxis->pixelToCoord(place.y()));
    const Grid& grid = *chart_.grid;
    if (column < 0 || row < 0 || column >= static_cast<long>(grid.numColumns) ||
        row >= static_cast<long>(grid.numRows))
      return -1;
    return grid
        .rows[static_cast<std::size_t>(row) * grid.numColumns + static_cast<std::size_t>(column)];
  }
  if (!chart_.barRows.empty()) {
    const auto bar = std::lround(xAxis->pixelToCoord(place.x()));
    return bar >= 0 && bar < static_cast<long>(chart_.barRows.size())
               ? chart_.barRows[static_cast<std::size_t>(bar)]
               : -1;
  }
  int best = -1;
  double nearest = kReach * kReach;
  for (const std::size_t i : drawn_) {
    const Mark& mark = chart_.marks[i];
    if (mark.ghost) continue;
    const QPointF d = pixel(mark.x, mark.y) - place;
    const double distance = d.x() * d.x() + d.y() * d.y();
    if (distance < nearest) {
      nearest = distance;
      best = mark.row;
    }
  }
  return best;
}

std::vector<int> ChartPlot::rowsInOrder() const {
  if (!chart_.barRows.empty()) return chart_.barRows;
  std::vector<int> rows;
  if (chart_.grid) {
    for (const int row : chart_.grid->rows)
      if (row >= 0) rows.push_back(row);
    return rows;
  }
  std::vector<const Mark*> marks;
  for (const Mark& mark : chart_.marks)
    if (!mark.ghost && !mark.echo) marks.push_back(&mark);
  std::stable_sort(marks.begin(), marks.end(), [](const Mark* a, const Mark* b) {
    return a->x != b->x ? a->x < b->x : a->y < b->y;
  });
  for (const Mark* mark : marks)
    if (std::find(rows.begin(), rows.end(), mark->row) == rows.end() || marks.size() > 5000)
      rows.push_back(mark->row);
  return rows;
}

void ChartPlot::walk(int step, Walk walk) {
  const auto rows = rowsInOrder();
  if (rows.empty()) return;
  const auto found = std::find(rows.begin(), rows.end(), state_.current);
  const auto last = static_cast<std::ptrdiff_t>(rows.size()) - 1;
  // Without a current record, steps count from beyond the ends.
  const auto here = found != rows.end() ? found - rows.begin() : step > 0 ? -1 : last + 1;
  const std::ptrdiff_t next = here + step;
  const int row = rows[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(next, 0, last))];
  if (walk == Walk::add) {
    emit rowAdded(row);
  } else {
    emit rowPicked(row);
  }
}

std::optional<std::size_t> ChartPlot::placeAt(QPoint place) const {
  constexpr int kNear = 4;  // pixels: short activities are thin
  if (!area().contains(place)) return std::nullopt;
  const double x = xAxis->pixelToCoord(place.x());
  return gui::placeAt(chart_, QPointF(x, yAxis->pixelToCoord(place.y())),
                      std::abs(xAxis->pixelToCoord(place.x() + kNear) - x));
}

/// Moves the cursor of a chart that is not made of records. Whether the key was one for that.
bool ChartPlot::walkPlaces(int key) {
  static const std::map<int, Step> kSteps{{Qt::Key_Left, Step::left},  {Qt::Key_Right, Step::right},
                                          {Qt::Key_Up, Step::up},      {Qt::Key_Down, Step::down},
                                          {Qt::Key_Home, Step::first}, {Qt::Key_End, Step::last}};
  if (key == Qt::Key_Escape && state_.cursor) {
    setCursor(std::nullopt);
    return true;
  }
  const auto step = kSteps.find(key);
  if (step == kSteps.end() || numPlaces(chart_) == 0) return false;
  const bool isFromEnd = key == Qt::Key_Left || key == Qt::Key_Down || key == Qt::Key_End;
  setCursor(state_.cursor ? nextPlace(chart_, *state_.cursor, step->second)
                          : nextPlace(chart_, 0, isFromEnd ? Step::last : Step::first));
  return true;
}

/// Moves what is seen by shares of the axes.
void ChartPlot::panBy(double x, double y) {
  rememberZoom();
  const auto shift = [](QCPAxis* axis, double share) {
    const QCPRange range = axis->range();
    if (axis->scaleType() == QCPAxis::stLogarithmic) {
      const double factor = std::pow(range.upper / range.lower, share);
      axis->setRange(range.lower * factor, range.upper * factor);
    } else {
      axis->setRange(range.lower + share * range.size(), range.upper + share * range.size());
    }
  };
  shift(xAxis, x);
  shift(yAxis, y);
  setRange(range());
}

void ChartPlot::keyPressEvent(QKeyEvent* event) {
  constexpr int kFar = 1'000'000'000;
  constexpr double kPanStep = 0.1;
  if (event->modifiers() & Qt::ControlModifier) switch (event->key()) {
      case Qt::Key_Right: panBy(kPanStep, 0); return;
      case Qt::Key_Left: panBy(-kPanStep, 0); return;
      case Qt::Key_Up: panBy(0, kPanStep); return;
      case Qt::Key_Down: panBy(0, -kPanStep); return;
      default: break;
    }
  if (walkPlaces(event->key())) return;
  const Walk how = event->modifiers() & Qt::ShiftModifier ? Walk::add : Walk::pick;
  switch (event->key()) {
    case Qt::Key_Right:
    case Qt::Key_Up: walk(1, how); return;
    case Qt::Key_Left:
    case Qt::Key_Down: walk(-1, how); return;
    case Qt::Key_Home: walk(-kFar, how); return;
    case Qt::Key_End: walk(kFar, how); return;
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoomBy(1 / kZoomStep); return;
    case Qt::Key_Minus: zoomBy(kZoomStep); return;
    case Qt::Key_0:
    case Qt::Key_F: fit(); return;
    case Qt::Key_Backspace: undoZoom(); return;
    default: break;
  }
  if (event->key() >= Qt::Key_1 && event->key() <= Qt::Key_9)
    return flipToggle(static_cast<std::size_t>(event->key() - Qt::Key_1));
  QCustomPlot::keyPressEvent(event);
}

/// Shows or hides what the n-th underlined entry of the legend stands for.
void ChartPlot::flipToggle(std::size_t position) {
  for (const LegendEntry& entry : chart_.legend)
    if (!entry.toggle.isEmpty() && position-- == 0)
      return setToggle(entry.toggle, !isToggled(entry.toggle));
}

void ChartPlot::mousePressEvent(QMouseEvent* event) {
  setFocus(Qt::MouseFocusReason);
  if (event->button() != Qt::LeftButton) return QWidget::mousePressEvent(event);
  pressedAt_ = draggedTo_ = event->pos();
  const QString toggle = footer_->toggleAt(event->pos());
  if (!toggle.isEmpty()) return setToggle(toggle, !isToggled(toggle));
  if (area().contains(event->pos()))
    drag_ = event->modifiers() & Qt::ShiftModifier ? Drag::brush : Drag::pan;
  if (drag_ != Drag::brush) return;
  band_.setGeometry(QRect(pressedAt_, QSize()));
  band_.show();
}

void ChartPlot::mouseMoveEvent(QMouseEvent* event) {
  if (drag_ == Drag::brush) {
    band_.setGeometry(QRect(pressedAt_, event->pos()).normalized());
    return;
  }
  if (drag_ != Drag::pan || (event->pos() - pressedAt_).manhattanLength() < 4) return;
  if (draggedTo_ == pressedAt_) rememberZoom();
  const auto shifted = [](QCPAxis* axis, double from, double to) {
    const double a = axis->pixelToCoord(from), b = axis->pixelToCoord(to);
    const QCPRange range = axis->range();
    return axis->scaleType() == QCPAxis::stLogarithmic
               ? QCPRange(range.lower * a / b, range.upper * a / b)
               : QCPRange(range.lower + a - b, range.upper + a - b);
  };
  const QCPRange x = shifted(xAxis, draggedTo_.x(), event->pos().x()),
                 y = shifted(yAxis, draggedTo_.y(), event->pos().y());
  draggedTo_ = event->pos();
  setRange({x.lower, x.upper, y.lower, y.upper});
}

void ChartPlot::mouseReleaseEvent(QMouseEvent* event) {
  const Drag ended = std::exchange(drag_, Drag::none);
  if (ended == Drag::brush) {
    band_.hide();
    finishBrush(QRect(pressedAt_, event->pos()).normalized());
  } else if (ended == Drag::pan && draggedTo_ == pressedAt_ && numPlaces(chart_) > 0) {
    setCursor(placeAt(event->pos()));
  } else if (ended == Drag::pan && draggedTo_ == pressedAt_) {
    emit rowPicked(rowAt(event->pos()));
  }
}

void ChartPlot::finishBrush(QRect brushed) {
  std::set<int> rows;
  for (const Mark& mark : chart_.marks)
    if (!mark.ghost && QRectF(brushed).contains(pixel(mark.x, mark.y))) rows.insert(mark.row);
  for (std::size_t i = 0; i < chart_.barRows.size(); ++i) {
    const double x = xAxis->coordToPixel(static_cast<double>(i));
    if (x >= brushed.left() && x <= brushed.right()) rows.insert(chart_.barRows[i]);
  }
  emit rowsBrushed(rows);
}

void ChartPlot::mouseDoubleClickEvent(QMouseEvent*) { fit(); }

void ChartPlot::wheelEvent(QWheelEvent* event) {
  const QPointF at = event->position();
  if (!area().contains(at) || event->angleDelta().y() == 0) return;
  rememberZoom();
  const double factor = std::pow(kZoomStep, -event->angleDelta().y() / 120.0);
  // Ctrl zooms along x only, shift along y only.
  if (!(event->modifiers() & Qt::ShiftModifier))
    xAxis->scaleRange(factor, xAxis->pixelToCoord(at.x()));
  if (!(event->modifiers() & Qt::ControlModifier))
    yAxis->scaleRange(factor, yAxis->pixelToCoord(at.y()));
  setRange(range());
  event->accept();
}

void ChartPlot::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange ||
      event->type() == QEvent::EnabledChange) {  // which has colours of its own
    restyle();
    replot(rpQueuedReplot);
  }
  QCustomPlot::changeEvent(event);
}

bool ChartPlot::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    const int row = rowAt(help->pos());
    const auto place = placeAt(help->pos());
    QToolTip::showText(help->globalPos(),
                       place                   ? placeText(chart_, *place)
                       : row >= 0 && describe_ ? describe_(row)
                                               : QString(),
                       this);
    return true;
  }
  return QCustomPlot::event(event);
}

}  // namespace kvroof::gui
