// SPDX-License-Identifier: GPL-3.0-or-later
// Charts of one record: its timeline and its samples.
#include <QObject>
#include <algorithm>
#include <cmath>
#include <map>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/reference_row.hpp"
#include "traces/kernel_name.hpp"

namespace kvroof::gui {
namespace {

/// Titles a chart of one record, or says that none is chosen.
bool startOfRecord(const ChartInput& input, Chart& chart) {
  if (chart.isEmpty()) return false;
  if (!input.details) {
    chart.emptyReason = QObject::tr("Select a record in the table or in another view.");
    return false;
  }
  if (input.currentRow < 0) return true;
  const int row = input.currentRow;
  chart.subtitle = QStringLiteral("%1 · %2").arg(configurationText(input.data, row),
                                                 subtitleOf(input.data, std::span(&row, 1)));
  return true;
}

constexpr int kMaxBins = 60;

/// Freedman-Diaconis: bins as wide as 2 IQR / cbrt(n); at least one, at most kMaxBins.
int numBins(std::vector<double> sorted) {
  if (sorted.size() < 2) return 1;
  const double iqr = sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4];
  const double width = 2 * iqr / std::cbrt(static_cast<double>(sorted.size()));
  const double range = sorted.back() - sorted.front();
  if (!(range > 0)) return 1;
  if (!(width > 0)) return std::min<int>(kMaxBins, static_cast<int>(sorted.size()));
  return std::clamp(static_cast<int>(std::ceil(range / width)), 1, kMaxBins);
}

}  // namespace

Chart buildTimelineChart(const ChartInput& input) {
  Chart chart = startChart(
      input, QStringLiteral("timeline"), QObject::tr("Timeline of one record"),
      {.label = QObject::tr("time since the first activity (s)"), .quantity = Quantity::timeNs},
      {.label = QObject::tr("stream"), .scale = Scale::category});
  if (!startOfRecord(input, chart)) return chart;
  std::map<std::int64_t, int> laneOf;
  std::map<std::string, int> seriesOf;
  Range x(Scale::linear);
  for (const traces::Activity& activity : input.details->record.activities)
    laneOf.try_emplace(activity.stream, 0);
  int lanes = 0;
  for (auto& [stream, lane] : laneOf) {
    lane = lanes++;
    chart.y.categories << QObject::tr("stream %1").arg(stream);
  }
  for (const traces::Activity& activity : input.details->record.activities) {
    if (!std::isfinite(activity.start_ns) || !(activity.duration_ns >= 0)) continue;
    const auto [series, isNew] =
        seriesOf.try_emplace(activity.phase, static_cast<int>(seriesOf.size()));
    if (isNew) {
      const QString phase = QString::fromStdString(activity.phase);
      chart.legend.push_back({phase.isEmpty() ? QObject::tr("other") : phase,
                              LegendSymbol::bar,
                              Hue{.series = series->second},
                              0,
                              {}});
    }
    const double end = activity.start_ns + activity.duration_ns;
    chart.spans.push_back(
        {activity.start_ns, end, laneOf.at(activity.stream), series->second,
         QStringLiteral("%1 %2").arg(
             formatQuantity(activity.duration_ns, Quantity::timeNs),
             QString::fromStdString(traces::readable_kernel_name(activity.name)))});
    x.add(activity.start_ns);
    x.add(end);
  }
  if (chart.spans.empty()) {
    const QString reason = QString::fromStdString(input.details->record.activities_reason);
    chart.emptyReason =
        reason.isEmpty()
            ? QObject::tr(
                  "This record holds no activities; sweeps on a GPU with CUPTI record them.")
            : QObject::tr("This record holds no activities: %1.").arg(reason);
    return chart;
  }
  const auto name = name_of(input.details->record.activities.front().provenance);
  chart.subtitle += QObject::tr(" · activities: %1")
                        .arg(QLatin1String(name.data(), static_cast<qsizetype>(name.size())));
  const auto& times = input.details->record.times;
  if (!times.empty() && times.front().statistics.count > 1)
    chart.notes << QObject::tr("One launch of its own, traced: the median of %1 timed ones is %2.")
                       .arg(times.front().statistics.count)
                       .arg(formatQuantity(times.front().statistics.median_ns, Quantity::timeNs));
  x.applyTo(chart.x);
  chart.y.min = -0.7;
  chart.y.max = static_cast<double>(chart.y.categories.size()) - 0.3;
  return chart;
}

