// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "traces/index.hpp"

namespace kvroof::traces::detail {

/// Takes the summary out of a record's line without building a tree of all of it. It knows only
/// what our writer writes: fields in the order of schema.hpp, all values of their type. For any
/// other line, good or bad, it says no, and the caller decodes the line in full, which is slower
/// and explains what is wrong.
class SummaryDecoder {
 public:
  SummaryDecoder();
  ~SummaryDecoder();
  SummaryDecoder(SummaryDecoder&&) noexcept;
  SummaryDecoder& operator=(SummaryDecoder&&) noexcept;

  /// `line` must be followed by kLinePadding readable bytes.
  bool decode(std::string_view line, Summary& summary);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kvroof::traces::detail
