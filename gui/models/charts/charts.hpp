// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/models/charts/builder.hpp"

/// The builders behind chartViews(); each lives in the file of its name.
namespace kvroof::gui {

Chart buildBandwidthChart(const ChartInput& input);
Chart buildThroughputChart(const ChartInput& input);  // bandwidth_chart.cpp
Chart buildLatencyChart(const ChartInput& input);
Chart buildCompressionChart(const ChartInput& input);
Chart buildBytesChart(const ChartInput& input);
Chart buildFidelityChart(const ChartInput& input);
Chart buildCrossoverChart(const ChartInput& input);
Chart buildBreakdownChart(const ChartInput& input);
Chart buildTimelineChart(const ChartInput& input);
Chart buildSamplesChart(const ChartInput& input);
Chart buildCompareChart(const ChartInput& input);
Chart buildCacheChart(const ChartInput& input);

}  // namespace kvroof::gui
