// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QStyleFactory>
#include <cstdio>

#include "gui/headless/arguments.hpp"
#include "gui/headless/run_export.hpp"
#include "gui/views/filter_bar.hpp"
#include "gui/views/main_window.hpp"
#include "kvroof_version.hpp"

namespace {

/// Qt aborts without a display; a sentence is kinder.
bool hasDisplay() {
#ifdef Q_OS_LINUX
  for (const char* name : {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"})
    if (!qEnvironmentVariableIsEmpty(name)) return true;
  return false;
#else
  return true;
#endif
}

/// Leaves out what Qt remarks about a desktop that is not there: who exports pictures cannot mend
/// it.
void sayAllButDesktopRemarks(QtMsgType, const QMessageLogContext&, const QString& message) {
  if (message.startsWith("QStandardPaths: XDG_RUNTIME_DIR not set") ||
      message == "This plugin does not support propagateSizeHints()")
    return;
  std::fprintf(stderr, "%s\n", qPrintable(message));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace kvroof::gui;
  const bool isHeadless = asksForExport(argc, argv);
  if (isHeadless) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    qInstallMessageHandler(sayAllButDesktopRemarks);
  }
  if (!hasDisplay()) {
    std::fprintf(stderr,
                 "kvroof-view: there is no display. Pictures need none: kvroof-view --export "
                 "FOLDER TRACE\n");
    return kFailure;
  }
  QApplication app(argc, argv);
  QApplication::setApplicationName(QStringLiteral("kvroof-view"));
  QApplication::setApplicationVersion(
      QStringLiteral("%1 (%2%3)")
          .arg(kvroof::kVersion, kvroof::kGitRevision, kvroof::kGitDirty ? "+" : ""));
  QApplication::setDesktopFileName(QStringLiteral("io.github.kvroof.View"));
  const ParsedArguments parsed = parseArguments(QApplication::arguments());
  if (!parsed.usageError.isEmpty()) {
    std::fprintf(stderr, "kvroof-view: %s\n", qPrintable(parsed.usageError));
    return kUsage;
  }
  if (!parsed.text.isEmpty()) {
    std::fprintf(stdout, "%s", qPrintable(parsed.text));
    return kSuccess;
  }
  if (isHeadless || parsed.arguments.theme) {
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QApplication::setPalette(themePalette(parsed.arguments.theme.value_or(Theme::light)));
  }
  if (parsed.arguments.exported) return runExport(parsed.arguments);
  MainWindow window;
  window.show();
  window.open(parsed.arguments.files);
  if (!parsed.arguments.baseline.isEmpty()) window.openBaseline(parsed.arguments.baseline);
  if (!parsed.arguments.filter.isEmpty())
    window.filterBar().field().setText(parsed.arguments.filter);
  return QApplication::exec();
}
