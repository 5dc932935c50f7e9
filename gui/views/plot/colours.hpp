// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPalette>

#include "gui/models/charts/chart.hpp"

namespace kvroof::gui {

/// Colours of a plot for one palette. Names get colours that colour-blind readers can tell apart
/// (after Okabe and Ito, moved until every pair differs under each kind of colour blindness:
/// tests/gui/palette_test.cpp), numbers a ramp of rising lightness (viridis); red is kept for
/// failures.
class Colours {
 public:
  explicit Colours(const QPalette& palette);

  bool isDark() const { return isDark_; }
  QColor background() const { return background_; }
  QColor text() const { return text_; }
  QColor muted() const;  // axis lines, secondary text
  QColor faint() const;  // grid lines
  QColor failed() const;
  QColor warning() const;  // ring of points above a roof
  QColor highlight() const { return highlight_; }
  QColor of(const Hue& hue) const;
  /// Of a text about something of this hue: texts need more contrast than lines.
  QColor textOf(const Hue& hue) const;
  /// Cell of a grid; `share` is the place 0..1 between lowest and highest value.
  QColor cell(double share, bool isDiverging) const;
  /// Black or white, whichever can be read on `background`.
  static QColor readableOn(const QColor& background);

 private:
  QColor series(int index) const;
  QColor ramp(double share) const;

  QColor background_, text_, highlight_;
  bool isDark_;
};

enum class Theme { light, dark };
/// A palette that does not depend on the desktop: for pictures made without one.
QPalette themePalette(Theme theme);

}  // namespace kvroof::gui