Chart buildSamplesChart(const ChartInput& input) {
  Chart chart =
      startChart(input, QStringLiteral("samples"), QObject::tr("Samples of one record"),
                 {.label = QObject::tr("time of one sample (s)"), .quantity = Quantity::timeNs},
                 {.label = QObject::tr("samples"), .quantity = Quantity::count});
  if (!startOfRecord(input, chart)) return chart;
  const auto& times = input.details->record.times;
  const traces::Time* time = times.empty() ? nullptr : &times.front();
  std::vector<double> sorted;
  if (time)
    std::copy_if(time->samples_ns.begin(), time->samples_ns.end(), std::back_inserter(sorted),
                 [](double ns) { return std::isfinite(ns); });
  if (sorted.empty()) {
    chart.emptyReason = QObject::tr(
        "This record holds no raw samples: its time is modelled, or was stored without them.");
    return chart;
  }
  std::sort(sorted.begin(), sorted.end());
  const int bins = numBins(sorted);
  const double low = sorted.front(), width = (sorted.back() - low) / bins;
  BarPart kept{.name = QObject::tr("kept"),
               .series = 0,
               .heights = std::vector<double>(static_cast<std::size_t>(bins), 0.0)};
  BarPart throttled{
      .name = QObject::tr("throttled"), .series = 1, .hatched = true, .heights = kept.heights};
  for (std::size_t i = 0; i < time->samples_ns.size(); ++i) {
    const double ns = time->samples_ns[i];
    if (!std::isfinite(ns)) continue;
    const int bin = width > 0 ? std::min(bins - 1, static_cast<int>((ns - low) / width)) : 0;
    const auto& marked = time->throttled_samples;
    const bool isThrottled =
        std::find(marked.begin(), marked.end(), static_cast<std::int64_t>(i)) != marked.end();
    (isThrottled ? throttled : kept).heights[at(bin)] += 1;
  }
  // Enough to tell a bar from the next one.
  const int digits =
      width > 0 ? std::clamp(2 + static_cast<int>(std::log10(sorted.back() / width)), 3, 7) : 3;
  Range y(Scale::linear);
  for (int bin = 0; bin < bins; ++bin) {
    chart.barPlaces.push_back(low + (bin + 0.5) * width);
    chart.x.categories << formatQuantity(chart.barPlaces.back(), Quantity::timeNs, digits);
    y.add(kept.heights[at(bin)] + throttled.heights[at(bin)]);
  }
  chart.isHistogram = true;
  chart.x.scale = Scale::category;
  chart.x.min = -0.6;
  chart.x.max = bins - 0.4;
  y.applyTo(chart.y);
  chart.bars = {kept};
  chart.legend.push_back({kept.name, LegendSymbol::bar, Hue{.series = 0}, 0, {}});
  if (time->num_throttled > 0) {
    chart.bars.push_back(throttled);
    chart.legend.push_back({throttled.name, LegendSymbol::bar, Hue{.series = 1}, 0, {}});
  }
  const auto& s = time->statistics;
  chart.notes << QObject::tr("%1: %2 samples, median %3, quartiles %4 to %5%6")
                     .arg(QString::fromStdString(time->name))
                     .arg(s.count)
                     .arg(formatQuantity(s.median_ns, Quantity::timeNs),
                          formatQuantity(s.q1_ns, Quantity::timeNs),
                          formatQuantity(s.q3_ns, Quantity::timeNs),
                          sorted.size() == 1
                              ? QObject::tr("; one sample says nothing about spread.")
                              : QStringLiteral("."));
  return chart;
}

}  // namespace kvroof::gui
