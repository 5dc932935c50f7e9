// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/plot/colours.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace kvroof::gui {
namespace {

QColor mixed(const QColor& a, const QColor& b, double share) {
  const auto mix = [share](int x, int y) {
    return static_cast<int>(std::lround(x + (y - x) * share));
  };
  return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

template <std::size_t N>
QColor between(const std::array<QRgb, N>& stops, double share) {
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(N - 1);
  const auto left = std::min(static_cast<std::size_t>(place), N - 2);
  return mixed(QColor(stops[left]), QColor(stops[left + 1]), place - static_cast<double>(left));
}

constexpr std::array<QRgb, 8> kLightSeries{0xff005ea0, 0xffca7900, 0xff008b5b, 0xffb15890,
                                           0xff389be6, 0xff907e39, 0xff6f3e2c, 0xff585858};
constexpr std::array<QRgb, 8> kDarkSeries{0xff4fa4db, 0xffd1951b, 0xff32e5b9, 0xffa46da0,
                                          0xff9ad4f7, 0xffdbdb54, 0xfffdc58d, 0xff969696};
constexpr std::array<QRgb, 6> kViridis{0xff440154, 0xff414487, 0xff2a788e,
                                       0xff22a884, 0xff7ad151, 0xfffde725};
constexpr std::array<QRgb, 5> kDivergingLight{0xffb35806, 0xfff1a340, 0xfff7f7f7, 0xff92bfe0,
                                              0xff2166ac};
constexpr std::array<QRgb, 5> kDivergingDark{0xfff1a340, 0xff9c5a10, 0xff3a3a3a, 0xff2b5f94,
                                             0xff7ab8ec};

}  // namespace

Colours::Colours(const QPalette& palette)
    : background_(palette.color(QPalette::Base)),
      text_(palette.color(QPalette::Text)),
      highlight_(palette.color(QPalette::Highlight)),
      isDark_(background_.lightness() < 128) {}

QColor Colours::muted() const { return mixed(background_, text_, 0.68); }
QColor Colours::faint() const { return mixed(background_, text_, 0.12); }
QColor Colours::failed() const {
  return isDark_ ? QColor(0xff, 0x70, 0x66) : QColor(0xc8, 0x14, 0x14);
}
QColor Colours::warning() const {
  return isDark_ ? QColor(0xff, 0xc0, 0x30) : QColor(0xb8, 0x60, 0x00);
}

QColor Colours::series(int index) const {
  const auto i = static_cast<std::size_t>(std::clamp(index, 0, 7));
  return QColor(isDark_ ? kDarkSeries[i] : kLightSeries[i]);
}

/// The end of the ramp that has little contrast with the background is left out.
QColor Colours::ramp(double share) const {
  return between(kViridis, isDark_ ? 0.4 + 0.6 * share : 0.58 * share);
}

QColor Colours::of(const Hue& hue) const {
  if (!std::isnan(hue.shade)) return ramp(hue.shade);
  return hue.series < 0 ? muted() : series(hue.series);
}

QColor Colours::textOf(const Hue& hue) const { return mixed(of(hue), text_, 0.35); }

QColor Colours::cell(double share, bool isDiverging) const {
  if (!isDiverging) return between(kViridis, share);
  return isDark_ ? between(kDivergingDark, share) : between(kDivergingLight, share);
}

QColor Colours::readableOn(const QColor& background) {
  const auto linear = [](float c) { return std::pow((c + 0.055) / 1.055, 2.4); };  // of sRGB
  const double luminance = 0.2126 * linear(background.redF()) +
                           0.7152 * linear(background.greenF()) +
                           0.0722 * linear(background.blueF());
  constexpr double kEvenContrast = 0.179;  // black and white are then as readable as each other
  return luminance > kEvenContrast ? QColor(Qt::black) : QColor(Qt::white);
}

QPalette themePalette(Theme theme) {
  const bool isDark = theme == Theme::dark;
  const QColor base = isDark ? QColor(0x1e, 0x20, 0x24) : QColor(Qt::white);
  const QColor window = isDark ? QColor(0x2a, 0x2d, 0x32) : QColor(0xf0, 0xf0, 0xf0);
  const QColor text = isDark ? QColor(0xe8, 0xe8, 0xe8) : QColor(0x1a, 0x1a, 0x1a);
  QPalette palette(window);
  palette.setColor(QPalette::Window, window);
  palette.setColor(QPalette::Base, base);
  palette.setColor(QPalette::AlternateBase, mixed(base, window, 0.6));
  palette.setColor(QPalette::Button, window);
  for (const auto role :
       {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText})
    palette.setColor(role, text);
  palette.setColor(QPalette::ToolTipBase, window);
  palette.setColor(QPalette::PlaceholderText, mixed(base, text, 0.6));
  palette.setColor(QPalette::Highlight,
                   isDark ? QColor(0x3d, 0x7e, 0xc8) : QColor(0x1f, 0x6f, 0xc4));
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, isDark ? QColor(0x7a, 0xb8, 0xec) : QColor(0x1f, 0x5f, 0xb0));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, mixed(window, text, 0.5));
  return palette;
}

}  // namespace kvroof::gui
