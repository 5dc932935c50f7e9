// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace kvroof::measure {

/// What a device said of its clocks at one moment.
struct ClockReading {
  double sm_mhz = 0;
  bool throttled = false;  // power, heat or a hardware brake held the clock down
};

/// Where clocks are read; a test has its own.
class ClockSource {
 public:
  virtual ~ClockSource() = default;
  /// Nothing where clocks cannot be read. Never throws.
  virtual std::optional<ClockReading> read() = 0;
};

/// For devices that nobody can ask.
class NoClocks final : public ClockSource {
 public:
  std::optional<ClockReading> read() override { return std::nullopt; }
};

}  // namespace kvroof::measure
