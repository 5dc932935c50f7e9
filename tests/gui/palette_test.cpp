// SPDX-License-Identifier: GPL-3.0-or-later
// Whether colours can be told apart, also by readers who lack one of the three kinds of cones.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "gui/models/charts/encoding.hpp"
#include "gui/views/plot/colours.hpp"

namespace kvroof::gui {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

struct Vision {
  const char* name;
  Matrix seen;  // linear RGB as a reader with normal vision would have to see it
};

/// Machado, Oliveira, Fernandes: A physiologically-based model for simulation of color vision
/// deficiency, IEEE TVCG 15(6), 2009; severity 1.
constexpr std::array<Vision, 4> kVisions{{
    {"normal vision", {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}},
    {"protanopia",
     {{{0.152286, 1.052583, -0.204868},
       {0.114503, 0.786281, 0.099216},
       {-0.003882, -0.048116, 1.051998}}}},
    {"deuteranopia",
     {{{0.367322, 0.860646, -0.227968},
       {0.280085, 0.672501, 0.047413},
       {-0.011820, 0.042940, 0.968881}}}},
    {"tritanopia",
     {{{1.255528, -0.076749, -0.178779},
       {-0.078411, 0.930809, 0.147602},
       {0.004733, 0.691367, 0.303900}}}},
}};

Vector product(const Matrix& m, const Vector& v) {
  Vector result{};
  for (std::size_t i = 0; i < 3; ++i)
    result[i] = std::clamp(m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2], 0.0, 1.0);
  return result;
}

/// IEC 61966-2-1.
Vector linear(const QColor& colour) {
  const auto of = [](double c) {
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return {of(colour.redF()), of(colour.greenF()), of(colour.blueF())};
}

double luminance(const Vector& c) { return 0.2126729 * c[0] + 0.7151522 * c[1] + 0.072175 * c[2]; }

/// CIE 1976 L*a*b* with the white point of D65.
Vector lab(const Vector& c) {
  const auto f = [](double t) {
    return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
  };
  const double x = f((0.4124564 * c[0] + 0.3575761 * c[1] + 0.1804375 * c[2]) / 0.95047);
  const double y = f(luminance(c));
  const double z = f((0.0193339 * c[0] + 0.119192 * c[1] + 0.9503041 * c[2]) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double distance(const QColor& a, const QColor& b, const Vision& vision) {
  const Vector p = lab(product(vision.seen, linear(a))), q = lab(product(vision.seen, linear(b)));
  return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

/// WCAG 2.1; 3 is what it asks of graphical objects.
double contrast(const QColor& a, const QColor& b) {
  const double x = luminance(linear(a)), y = luminance(linear(b));
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

class Palette : public testing::TestWithParam<Theme> {
 protected:
  Colours colours{themePalette(GetParam())};
  QColor series(int index) const { return colours.of(Hue{.series = index}); }
  QColor shade(double share) const { return colours.of(Hue{.shade = share}); }
};

TEST_P(Palette, series_differ_from_each_other_and_from_failures_in_every_vision) {
  constexpr double kApart = 17, kApartFromRed = 15;  // about 2.3 can just be noticed
  for (const Vision& vision : kVisions)
    for (int a = 0; a <= Encoding::kNumSeries; ++a) {
      EXPECT_GE(distance(series(a), colours.failed(), vision), kApartFromRed)
          << vision.name << ": series " << a;
      for (int b = 0; b < a; ++b)
        EXPECT_GE(distance(series(a), series(b), vision), kApart)
            << vision.name << ": series " << a << " and " << b;
    }
}

TEST_P(Palette, everything_drawn_stands_out_from_the_background) {
  const QColor background = colours.background();
  for (int i = 0; i <= Encoding::kNumSeries; ++i)
    EXPECT_GE(contrast(series(i), background), 3) << "series " << i;
  for (int i = 0; i <= 8; ++i)
    EXPECT_GE(contrast(shade(i / 8.0), background), 3) << "shade " << i / 8.0;
  for (const QColor& colour : {colours.failed(), colours.warning(), colours.highlight()})
    EXPECT_GE(contrast(colour, background), 3) << colour.name().toStdString();
  for (int i = 0; i <= 8; ++i)
    EXPECT_GE(contrast(colours.textOf(Hue{.shade = i / 8.0}), background), 4.5)
        << "shade " << i / 8.0;
  for (int i = 0; i <= Encoding::kNumSeries; ++i)
    EXPECT_GE(contrast(colours.textOf(Hue{.series = i}), background), 4.5) << "series " << i;
  EXPECT_GE(contrast(colours.text(), background), 7);
  EXPECT_GE(contrast(colours.muted(), background), 4.5) << "it colours texts";
}

TEST_P(Palette, shades_of_five_values_differ_and_get_lighter_in_every_vision) {
  constexpr int kSteps = 4;
  for (const Vision& vision : kVisions)
    for (int i = 1; i <= kSteps; ++i) {
      const QColor before = shade((i - 1.0) / kSteps), after = shade(1.0 * i / kSteps);
      EXPECT_GE(distance(before, after, vision), 8) << vision.name << ": step " << i;
      EXPECT_GT(lab(product(vision.seen, linear(after)))[0],
                lab(product(vision.seen, linear(before)))[0])
          << vision.name << ": step " << i;
    }
}

TEST_P(Palette, gain_and_loss_differ_on_a_diverging_ramp_in_every_vision) {
  for (const Vision& vision : kVisions)
    for (const double away : {0.2, 0.35, 0.5})
      EXPECT_GE(distance(colours.cell(0.5 - away, true), colours.cell(0.5 + away, true), vision),
                17)
          << vision.name << ": " << away << " from the middle";
}

TEST_P(Palette, texts_can_be_read_on_every_colour) {
  for (int i = 0; i <= Encoding::kNumSeries; ++i)
    EXPECT_GE(contrast(Colours::readableOn(series(i)), series(i)), 4.5) << "series " << i;
  for (int i = 0; i <= 16; ++i)
    for (const bool isDiverging : {false, true}) {
      const QColor cell = colours.cell(i / 16.0, isDiverging);
      EXPECT_GE(contrast(Colours::readableOn(cell), cell), 4.5) << cell.name().toStdString();
    }
}

INSTANTIATE_TEST_SUITE_P(Themes, Palette, testing::Values(Theme::light, Theme::dark),
                         [](const auto& instance) {
                           return instance.param == Theme::light ? "light" : "dark";
                         });

}  // namespace
}  // namespace kvroof::gui
