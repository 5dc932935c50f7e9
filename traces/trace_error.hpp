// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace kvroof::traces {

/// The only exception that reading, writing and exporting traces throws. what() is a sentence for
/// people: it names the file and, where there is one, the line (from 1) and the field as a JSON
/// pointer such as /problem/batch.
class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace kvroof::traces
