// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QString>
#include <QStringList>
#include <limits>
#include <optional>
#include <vector>

#include "gui/models/text/number_text.hpp"
#include "traces/trace.hpp"

/// What a picture shows, without colours, pixels or widgets. Builders make charts, one renderer
/// draws them, tests look at them.
namespace kvroof::gui {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

enum class Scale { linear, log, category };

struct Axis {
  QString label{};
  Quantity quantity = Quantity::plain;
  Scale scale = Scale::linear;
  double min = 0;  // range that shows everything
  double max = 1;
  QStringList categories{};  // of Scale::category: entry i lies at i
  double perUnit = 1;        // a tick at x is labelled x * perUnit: cells may hold several tokens
};

enum class LineRole { roof, floor, ideal, bound, sweep, level, front, arrow };

/// Whose colour something has: an entry of the palette, or a place 0..1 on the colour ramp.
struct Hue {
  int series = -1;           // -1: the text colour
  double shade = kNotKnown;  // known: used instead of `series`
};

struct Line {
  QString label{};  // written along the line; "" for none
  LineRole role = LineRole::sweep;
  bool dashed = false;  // theoretical, predicted or baseline
  bool thick = false;   // of dense bytes, where lines of compressed ones lie beside
  Hue hue{};
  QString toggle{};  // legend entry that shows and hides it; "" when it cannot be hidden
  std::vector<QPointF> points{};
};

/// One record in a chart.
struct Mark {
  double x = 0;
  double y = 0;
  double low = kNotKnown;  // spread bar along y
  double high = kNotKnown;
  int row = -1;  // of the dataset
  Hue hue{};
  int shape = 0;
  double size = 0.3;  // share of the largest area, 0..1
  std::optional<traces::Provenance> provenance{};
  bool failed = false;
  bool aboveRoof = false;
  bool ghost = false;  // of a baseline
  bool echo = false;   // the same record once more, at another memory level
};

struct Label {
  QPointF at{};
  QString text{};
  QString toggle{};      // as in Line
  bool isRidge = false;  // of two roofs: lines lead to the left and to the right
};

/// Bars on category x: part p of bar i is heights[i]. NaN draws nothing.
struct BarPart {
  QString name{};
  int series = 0;
  bool hatched = false;  // a part that is a guess or a loss
  std::vector<double> heights{};
};

/// Coloured cells; columns along x.
struct Grid {
  std::size_t numColumns = 0;
  std::size_t numRows = 0;
  std::vector<double> values{};     // [row, column]; NaN: not known
  std::vector<QString> texts{};     // in the cells; empty for none
  std::vector<int> rows{};          // dataset rows of the cells, -1 for none; empty for none
  std::vector<float> pruned{};      // share 0..1 of a cell that was pruned; empty for none
  std::optional<double> neutral{};  // value of the middle colour: the ramp is then diverging
  QString valueLabel{};
  double& at(std::size_t row, std::size_t column) { return values[row * numColumns + column]; }
};

/// A block on a timeline; `lane` is an index into the categories of y.
struct Span {
  double start = 0;
  double end = 0;
  int lane = 0;
  int series = 0;
  QString text{};
};

enum class LegendSymbol {
  mark,
  line,
  dashedLine,
  thickLine,
  thinLine,
  bar,
  failed,
  ghost,
  simulated,
  modelled,
  aboveRoof
};

struct LegendEntry {
  QString text{};
  LegendSymbol symbol = LegendSymbol::mark;
  Hue hue{};
  int shape = 0;
  QString toggle{};  // clicking shows and hides lines and labels of this name
};

struct Chart {
  QString name{};  // of the view: "bandwidth"
  QString title{};
  QString subtitle{};  // device, file, where the numbers come from
  Axis x, y;
  std::vector<Line> lines{};
  std::vector<Mark> marks{};
  std::vector<Label> labels{};
  std::vector<BarPart> bars{};
  std::vector<int> barRows{};       // dataset rows of the bars
  bool isHistogram = false;         // bars touch: they are pieces of one axis
  bool hasTotals = true;            // the sum of a bar's parts means something
  std::vector<double> barPlaces{};  // of a histogram: the middle of each bar, in units of x
  std::optional<Grid> grid{};
  std::vector<Span> spans{};
  std::vector<LegendEntry> legend{};
  QStringList notes{};    // sentences that must be read with the picture
  QString emptyReason{};  // why there is nothing to draw, and what to do; "" when there is
  bool isEmpty() const { return !emptyReason.isEmpty(); }
};

}  // namespace kvroof::gui
