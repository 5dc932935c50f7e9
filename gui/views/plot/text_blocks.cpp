// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/plot/text_blocks.hpp"

#include <cmath>

#include "gui/views/plot/cell_scale.hpp"

namespace kvroof::gui {
namespace {
constexpr int kMargin = 10;
constexpr int kSymbolWidth = 26;
}  // namespace

FlowBlock::FlowBlock(QCustomPlot* plot) : QCPLayoutElement(plot) {
  setMinimumMargins(QMargins(0, 0, 0, 0));
}

QSize FlowBlock::minimumOuterSizeHint() const {
  return {0, flow(mParentPlot->viewport().width(), nullptr)};
}

QSize FlowBlock::maximumOuterSizeHint() const {
  return {QWIDGETSIZE_MAX, flow(mParentPlot->viewport().width(), nullptr)};
}

void FlowBlock::draw(QCPPainter* painter) {
  painter->save();
  painter->translate(outerRect().topLeft());
  flow(outerRect().width(), painter);
  painter->restore();
}

int HeaderBlock::flow(int width, QPainter* painter) const {
  if (!chart_) return 0;
  QFont bold = mParentPlot->font();
  bold.setBold(true);
  bold.setPointSizeF(bold.pointSizeF() * 1.15);
  const QFontMetrics titleMetrics(bold), metrics(mParentPlot->font());
  const QRect text(kMargin, 6, width - 2 * kMargin, 10000);
  const QRect title = titleMetrics.boundingRect(text, Qt::TextWordWrap, chart_->title);
  const QRect below(kMargin, title.bottom() + 2, text.width(), 10000);
  const QRect subtitle = chart_->subtitle.isEmpty()
                             ? QRect(below.topLeft(), QSize(0, 0))
                             : metrics.boundingRect(below, Qt::TextWordWrap, chart_->subtitle);
  if (painter) {
    painter->setFont(bold);
    painter->setPen(colours_->text());
    painter->drawText(title, Qt::TextWordWrap, chart_->title);
    painter->setFont(mParentPlot->font());
    painter->setPen(colours_->muted());
    painter->drawText(subtitle, Qt::TextWordWrap, chart_->subtitle);
  }
  return std::max(title.bottom(), subtitle.bottom()) + 4;
}

int FooterBlock::flow(int width, QPainter* painter) const {
  if (!chart_) return 0;
  const QFontMetrics metrics(mParentPlot->font());
  const int line = metrics.height() + 4;
  if (painter) boxes_.clear();
  int x = kMargin, y = 4;
  if (chart_->grid) {
    if (painter) paintRamp(*painter, QRectF(x, y, width - 2 * kMargin, line));
    y += line;
  }
  for (const LegendEntry& entry : chart_->legend) {
    const int wide = kSymbolWidth + metrics.horizontalAdvance(entry.text) + 14;
    if (x > kMargin && x + wide > width - kMargin) {
      x = kMargin;
      y += line;
    }
    const QRectF box(x, y, wide, line);
    if (painter) {
      paintEntry(*painter, entry, box);
      if (!entry.toggle.isEmpty())
        boxes_.emplace_back(box.translated(outerRect().topLeft()), entry.toggle);
    }
    x += wide;
  }
  if (!chart_->legend.empty()) y += line;
  QStringList notes = chart_->notes;
  if (!extraNote_.isEmpty()) notes << extraNote_;
  if (notes.isEmpty()) return y + 4;
  const QString text = notes.join(QStringLiteral("  ·  "));
  const QRect room(kMargin, y + 1, width - 2 * kMargin, 10000);
  const QRect used = metrics.boundingRect(room, Qt::TextWordWrap, text);
  if (painter) {
    painter->setFont(mParentPlot->font());
    painter->setPen(colours_->muted());
    painter->drawText(used.adjusted(0, 0, 4, 4), Qt::TextWordWrap, text);
  }
  return used.bottom() + 7;
}

/// "mean |keys|: 0.1 [colours] 5.2".
void FooterBlock::paintRamp(QPainter& painter, const QRectF& box) const {
  const Grid& grid = *chart_->grid;
  const CellScale scale(grid);
  const auto number = [&](double value) {
    return formatQuantity(value, grid.neutral ? Quantity::ratio : Quantity::plain);
  };
  const QFontMetricsF metrics(mParentPlot->font());
  const QString before = QStringLiteral("%1: %2").arg(grid.valueLabel, number(scale.low()));
  const QString after = number(scale.high()) + (grid.neutral ? QString() : tr(" and more"));
  QRectF ramp(box.left() + metrics.horizontalAdvance(before) + 8, box.top() + 3, 160,
              box.height() - 6);
  painter.setFont(mParentPlot->font());
  painter.setPen(colours_->text());
  painter.drawText(box, Qt::AlignLeft | Qt::AlignVCenter, before);
  painter.drawText(box.adjusted(ramp.right() - box.left() + 8, 0, 0, 0),
                   Qt::AlignLeft | Qt::AlignVCenter, after);
  QLinearGradient gradient(ramp.topLeft(), ramp.topRight());
  for (int i = 0; i <= 10; ++i)
    gradient.setColorAt(i / 10.0, colours_->cell(i / 10.0, grid.neutral.has_value()));
  painter.fillRect(ramp, gradient);
}

void FooterBlock::paintEntry(QPainter& painter, const LegendEntry& entry, const QRectF& box) const {
  const bool isOff = !entry.toggle.isEmpty() && state_->hidden.contains(entry.toggle);
  painter.save();
  painter.setOpacity(isOff ? 0.45 : 1);
  paintSymbol(painter, entry, QPointF(box.left() + kSymbolWidth / 2.0 - 2, box.center().y()));
  QFont font = mParentPlot->font();
  font.setStrikeOut(isOff);
  font.setUnderline(!entry.toggle.isEmpty() && !isOff);
  painter.setFont(font);
  painter.setPen(colours_->text());
  painter.drawText(box.adjusted(kSymbolWidth, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                   entry.text);
  painter.restore();
}

void FooterBlock::paintSymbol(QPainter& painter, const LegendEntry& entry, QPointF centre) const {
  const bool isRoof = !entry.toggle.isEmpty();
  const QColor colour = entry.hue.series < 0 && std::isnan(entry.hue.shade)
                            ? (isRoof ? colours_->text() : colours_->muted())
                            : colours_->of(entry.hue);
  painter.setRenderHint(QPainter::Antialiasing);
  Mark mark{.hue = entry.hue,
            .shape = entry.shape,
            .size = 0.05,
            .provenance = traces::Provenance::measured};
  switch (entry.symbol) {
    case LegendSymbol::line:
    case LegendSymbol::dashedLine: {
      const bool isDashed = entry.symbol == LegendSymbol::dashedLine;
      QPen pen(colour, isRoof || isDashed ? 2 : 3);
      if (isDashed) pen.setDashPattern({3, 1.5});
      painter.setPen(pen);
      painter.drawLine(centre - QPointF(9, 0), centre + QPointF(9, 0));
      return;
    }
    case LegendSymbol::thickLine:
    case LegendSymbol::thinLine:
      painter.setPen(QPen(colours_->text(), entry.symbol == LegendSymbol::thickLine ? 2.6 : 1.2));
      painter.drawLine(centre - QPointF(9, 0), centre + QPointF(9, 0));
      return;
    case LegendSymbol::bar:
      painter.fillRect(QRectF(centre - QPointF(7, 5), QSizeF(14, 10)), colour);
      return;
    case LegendSymbol::failed: mark.failed = true; break;
    case LegendSymbol::ghost: mark.ghost = true; break;
    case LegendSymbol::simulated: mark.provenance = traces::Provenance::simulated; break;
    case LegendSymbol::modelled: mark.provenance = traces::Provenance::modelled; break;
    case LegendSymbol::aboveRoof: mark.aboveRoof = true; break;
    case LegendSymbol::mark: break;
  }
  paintMark(painter, centre, lookOf(mark, *colours_), *colours_);
}

QString FooterBlock::toggleAt(QPoint place) const {
  for (const auto& [box, toggle] : boxes_)
    if (box.contains(place)) return toggle;
  return {};
}

std::optional<QRectF> FooterBlock::boxOf(const QString& wanted) const {
  for (const auto& [box, toggle] : boxes_)
    if (toggle == wanted) return box;
  return std::nullopt;
}

}  // namespace kvroof::gui
