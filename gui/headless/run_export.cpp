// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/headless/run_export.hpp"

#include <QTextStream>
#include <cstdio>
#include <exception>

#include "gui/state/session.hpp"

namespace kvroof::gui {
namespace {

void say(std::FILE* stream, const QStringList& sentences) {
  for (const QString& sentence : sentences)
    std::fprintf(stream, "%s%s\n", stream == stderr ? "kvroof-view: " : "", qPrintable(sentence));
}

}  // namespace

ExitCode runExport(const Arguments& arguments) {
  Session session;
  try {
    for (const QString& file : arguments.files) session.readAll(file);
    if (!arguments.baseline.isEmpty()) {
      session.readAll(arguments.baseline);
      session.setBaselineFile(session.fileOfSource(session.addSource(arguments.baseline).get()));
    }
  } catch (const std::exception& error) {
    say(stderr, {QString::fromUtf8(error.what())});
    return kFailure;
  }
  for (const auto& source : session.sources()) say(stderr, source->warnings());
  if (session.data().size() == 0 && !session.inspect()) {
    say(stderr, {QObject::tr("There are no records, so there is nothing to export.")});
    return kFailure;
  }
  if (!arguments.filter.isEmpty())
    session.filter().setText(arguments.filter, RowFilter::Syntax::words);
  const ExportResult result = exportViews(session, *arguments.exported);
  say(stdout, result.written);
  say(stderr, result.notices);
  say(stderr, result.problems);
  return result.problems.isEmpty() ? kSuccess : kFailure;
}

}  // namespace kvroof::gui
