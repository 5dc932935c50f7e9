// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/headless/run_export.hpp"

#include <QCoreApplication>
#include <QDir>
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

/// Reads what the command line names and filters it. Throws as Session::readAll does.
void readFiles(const Arguments& arguments, Session& session) {
  for (const QString& file : arguments.files) session.readAll(file);
  if (!arguments.baseline.isEmpty()) {
    session.readAll(arguments.baseline);
    session.setBaselineFile(session.fileOf(session.open(arguments.baseline).get()));
  }
  if (!arguments.filter.isEmpty())
    session.filter().setText(arguments.filter, RowFilter::Syntax::words);
}

/// A picture of the whole window with the record selected that charts explain.
void exportWindow(const Arguments& arguments, ExportResult& result) {
  MainWindow window;
  window.resetLayout();
  window.resize(arguments.exported->size);
  Session& session = window.session();
  readFiles(arguments, session);
  window.show();
  window.resetLayout();
  const auto layOut = [] {
    for (int i = 0; i < 20; ++i) QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
  };
  layOut();  // first, so that the table scrolls to the record
  session.chooseRecord();
  layOut();
  const QString path = QDir(arguments.exported->folder).filePath(QStringLiteral("window.png"));
  QDir().mkpath(arguments.exported->folder);
  if (window.grab().save(path)) {
    result.written << path;
  } else {
    result.problems << QObject::tr("%1 could not be written.").arg(path);
  }
}

}  // namespace

ExitCode runExport(const Arguments& arguments) {
  Session session;
  try {
    readFiles(arguments, session);
  } catch (const std::exception& error) {
    say(stderr, {QString::fromUtf8(error.what())});
    return kFailure;
  }
  for (const auto& source : session.sources()) say(stderr, source->warnings());
  if (session.data().size() == 0 && !session.inspect()) {
    say(stderr, {QObject::tr("There are no records, so there is nothing to export.")});
    return kFailure;
  }
  ExportRequest request = *arguments.exported;
  ExportResult result;
  if (request.views.removeAll(QStringLiteral("window")) > 0) exportWindow(arguments, result);
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
