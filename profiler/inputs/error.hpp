// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace kvroof::inputs {

/// A description of inputs or a file that cannot be used. The message is for people: it names the
/// file and field, what was wanted and what came.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

template <class... Args>
void require(bool ok, fmt::format_string<Args...> message, Args&&... args) {
  if (!ok) throw InputError(fmt::format(message, std::forward<Args>(args)...));
}

}  // namespace detail
}  // namespace kvroof::inputs
