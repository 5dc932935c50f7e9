// SPDX-License-Identifier: GPL-3.0-or-later
#include <QObject>

#include "gui/models/charts/charts.hpp"

namespace kvroof::gui {

const std::vector<ViewSpec>& chartViews() {
  static const std::vector<ViewSpec> views{
      {"bandwidth",
       QObject::tr("Bandwidth"),
       {.sweep = true, .colour = true, .shape = true, .levels = true, .size = true},
       buildBandwidthChart},
      {"latency",
       QObject::tr("Latency"),
       {.x = true, .colour = true, .shape = true},
       buildLatencyChart},
      {"compression",
       QObject::tr("Compression"),
       {.sweep = true, .colour = true, .shape = true, .size = true},
       buildCompressionChart},
      {"throughput",
       QObject::tr("Throughput"),
       {.sweep = true, .colour = true, .shape = true, .size = true},
       buildThroughputChart},
      {"bytes", QObject::tr("Bytes"), {.sweep = true}, buildBytesChart},
      {"fidelity",
       QObject::tr("Fidelity"),
       {.colour = true, .shape = true, .metric = true},
       buildFidelityChart},
      {"crossover", QObject::tr("Crossover"), {}, buildCrossoverChart},
      {"breakdown", QObject::tr("Breakdown"), {.sweep = true}, buildBreakdownChart},
      {"timeline", QObject::tr("Timeline"), {}, buildTimelineChart, true},
      {"samples", QObject::tr("Samples"), {}, buildSamplesChart, true},
      {"compare",
       QObject::tr("Compare"),
       {.x = true, .colour = true, .shape = true},
       buildCompareChart},
      {"cache", QObject::tr("Cache"), {.head = true}, buildCacheChart},
  };
  return views;
}

const ViewSpec* findChartView(const QString& name) {
  for (const ViewSpec& view : chartViews())
    if (view.name == name) return &view;
  return nullptr;
}

}  // namespace kvroof::gui
