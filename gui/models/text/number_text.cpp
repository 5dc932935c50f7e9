// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/text/number_text.hpp"

#include <array>
#include <cmath>

namespace kvroof::gui {
namespace {

struct Prefix {
  double factor;
  const char* text;
};

constexpr std::array<Prefix, 10> kDecimal{{{1e15, "P"},
                                           {1e12, "T"},
                                           {1e9, "G"},
                                           {1e6, "M"},
                                           {1e3, "k"},
                                           {1, ""},
                                           {1e-3, "m"},
                                           {1e-6, "µ"},
                                           {1e-9, "n"},
                                           {1e-12, "p"}}};
constexpr std::array<Prefix, 4> kBinary{
    {{1073741824.0, "G"}, {1048576.0, "M"}, {1024.0, "k"}, {1, ""}}};

template <std::size_t N>
QString withPrefix(double value, const std::array<Prefix, N>& prefixes, const QString& unit,
                   int digits) {
  const double size = std::abs(value);
  // 999.6 k would round to "1000 k", so the next prefix starts a little early.
  const auto* chosen = &prefixes[N - 1];
  for (const Prefix& prefix : prefixes) {
    if (size >= prefix.factor * 0.9995) {
      chosen = &prefix;
      break;
    }
  }
  const QString number = formatNumber(value / chosen->factor, digits);
  const QString suffix = QString::fromUtf8(chosen->text) + unit;
  return suffix.isEmpty() ? number : number + QChar(0x202F) + suffix;
}

QString tokens(double value) {
  const bool whole = value >= 1024 && std::fmod(value, 1024) == 0;
  if (!whole) return formatNumber(value, 7);
  return withPrefix(value, kBinary, {}, 3).remove(QChar(0x202F));
}

}  // namespace

QString formatNumber(double value, int digits) {
  if (std::isnan(value)) return QStringLiteral("n/a");
  if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("-∞");
  if (value == 0) return QStringLiteral("0");
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  if (magnitude < -5 || magnitude > 15) return QString::number(value, 'g', digits);
  const int decimals = std::max(0, digits - 1 - magnitude);
  QString text = QString::number(value, 'f', decimals);
  if (text.contains('.')) {
    while (text.endsWith('0')) text.chop(1);
    if (text.endsWith('.')) text.chop(1);
  }
  return text;
}

QString unitOf(Quantity quantity) {
  switch (quantity) {
    case Quantity::bytes: return QStringLiteral("B");
    case Quantity::bytesPerS: return QStringLiteral("B/s");
    case Quantity::flops: return QStringLiteral("FLOP");
    case Quantity::flopPerS: return QStringLiteral("FLOP/s");
    case Quantity::timeNs: return QStringLiteral("s");
    case Quantity::tokens: return QStringLiteral("tokens");
    case Quantity::plain:
    case Quantity::count:
    case Quantity::ratio:
    case Quantity::share: return {};
  }
  return {};
}

QString formatQuantity(double value, Quantity quantity, int digits) {
  if (!std::isfinite(value)) return formatNumber(value);
  if (value == 0) return quantity == Quantity::share ? QStringLiteral("0 %") : QStringLiteral("0");
  switch (quantity) {
    case Quantity::plain: return formatNumber(value);
    case Quantity::count: return formatNumber(value, 15);
    case Quantity::tokens: return tokens(value);
    case Quantity::ratio: return formatNumber(value, digits) + QStringLiteral("×");
    case Quantity::share:
      return formatNumber(value * 100, digits) + QChar(0x202F) + QStringLiteral("%");
    case Quantity::timeNs: return withPrefix(value * 1e-9, kDecimal, QStringLiteral("s"), digits);
    case Quantity::bytes:
    case Quantity::bytesPerS:
    case Quantity::flops:
    case Quantity::flopPerS: return withPrefix(value, kDecimal, unitOf(quantity), digits);
  }
  return {};
}

}  // namespace kvroof::gui
