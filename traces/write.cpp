// SPDX-License-Identifier: Apache-2.0
#include "traces/write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "traces/file.hpp"
#include "traces/line.hpp"
#include "traces/opening.hpp"
#include "traces/temporary_file.hpp"

namespace kvroof::traces {
namespace {

using detail::File;

/// Where the last line begins, and its text with its newline if it has one.
struct LastLine {
  std::uint64_t offset = 0;
  std::string text;
};

LastLine read_last_line(const File& file) {
  constexpr std::size_t kStepBytes = std::size_t{1} << 16;
  const std::uint64_t size = file.size();
  std::string text;
  while (text.size() < size) {
    const auto step =
        static_cast<std::size_t>(std::min<std::uint64_t>(kStepBytes, size - text.size()));
    std::string block(step, '\0');
    block.resize(file.read_at(size - text.size() - step, block.data(), step));
    text.insert(0, block);
    const std::size_t newline =
        text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
    if (newline != std::string::npos) {
      text.erase(0, newline + 1);
      break;
    }
    if (text.size() > detail::kMaxLineBytes) {
      throw TraceError(fmt::format("{}: its last line is longer than {} MiB: this is no trace",
                                   file.path().string(), detail::kMaxLineBytes >> 20));
    }
  }
  return {size - text.size(), std::move(text)};
}

bool is_valid_line(const std::string& text, const File& file) {
  try {
    detail::parse_line(text);
    return true;
  } catch (const detail::NewerSchema& error) {
    throw TraceError(fmt::format("{}: {}", file.path().string(), error.what()));
  } catch (const TraceError&) {
    return false;
  }
}

/// Moves a last line that is no line out of the way. Returns what it did, "" for nothing.
std::string mend_last_line(File& file) {
  const LastLine last = read_last_line(file);
  const bool ended = last.text.ends_with('\n');
  if (last.text.empty() || last.text == "\n") return "";
  if (is_valid_line(last.text, file)) {
    if (ended) return "";
    file.append("\n");
    return fmt::format("{}: the last line lacked its newline, which was added",
                       file.path().string());
  }
  std::filesystem::path aside_path = file.path();
  aside_path += ".torn";
  File aside = File::open_to_append(aside_path);
  aside.append(ended ? last.text : last.text + "\n");
  aside.sync();  // before the only other copy goes
  file.truncate(last.offset);
  return fmt::format("{}: the last line was torn ({} bytes) and was moved to {}",
                     file.path().string(), last.text.size(), aside_path.string());
}

}  // namespace

struct Writer::State {
  State(const std::filesystem::path& path, Durability chosen)
      : file(File::open_to_append(path)), durability(chosen) {
    if (!file.is_regular()) return;
    detail::require_trace(file);
    if (std::string notice = mend_last_line(file); !notice.empty())
      notices.push_back(std::move(notice));
  }

  void append(const std::string& line) {
    if (line.size() > detail::kMaxLineBytes) {
      throw TraceError(
          fmt::format("{}: a line of {} bytes is longer than the {} MiB that readers take",
                      file.path().string(), line.size(), detail::kMaxLineBytes >> 20));
    }
    file.append(line);
    if (durability == Durability::sync) file.sync();
  }

  template <class Named, class T>
  std::string declare(const T& value) {
    std::string id = detail::content_id(value);
    if (declared.contains(id)) return id;
    append(detail::format_line(Named{id, value}));
    declared.insert(id);
    return id;
  }

  File file;
  Durability durability;
  std::set<std::string> declared;
  std::vector<std::string> notices;
};

Writer::Writer(std::filesystem::path path, Durability durability)
    : state_(std::make_unique<State>(path, durability)) {}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

const std::vector<std::string>& Writer::notices() const { return state_->notices; }

std::string Writer::declare(const Environment& environment) {
  return state_->declare<detail::NamedEnvironment>(environment);
}

std::string Writer::declare(const Ceilings& ceilings) {
  return state_->declare<detail::NamedCeilings>(ceilings);
}

void Writer::append(const Record& record) { state_->append(detail::format_line(record)); }

void write_trace(const std::filesystem::path& path, const Trace& trace) {
  detail::TemporaryFile temporary(path);
  File file = File::create(temporary.path());
  for (const auto& [id, value] : trace.environments) {
    file.append(detail::format_line(detail::NamedEnvironment{id, value}));
  }
  for (const auto& [id, value] : trace.ceilings) {
    file.append(detail::format_line(detail::NamedCeilings{id, value}));
  }
  for (const std::string& line : trace.other_lines) file.append(line + "\n");
  for (const Record& record : trace.records) file.append(detail::format_line(record));
  file.sync();
  temporary.keep();
}

}  // namespace kvroof::traces
