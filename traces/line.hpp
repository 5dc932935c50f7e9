// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "traces/trace.hpp"
#include "traces/trace_error.hpp"

/// One line of a trace file: text to value and back.
namespace kvroof::traces::detail {

inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;
inline constexpr int kMaxDepth = 64;  // bounds the recursion of everything that walks a line
inline constexpr std::string_view kLineStart = "{\"schema\":";  // how our writer begins each line

/// The file is of a schema that this build does not read. Never treated as just a bad line.
class NewerSchema : public TraceError {
 public:
  using TraceError::TraceError;
};

struct NamedEnvironment {
  std::string id{};
  Environment environment{};
};
struct NamedCeilings {
  std::string id{};
  Ceilings ceilings{};
};
struct OtherLine {  // of a kind this build does not know
  std::string text{};
};
using Line = std::variant<Record, NamedEnvironment, NamedCeilings, OtherLine>;

/// Throws TraceError naming the field; the caller adds file and line.
Line parse_line(std::string_view text);

/// Text of a line with its newline. Throws TraceError when `unknown` is not what a reader left
/// there.
std::string format_line(const Record& record);
std::string format_line(const NamedEnvironment& named);
std::string format_line(const NamedCeilings& named);

/// An id made of the content: equal for equal values only (64-bit FNV-1a).
std::string content_id(const Environment& environment);
std::string content_id(const Ceilings& ceilings);

}  // namespace kvroof::traces::detail
