// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/state/recent_files.hpp"

#include <QFileInfo>
#include <QSettings>

namespace kvroof::gui {
namespace {
const char* const kKey = "recentFiles";
constexpr qsizetype kMost = 10;
}  // namespace

QStringList recentFiles() {
  QStringList there;
  for (const QString& path : QSettings().value(kKey).toStringList())
    if (QFileInfo::exists(path)) there << path;
  return there;
}

void rememberFile(const QString& path) {
  QStringList files = recentFiles();
  files.removeAll(QFileInfo(path).absoluteFilePath());
  files.prepend(QFileInfo(path).absoluteFilePath());
  QSettings().setValue(kKey, files.mid(0, kMost));
}

void forgetRecentFiles() { QSettings().remove(kKey); }

}  // namespace kvroof::gui
