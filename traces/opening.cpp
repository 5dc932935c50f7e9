// SPDX-License-Identifier: Apache-2.0
#include "traces/opening.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "traces/line.hpp"

namespace kvroof::traces::detail {
namespace {

/// The first bytes for people: text as it is, anything else as hexadecimal.
std::string shown_start(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, 16)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return result;
}

[[noreturn]] void fail_no_trace(const File& file, std::string_view text, std::string_view reason) {
  throw TraceError(fmt::format("{}: is not a kvroof trace (JSON Lines): {}; it begins with \"{}\"",
                               file.path().string(), reason, shown_start(text)));
}

/// Whether one of the two is the beginning of the other: a line in flight may have only a few
/// bytes.
bool begins_like_ours(std::string_view text) {
  const std::size_t common = std::min(text.size(), kLineStart.size());
  return text.substr(0, common) == kLineStart.substr(0, common);
}

}  // namespace

void require_trace(const File& file) {
  if (file.size() == 0) return;
  LineReader reader(file);
  auto line = reader.next();
  while (line && is_blank(line->text)) line = reader.next();
  const std::string_view text = line ? line->text : reader.torn_text();
  if (!line && (is_blank(text) || begins_like_ours(text))) return;
  if (!line) fail_no_trace(file, text, "it has no whole line");
  try {
    parse_line(text);
  } catch (const NewerSchema& error) {
    throw NewerSchema(fmt::format("{}:1: {}", file.path().string(), error.what()));
  } catch (const TraceError& error) {
    if (!begins_like_ours(text)) fail_no_trace(file, text, error.what());
  }
}

}  // namespace kvroof::traces::detail
