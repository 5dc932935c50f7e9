// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/csv.hpp"

#include <QLocale>
#include <cmath>

#include "gui/models/charts/chart_tools.hpp"
#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

QString quoted(QString cell) {
  const QChar first = cell.isEmpty() ? QChar() : cell.front();
  bool isNumber = false;
  cell.toDouble(&isNumber);
  if (!isNumber && (first == '=' || first == '+' || first == '-' || first == '@'))
    cell.prepend('\'');
  if (!cell.contains(',') && !cell.contains('"') && !cell.contains('\n') && !cell.contains('\r'))
    return cell;
  return '"' + cell.replace(QStringLiteral("\""), QStringLiteral("\"\"")) + '"';
}

QString provenanceText(const Mark& mark) {
  if (!mark.provenance) return {};
  const auto name = name_of(*mark.provenance);
  return QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size()));
}

/// What a column of an axis holds, with the unit of its numbers: "time of one decode step (ns)".
QString headerOf(const Axis& axis) {
  QString unit = axis.quantity == Quantity::timeNs ? QStringLiteral("ns") : unitOf(axis.quantity);
  if (unit.isEmpty()) return axis.label;
  const QString shown = QStringLiteral(" (%1)").arg(unitOf(axis.quantity));
  QString title = axis.label;
  if (title.endsWith(shown)) title.chop(shown.size());
  return QStringLiteral("%1 (%2)").arg(title, unit);
}

QString marksAsCsv(const Dataset& data, const Chart& chart) {
  const QStringList columns{col::kFile,   col::kRecord, col::kKernel, col::kVariant,
                            col::kStatus, col::kBatch,  col::kKvLen,  col::kSparsity};
  QString csv = csvLine(QStringList{"kind", "x: " + headerOf(chart.x), "y: " + headerOf(chart.y),
                                    "low", "high", "provenance", "above_roof", "label"} +
                        columns);
  for (const Mark& mark : chart.marks) {
    QStringList cells{mark.ghost ? "baseline" : "record",
                      csvNumber(mark.x),
                      csvNumber(mark.y),
                      csvNumber(mark.low),
                      csvNumber(mark.high),
                      provenanceText(mark),
                      mark.aboveRoof ? "1" : "0",
                      QString()};
    for (const QString& id : columns) {
      const Column& column = data.at(id);
      cells << (mark.row < 0        ? QString()
                : column.isNumber() ? csvNumber(column.number(at(mark.row)))
                                    : column.text(at(mark.row)));
    }
    csv += csvLine(cells);
  }
  static const QStringList kRoles{"roof",  "floor", "ideal", "bound",
                                  "sweep", "level", "front", "arrow"};
  for (const Line& line : chart.lines) {
    if (line.role == LineRole::sweep || line.role == LineRole::level)
      continue;  // through marks above
    for (const QPointF& point : line.points)
      csv += csvLine(
          QStringList{
              kRoles[static_cast<qsizetype>(line.role)], csvNumber(point.x()), csvNumber(point.y()),
              "", "", "", "",
              line.label + (line.dashed && line.role == LineRole::roof ? " (theoretical)" : "")} +
          QStringList(columns.size(), QString()));
  }
  return csv;
}

}  // namespace

QString csvLine(const QStringList& cells) {
  QStringList texts;
  for (const QString& cell : cells) texts << quoted(cell);
  return texts.join(',') + "\r\n";
}

QString csvNumber(double value) {
  return std::isfinite(value) ? QString::number(value, 'g', QLocale::FloatingPointShortest)
                              : QString();
}

QString chartAsCsv(const Dataset& data, const Chart& chart) {
  QString csv;
  if (chart.grid) {
    const auto& pruned = chart.grid->pruned;
    csv = csvLine({headerOf(chart.y), headerOf(chart.x), chart.grid->valueLabel, "text", "kept"});
    for (std::size_t r = 0; r < chart.grid->numRows; ++r)
      for (std::size_t c = 0; c < chart.grid->numColumns; ++c) {
        const auto name = [](const QStringList& names, std::size_t i, double perUnit = 1) {
          return names.isEmpty() ? QString::number(static_cast<double>(i) * perUnit)
                                 : names[static_cast<qsizetype>(i)];
        };
        const std::size_t cell = r * chart.grid->numColumns + c;
        QString text = chart.grid->texts.empty() ? QString() : chart.grid->texts[cell];
        csv += csvLine(
            {name(chart.y.categories, r, chart.y.perUnit), name(chart.x.categories, c),
             csvNumber(chart.grid->values[cell]), text.replace('\n', ' '),
             pruned.empty() ? QString() : csvNumber(1 - static_cast<double>(pruned[cell]))});
      }
    return csv;
  }
  if (!chart.spans.empty()) {
    csv = csvLine({"lane", "start_ns", "end_ns", "text"});
    for (const Span& span : chart.spans)
      csv += csvLine(
          {chart.y.categories[span.lane], csvNumber(span.start), csvNumber(span.end), span.text});
    return csv;
  }
  if (!chart.bars.empty()) {
    csv = csvLine({headerOf(chart.x), "part", headerOf(chart.y)});
    for (const BarPart& part : chart.bars)
      for (std::size_t i = 0; i < part.heights.size(); ++i)
        csv += csvLine({chart.barPlaces.empty() ? chart.x.categories[static_cast<qsizetype>(i)]
                                                : csvNumber(chart.barPlaces[i]),
                        part.name, csvNumber(part.heights[i])});
    return csv;
  }
  return marksAsCsv(data, chart);
}

QString rowsAsCsv(const Dataset& data, std::span<const int> rows) {
  QStringList header;
  for (const Column& column : data.columns()) header << column.info().id;
  QString csv = csvLine(header);
  for (const int row : rows) {
    QStringList cells;
    for (const Column& column : data.columns())
      cells << (column.isNumber() ? csvNumber(column.number(at(row))) : column.text(at(row)));
    csv += csvLine(cells);
  }
  return csv;
}

}  // namespace kvroof::gui
