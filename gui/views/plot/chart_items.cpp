// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/plot/chart_items.hpp"

#include "gui/models/charts/ticks.hpp"
#include "gui/views/plot/chart_plot.hpp"

namespace kvroof::gui {

ChartItems::ChartItems(ChartPlot* plot) : QCPLayerable(plot, QStringLiteral("main")), plot_(plot) {}

QRect ChartItems::clipRect() const { return plot_->viewport(); }

void ChartItems::draw(QCPPainter* painter) {
  if (plot_->chart_.isEmpty()) {
    const int margin = plot_->viewport().width() / 8;
    painter->setFont(plot_->font());
    painter->setPen(plot_->colours_.muted());
    painter->drawText(plot_->viewport().adjusted(margin, 0, -margin, 0),
                      Qt::AlignCenter | Qt::TextWordWrap, plot_->chart_.emptyReason);
    return;
  }
  ChartPainter(*painter, {.chart = plot_->chart_,
                          .state = plot_->state_,
                          .colours = plot_->colours_,
                          .area = plot_->area(),
                          .place = [this](double x, double y) { return plot_->pixel(x, y); },
                          .font = plot_->font(),
                          .stamps = plot_->isVector_ ? nullptr : &plot_->stamps_,
                          .marks = &plot_->drawn_,
                          .names = &plot_->names_})
      .paint();
}

void ChartTicker::generate(const QCPRange& range, const QLocale&, QChar, int,
                           QVector<double>& ticks, QVector<double>* subTicks,
                           QVector<QString>* tickLabels) {
  const auto places = tickPlaces(*axis_, range.lower, range.upper, most_);
  ticks = QVector<double>(places.begin(), places.end());
  if (subTicks) {
    const auto between = subTickPlaces(*axis_, range.lower, range.upper);
    *subTicks = QVector<double>(between.begin(), between.end());
  }
  if (!tickLabels) return;
  tickLabels->clear();
  for (const double place : places) tickLabels->push_back(tickText(*axis_, place));
}

}  // namespace kvroof::gui
