// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QSet>
#include <QSize>
#include <QStringList>

#include "gui/models/charts/builder.hpp"

namespace kvroof::gui {

class Session;
class ChartPlot;
struct Chart;

/// What a reader chose in a view.
struct ViewChoices {
  ChartOptions options{};
  std::size_t inspectHead = 0;
  QSet<QString> hidden{};  // toggles of the legend that are off
};

/// What `kvroof-view --export` was asked for.
struct ExportRequest {
  QString folder;
  QStringList views;                      // names, or "all"
  QStringList formats;                    // png, svg, pdf, csv
  QHash<QString, ViewChoices> choices{};  // by view
  QSize size{1280, 800};                  // of a png times the scale factor of the screen
};

/// What went wrong, in sentences; `written` names the files.
struct ExportResult {
  QStringList written;
  QStringList notices;   // views without anything to show, and why
  QStringList problems;  // a file that could not be written, an unknown view
};

/// "table" and the names of all charts.
QStringList exportableViews();

/// Writes one file per view and format into the folder, which is made when it is missing. Views
/// without data are left out with a notice when all views were asked for, else they are a problem.
ExportResult exportViews(Session& session, const ExportRequest& request);

/// The numbers of one view.
QString viewAsCsv(Session& session, const QString& view, const Chart& chart);
/// Writes text as UTF-8. Returns "" or why it could not.
QString writeText(const QString& path, const QString& text);

}  // namespace kvroof::gui
