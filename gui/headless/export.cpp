// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/headless/export.hpp"

#include <QDir>
#include <QObject>
#include <QSaveFile>
#include <algorithm>

#include "gui/models/charts/csv.hpp"
#include "gui/models/compare/delta_table.hpp"
#include "gui/state/session.hpp"
#include "gui/views/plot/chart_plot.hpp"

namespace kvroof::gui {
namespace {

class Exporter {
 public:
  Exporter(Session& session, const ExportRequest& request)
      : session_(session), request_(request), folder_(request.folder) {}

  ExportResult run() {
    if (!QDir().mkpath(request_.folder)) {
      result_.problems << QObject::tr("The folder %1 could not be made.").arg(request_.folder);
      return result_;
    }
    const bool all = request_.views.contains(QStringLiteral("all"));
    for (const QString& name : all ? exportableViews() : request_.views) {
      if (name == "table") {
        exportTable(all);
      } else if (const ViewSpec* view = findChartView(name)) {
        exportChart(*view, all);
      } else {
        result_.problems << QObject::tr("There is no view \"%1\". Views: %2, all.")
                                .arg(name, exportableViews().join(QStringLiteral(", ")));
      }
    }
    return result_;
  }

 private:
  void exportTable(bool all) {
    if (request_.formats.contains(QStringLiteral("csv"))) {
      note(writeText(pathOf("table", "csv"), rowsAsCsv(session_.data(), session_.filter().rows())),
           pathOf("table", "csv"));
    } else if (!all) {
      result_.problems << QObject::tr("The table can be exported as csv only.");
    }
  }

  void exportChart(const ViewSpec& view, bool all) {
    if (view.needsDetails) session_.chooseRecord();
    const ViewChoices choices = request_.choices.value(view.name);
    if (const QString problem = wrongColumn(choices.options); !problem.isEmpty()) {
      result_.problems << QStringLiteral("%1: %2").arg(view.name, problem);
      return;
    }
    const Chart chart = view.build(session_.inputFor(view, choices.options, choices.inspectHead));
    if (chart.isEmpty()) {
      (all ? result_.notices : result_.problems)
          << QStringLiteral("%1: %2").arg(view.name, chart.emptyReason);
      return;
    }
    ChartPlot plot;
    plot.resize(request_.size);
    plot.showChart(chart);
    for (const QString& toggle : choices.hidden) {
      plot.setToggle(toggle, false);
      if (std::none_of(chart.legend.begin(), chart.legend.end(),
                       [&](const LegendEntry& entry) { return entry.toggle == toggle; }))
        result_.notices
            << QObject::tr("%1: nothing in its legend is called \"%2\".").arg(view.name, toggle);
    }
    for (const QString& format : request_.formats) {
      const QString path = pathOf(view.name, format);
      if (format == "csv") {
        note(writeText(path, viewAsCsv(session_, view.name, chart)), path);
        continue;
      }
      const auto kind = format == "png"   ? ChartPlot::Format::png
                        : format == "svg" ? ChartPlot::Format::svg
                                          : ChartPlot::Format::pdf;
      const double ratio = format == "png" ? plot.devicePixelRatioF() : 1;
      note(plot.savePicture(path, kind, request_.size * ratio), path);
    }
  }

  /// What is wrong with the columns that were chosen; "" when nothing is.
  QString wrongColumn(const ChartOptions& options) const {
    for (const QString& id :
         {options.x, options.metric, options.sweep, options.colour, options.shape}) {
      const Column* column = session_.data().find(id);
      if (id.isEmpty() ||
          (column && (column->isNumber() || (id != options.x && id != options.metric))))
        continue;
      return column ? QObject::tr("the column \"%1\" holds no numbers.").arg(id)
                    : QObject::tr("there is no column \"%1\"; table.csv names them.").arg(id);
    }
    return {};
  }

  QString pathOf(const QString& view, const QString& format) const {
    return folder_.filePath(view + '.' + format);
  }
  void note(const QString& problem, const QString& path) {
    if (problem.isEmpty()) {
      result_.written << path;
    } else {
      result_.problems << problem;
    }
  }

  Session& session_;
  const ExportRequest& request_;
  QDir folder_;
  ExportResult result_;
};

}  // namespace

QStringList exportableViews() {
  QStringList names{QStringLiteral("table")};
  for (const ViewSpec& view : chartViews()) names << view.name;
  return names;
}

ExportResult exportViews(Session& session, const ExportRequest& request) {
  return Exporter(session, request).run();
}

QString viewAsCsv(Session& session, const QString& view, const Chart& chart) {
  if (view == "compare")
    return deltasAsCsv(session.data(), compareRows(session.data(), session.filter().rows(),
                                                   session.baselineFile()));
  return chartAsCsv(session.data(), chart);
}

QString writeText(const QString& path, const QString& text) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(text.toUtf8()) < 0 || !file.commit())
    return QObject::tr("%1 could not be written: %2.").arg(path, file.errorString());
  return {};
}

}  // namespace kvroof::gui
