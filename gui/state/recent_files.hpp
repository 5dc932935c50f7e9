// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

namespace kvroof::gui {

/// The files opened last, newest first; files that are gone are left out.
QStringList recentFiles();
void rememberFile(const QString& path);
void forgetRecentFiles();

}  // namespace kvroof::gui
