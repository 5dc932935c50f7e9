// SPDX-License-Identifier: Apache-2.0
#include "traces/index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "traces/file.hpp"
#include "traces/index_decode.hpp"
#include "traces/line.hpp"
#include "traces/line_reader.hpp"
#include "traces/opening.hpp"

namespace kvroof::traces {
namespace {

constexpr std::size_t kMaxWarnings = 100;

struct Position {
  std::uint64_t offset = 0;
  std::uint64_t number = 0;  // of the line, from 1
  std::size_t length = 0;
};

/// Without what the index leaves out.
Prediction head_of(Prediction prediction) {
  prediction.terms.clear();
  return prediction;
}
std::optional<Validation> head_of(std::optional<Validation> validation) {
  if (validation) {
    validation->worst_index.clear();
    validation->reference.clear();
  }
  return validation;
}
Time head_of(Time time) {
  time.samples_ns.clear();
  time.throttled_samples.clear();
  return time;
}

template <class T>
std::optional<T> first_head(const std::vector<T>& values) {
  if (values.empty()) return std::nullopt;
  return head_of(values.front());
}

template <class T>
std::optional<T> find_copy(const std::map<std::string, T>& values, const std::string& id) {
  const auto found = values.find(id);
  return found == values.end() ? std::nullopt : std::optional<T>(found->second);
}

}  // namespace

Summary summarize(const Record& record) {
  return {.utc_time = record.utc_time,
          .backend = record.backend,
          .status = record.status,
          .reason = record.reason,
          .environment_id = record.environment_id,
          .ceilings_id = record.ceilings_id,
          .kernel = record.kernel,
          .problem = record.problem,
          .axes = record.axes,
          .validation = head_of(record.validation),
          .coverage = record.coverage,
          .work = record.work,
          .bytes = record.bytes,
          .traffic = record.traffic,
          .prediction = first_head(record.predictions),
          .phases = record.phases,
          .time = first_head(record.times),
          .fidelity = record.fidelity};
}

struct TraceIndex::State {
  explicit State(std::filesystem::path path)
      : file(std::make_unique<detail::File>(detail::File::open_to_read(path))), reader(*file) {
    detail::require_trace(*file);
    bytes_total = file->size();
  }

  /// Whether the path leads elsewhere by now, or what was read is no longer there.
  bool was_replaced() const {
    const auto now = detail::File::open_to_read(file->path());
    return now.identity() != file->identity() || now.size() < reader.offset();
  }

  /// Makes room for as many rows as the file will have when its lines stay as long as they were,
  /// because moving rows again and again costs as much as decoding them.
  void make_room(std::uint64_t bytes_read) {
    constexpr std::size_t kFirstRows = 256;
    if (rows.size() < rows.capacity()) return;
    const double growth = static_cast<double>(bytes_total) /
                          static_cast<double>(std::max<std::uint64_t>(bytes_read, 1));
    const auto expected =
        static_cast<std::size_t>(1.05 * growth * static_cast<double>(rows.size()));
    rows.reserve(std::max({kFirstRows, rows.size() + rows.size() / 2, expected}));
    positions.reserve(rows.capacity());
  }

  void add(const detail::RawLine& line) {
    make_room(line.offset);
    Summary& row = rows.emplace_back();
    if (decoder.decode(line.text, row)) {
      positions.push_back({line.offset, line.number, line.text.size()});
      return;
    }
    rows.pop_back();
    if (detail::is_blank(line.text)) return;
    try {
      add_slowly(line);
    } catch (const detail::NewerSchema& error) {
      throw TraceError(fmt::format("{}:{}: {}", file->path().string(), line.number, error.what()));
    } catch (const TraceError& error) {
      warn(fmt::format("{}:{}: {}; the line was skipped", file->path().string(), line.number,
                       error.what()));
    }
  }

