// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QStyleFactory>
#include <cstdio>

#include "gui/headless/arguments.hpp"
#include "gui/headless/run_export.hpp"
#include "kvroof_version.hpp"

int main(int argc, char** argv) {
  using namespace kvroof::gui;
  const bool isHeadless = asksForExport(argc, argv);
  if (isHeadless) qputenv("QT_QPA_PLATFORM", "offscreen");
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
  return runExport(parsed.arguments);
}
