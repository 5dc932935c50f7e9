// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND {

namespace detail {
template <class Body, int... Index>
KVROOF_DEVICE void static_for(Body&& body, std::integer_sequence<int, Index...>) {
  (body(std::integral_constant<int, Index>{}), ...);
}
}  // namespace detail

/// body(integral_constant<0>) ... body(integral_constant<Count - 1>): a loop whose index is a
/// template argument.
template <int Count, class Body>
KVROOF_DEVICE void static_for(Body&& body) {
  detail::static_for(std::forward<Body>(body), std::make_integer_sequence<int, Count>{});
}

}  // namespace kvroof::KVROOF_BACKEND