  void add_slowly(const detail::RawLine& line) {
    detail::Line parsed = detail::parse_line(line.text);
    if (const auto* record = std::get_if<Record>(&parsed)) {
      rows.push_back(summarize(*record));
      positions.push_back({line.offset, line.number, line.text.size()});
    } else if (auto* environment = std::get_if<detail::NamedEnvironment>(&parsed)) {
      environments.emplace(environment->id, std::move(environment->environment));
    } else if (auto* named = std::get_if<detail::NamedCeilings>(&parsed)) {
      ceilings.emplace(named->id, std::move(named->ceilings));
    }
  }

  void warn(std::string sentence) {
    if (warnings.size() < kMaxWarnings) {
      warnings.push_back(std::move(sentence));
    } else {
      ++unlisted_warnings;
    }
  }

  std::unique_ptr<detail::File> file;  // at a fixed address, because the reader refers to it
  detail::LineReader reader;
  detail::SummaryDecoder decoder;
  std::vector<Summary> rows;
  std::vector<Position> positions;  // of rows, in the file
  std::map<std::string, Environment> environments;
  std::map<std::string, Ceilings> ceilings;
  std::vector<std::string> warnings;
  std::size_t unlisted_warnings = 0;
  std::uint64_t bytes_total = 0;
};

TraceIndex::TraceIndex(std::filesystem::path path)
    : state_(std::make_unique<State>(std::move(path))) {}
TraceIndex::~TraceIndex() = default;
TraceIndex::TraceIndex(TraceIndex&&) noexcept = default;
TraceIndex& TraceIndex::operator=(TraceIndex&&) noexcept = default;

TraceIndex::Update TraceIndex::update(std::uint64_t budget_bytes) {
  if (state_->was_replaced()) {
    state_ = std::make_unique<State>(state_->file->path());
    return Update::replaced;
  }
  state_->bytes_total = state_->file->size();
  const std::uint64_t start = state_->reader.offset();
  while (state_->reader.offset() - start < budget_bytes) {
    const auto line = state_->reader.next();
    if (!line) return Update::current;
    state_->add(*line);
  }
  return Update::more;
}

const std::filesystem::path& TraceIndex::path() const { return state_->file->path(); }
std::span<const Summary> TraceIndex::rows() const { return state_->rows; }
std::vector<Summary> TraceIndex::take_rows() {
  std::vector<Summary> taken = std::exchange(state_->rows, {});
  state_->rows.reserve(taken.size());  // steps of one size bring about as many rows each
  return taken;
}
std::uint64_t TraceIndex::bytes_read() const { return state_->reader.offset(); }
std::uint64_t TraceIndex::bytes_total() const { return state_->bytes_total; }
std::uint64_t TraceIndex::torn_bytes() const { return state_->reader.torn_bytes(); }

std::vector<std::string> TraceIndex::warnings() const {
  std::vector<std::string> all = state_->warnings;
  if (state_->unlisted_warnings > 0) {
    all.push_back(
        fmt::format("{}: {} more lines were skipped", path().string(), state_->unlisted_warnings));
  }
  return all;
}

Details TraceIndex::details(std::size_t row) const {
  const std::string name = path().string();
  if (row >= state_->positions.size()) {
    throw TraceError(fmt::format("{}: row {} was asked for, {} rows are known", name, row,
                                 state_->positions.size()));
  }
  const Position& position = state_->positions[row];
  std::string text(position.length, '\0');
  text.resize(state_->file->read_at(position.offset, text.data(), text.size()));
  try {
    detail::Line line = detail::parse_line(text);
    const auto* record = std::get_if<Record>(&line);
    if (record == nullptr) throw TraceError("is no record any more: the file was changed");
    return {.record = *record,
            .environment = find_copy(state_->environments, record->environment_id),
            .ceilings = find_copy(state_->ceilings, record->ceilings_id)};
  } catch (const TraceError& error) {
    throw TraceError(fmt::format("{}:{}: {}", name, position.number, error.what()));
  }
}

const std::map<std::string, Environment>& TraceIndex::environments() const {
  return state_->environments;
}
const std::map<std::string, Ceilings>& TraceIndex::ceilings() const { return state_->ceilings; }

}  // namespace kvroof::traces
