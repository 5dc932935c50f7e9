// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <string>

namespace kvroof::cli {

/// A check for add_option() that the number lies in [least, most]; CLI::Range lets NaN through.
inline std::function<std::string(const std::string&)> number_in(double least, double most) {
  return [=](const std::string& text) -> std::string {
    const double number = std::strtod(text.c_str(), nullptr);
    if (number >= least && number <= most) return "";
    return fmt::format("must be a number from {} to {}, got {}", least, most, text);
  };
}

}  // namespace kvroof::cli
