// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFileInfo>
#include <QObject>

#include "gui/models/charts/charts.hpp"
#include "gui/models/data/inspect_file.hpp"

namespace kvroof::gui {
namespace {

// More cells than pixels only cost time: tokens are then averaged.
constexpr std::size_t kMaxRows = 1024;

/// Mean of `values` over groups of `group` token rows.
std::vector<double> averaged(const InspectPlane& plane, const std::vector<float>& values,
                             std::size_t group) {
  std::vector<double> means;
  for (std::size_t first = 0; first < plane.numTokens; first += group) {
    const std::size_t last = std::min(first + group, plane.numTokens);
    for (std::size_t channel = 0; channel < plane.numChannels; ++channel) {
      double sum = 0;
      for (std::size_t token = first; token < last; ++token)
        sum += static_cast<double>(values[token * plane.numChannels + channel]);
      means.push_back(sum / static_cast<double>(last - first));
    }
  }
  return means;
}

}  // namespace

Chart buildCacheChart(const ChartInput& input) {
  Chart chart;
  chart.name = QStringLiteral("cache");
  chart.title = QObject::tr("Cache magnitudes");
  chart.x = {.label = QObject::tr("channel"), .quantity = Quantity::count};
  chart.y = {.label = QObject::tr("token"), .quantity = Quantity::count};
  if (!input.inspect || input.inspectHead >= input.inspect->planes.size()) {
    chart.emptyReason = QObject::tr(
        "Open a file written by `kvroof inspect` to see magnitudes of keys and values, and what "
        "was pruned.");
    return chart;
  }
  const InspectPlane& plane = input.inspect->planes[input.inspectHead];
  const std::size_t group = (plane.numTokens + kMaxRows - 1) / kMaxRows;
  Grid grid;
  grid.numColumns = plane.numChannels;
  grid.numRows = (plane.numTokens + group - 1) / group;
  grid.values = averaged(plane, plane.magnitudes, group);
  if (!plane.kept.empty())
    for (const double kept : averaged(plane, plane.kept, group))
      grid.pruned.push_back(1 - static_cast<float>(kept));
  const double tokensPerRow = static_cast<double>(group * plane.tokensPerCell);
  chart.subtitle =
      QStringLiteral("%1 · layer %2, head %3, %4%5")
          .arg(input.inspect->source.isEmpty() ? QFileInfo(input.inspect->path).fileName()
                                               : input.inspect->source)
          .arg(plane.layer)
          .arg(plane.head)
          .arg(plane.side, input.inspect->rule.isEmpty()
                               ? QString()
                               : QObject::tr(" · pruned by %1").arg(input.inspect->rule));
  grid.valueLabel = (tokensPerRow > 1 ? QObject::tr("mean |%1|") : QObject::tr("|%1|"))
                        .arg(plane.side == "keys" ? QObject::tr("key") : QObject::tr("value"));
  if (tokensPerRow > 1)
    chart.notes << QObject::tr("Each row of cells is the mean of %1 tokens.").arg(tokensPerRow);
  if (!grid.pruned.empty())
    chart.notes << (tokensPerRow > 1
                        ? QObject::tr("The more faded a cell, the more of its tokens were pruned.")
                        : QObject::tr("Faded cells are pruned."));
  chart.y.perUnit = tokensPerRow;
  chart.x.min = chart.y.min = -0.5;
  chart.x.max = static_cast<double>(grid.numColumns) - 0.5;
  chart.y.max = static_cast<double>(grid.numRows) - 0.5;
  chart.grid = std::move(grid);
  return chart;
}

}  // namespace kvroof::gui
