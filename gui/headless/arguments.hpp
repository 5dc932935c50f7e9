// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <optional>

#include "gui/headless/export.hpp"
#include "gui/views/plot/colours.hpp"

namespace kvroof::gui {

/// Exit codes of kvroof-view.
enum ExitCode { kSuccess = 0, kFailure = 1, kUsage = 2 };

struct Arguments {
  QStringList files;
  QString baseline;
  std::optional<Theme> theme;  // nothing: that of the desktop, light when there is none
  std::optional<ExportRequest> exported;
  QString filter;
};

struct ParsedArguments {
  Arguments arguments;
  QString text;        // of --help or --version: print it and stop; "" otherwise
  QString usageError;  // what is wrong and what would be right; "" when nothing is
};

/// `list` is argv with the program's name.
ParsedArguments parseArguments(const QStringList& list);

/// Whether argv asks for pictures without a window; needed before there is an application.
bool asksForExport(int argc, char** argv);

}  // namespace kvroof::gui
