// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/headless/run_export.hpp"

#include <QCoreApplication>
#include <QDir>
#include <algorithm>
#include <cstdio>
#include <exception>

#include "gui/state/session.hpp"
#include "gui/views/main_window.hpp"

namespace kvroof::gui {
namespace {

void say(std::FILE* stream, const QStringList& sentences) {
  for (const QString& sentence : sentences)
    std::fprintf(stream, "%s%s\n", stream == stderr ? "kvroof-view: " : "", qPrintable(sentence));
}

/// Reads what the command line names and filters it. What cannot be read is left out and told.
QStringList readFiles(const Arguments& arguments, Session& session) {
  QStringList problems;
  const auto read = [&](const QString& file) {
    try {
      session.readAll(file);
    } catch (const std::exception& error) {
      problems << QString::fromUtf8(error.what());
    }
  };
  for (const QString& file : arguments.files) read(file);
  if (!arguments.baseline.isEmpty()) {
    read(arguments.baseline);
    session.setBaselineFile(session.fileOf(session.open(arguments.baseline).get()));
  }
  if (!arguments.filter.isEmpty())
    session.filter().setText(arguments.filter, RowFilter::Syntax::words);
  return problems;
}

/// A picture of the whole window with the record selected that charts explain, one for each view
/// that is wanted in front: "window:latency".
void exportWindows(const Arguments& arguments, const QStringList& names, ExportResult& result) {
  MainWindow window;
  window.resetLayout();
  window.resize(arguments.exported->size);
  Session& session = window.session();
  readFiles(arguments, session);  // what is wrong with them was said
  window.show();
  window.resetLayout();
  const auto layOut = [] {
    for (int i = 0; i < 20; ++i) QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
  };
  layOut();  // first, so that the table scrolls to the record
  session.chooseRecord();
  QDir().mkpath(arguments.exported->folder);
  for (QString name : names) {
    window.showView(QStringLiteral("table"));
    const QString first = session.data().size() > 0 ? chartViews().front().name : "cache";
    window.showView(name.contains(':') ? name.section(':', 1) : first);
    layOut();
    const QString path =
        QDir(arguments.exported->folder).filePath(name.replace(':', '-') + QStringLiteral(".png"));
    if (window.grab().save(path)) {
      result.written << path;
    } else {
      result.problems << QObject::tr("%1 could not be written.").arg(path);
    }
  }
  if (window.size() != arguments.exported->size)
    result.notices << QObject::tr("The window is %1x%2: it cannot be smaller.")
                          .arg(window.width())
                          .arg(window.height());
}

}  // namespace

ExitCode runExport(const Arguments& arguments) {
  Session session;
  ExportResult result;
  result.problems = readFiles(arguments, session);
  for (const auto& source : session.sources()) say(stderr, source->warnings());
  if (session.data().size() == 0 && !session.inspect()) {
    say(stderr, result.problems);
    say(stderr, {QObject::tr("There are no records, so there is nothing to export.")});
    return kFailure;
  }
  ExportRequest request = *arguments.exported;
  const auto isWindow = [](const QString& name) { return name.startsWith("window"); };
  QStringList windows;
  std::copy_if(request.views.begin(), request.views.end(), std::back_inserter(windows), isWindow);
  request.views.removeIf(isWindow);
  if (!windows.isEmpty()) exportWindows(arguments, windows, result);
  if (!request.views.isEmpty()) {
    const ExportResult views = exportViews(session, request);
    result.written << views.written;
    result.notices << views.notices;
    result.problems << views.problems;
  }
  say(stdout, result.written);
  say(stderr, result.notices);
  say(stderr, result.problems);
  return result.problems.isEmpty() ? kSuccess : kFailure;
}

}  // namespace kvroof::gui
