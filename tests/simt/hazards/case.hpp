// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kvroof::hazards {

inline constexpr int kWords = 1024;  // of each array below

/// What every kernel of a hazard pair gets.
struct Arrays {
  const std::uint32_t* input;  // [kWords], input[i] = 3 i + 1
  std::uint32_t* output;       // [kWords], zero
  std::uint32_t* scratch;      // [kWords], never written
  std::uint32_t* ticket;       // [1], zero
};

/// How a kernel of a hazard pair is launched.
struct Launch {
  int blocks = 1;
  int threads = 32;
  int shared_bytes = 0;
  bool release_input = false;  // the host frees `input` before the launch
};

}  // namespace kvroof::hazards
