// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace kvroof::gui {

/// What a number means, and so how it is written for people.
enum class Quantity {
  plain,
  count,
  tokens,
  bytes,
  bytesPerS,
  flops,
  flopPerS,
  timeNs,
  ratio,
  share
};

/// Three significant digits with an SI prefix and the unit: "3.35 TB/s", "12.3 µs", "70 %", "32k".
/// Tokens use binary prefixes, because context lengths are powers of two. A number that is not
/// known (NaN) is written as "n/a". Other numbers of digits are for what three would make equal.
QString formatQuantity(double value, Quantity quantity, int digits = 3);

/// The unit without prefix, for an axis label: "B/s"; empty when there is none.
QString unitOf(Quantity quantity);

/// Up to `digits` significant digits, no trailing zeros, never locale dependent.
QString formatNumber(double value, int digits = 4);

}  // namespace kvroof::gui
