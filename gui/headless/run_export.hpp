// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "gui/headless/arguments.hpp"

namespace kvroof::gui {

/// Reads the files and writes what was asked for. Names of written files go to stdout, sentences
/// about anything else to stderr. Needs a QApplication.
ExitCode runExport(const Arguments& arguments);

}  // namespace kvroof::gui
