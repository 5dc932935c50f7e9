// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace kvroof {

/// Throws std::invalid_argument. Say what was wanted, what came, and where it came from.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> message, Args&&... args) {
  throw std::invalid_argument(fmt::format(message, std::forward<Args>(args)...));
}

/// Calls fail() with the message unless `ok` holds.
template <class... Args>
void require(bool ok, fmt::format_string<Args...> message, Args&&... args) {
  if (!ok) fail(message, std::forward<Args>(args)...);
}

}  // namespace kvroof
