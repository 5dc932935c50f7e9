// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

class QMenuBar;

namespace kvroof::gui {

/// All keys of the window: those of its menus, and those of plots.
class ShortcutSheet : public QDialog {
  Q_OBJECT
 public:
  ShortcutSheet(const QMenuBar& menus, QWidget* parent = nullptr);
};

}  // namespace kvroof::gui
