// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "traces/trace.hpp"

namespace kvroof::traces {

/// What tables and rooflines need of a record. Fields mean what the fields of Record with the same
/// name mean.
struct Summary {
  std::string utc_time{};
  Backend backend = Backend::sim;
  Status status = Status::passed;
  std::string reason{};
  std::string environment_id{};
  std::string ceilings_id{};
  Kernel kernel{};
  Problem problem{};
  std::map<std::string, std::string> axes{};
  std::optional<Validation> validation{};  // without its worst_index and reference
  std::optional<Coverage> coverage{};
  std::optional<Work> work{};
  std::optional<Bytes> bytes{};
  std::vector<Traffic> traffic{};
  std::optional<Prediction> prediction{};  // the first of Record::predictions, without its terms
  std::vector<NamedTime> phases{};
  std::optional<Time> time{};  // the first of Record::times, without its samples
  std::map<std::string, Counter> fidelity{};
  bool operator==(const Summary&) const = default;
};

Summary summarize(const Record& record);

/// A record with what it refers to; nullopt when the file does not (yet) hold that line.
struct Details {
  Record record{};
  std::optional<Environment> environment{};
  std::optional<Ceilings> ceilings{};
};

/// Lists the records of a trace file without reading all of each, and fetches one on demand;
/// follows a file that grows. A line that cannot be read is skipped and reported in warnings(). Not
/// safe for use by two threads at once.
class TraceIndex {
 public:
  /// Opens the file and reads its first line, if there is one, to tell a trace from anything else.
  /// Throws TraceError when the file cannot be opened, is no trace, or is of a newer schema.
  explicit TraceIndex(std::filesystem::path path);
  ~TraceIndex();
  TraceIndex(TraceIndex&&) noexcept;
  TraceIndex& operator=(TraceIndex&&) noexcept;

  enum class Update {
    current,   // everything in the file has been read
    more,      // the budget is used up: call again
    replaced,  // the file was replaced or cut: all rows were dropped, call again to read it from
               // the start
  };

  /// Reads whole lines that have not been read yet, stopping after about `budget_bytes`, so that a
  /// caller can show progress or stop. Call it again later to follow a sweep in progress. Throws as
  /// the constructor does.
  Update update(std::uint64_t budget_bytes = std::numeric_limits<std::uint64_t>::max());

  const std::filesystem::path& path() const;
  /// The records read so far that were not taken; valid until the next update() or take_rows().
  std::span<const Summary> rows() const;
  /// Hands rows() over and forgets them, for a caller that stores them in a form of its own.
  std::vector<Summary> take_rows();
  std::uint64_t bytes_read() const;   // offset behind the last whole line that was read
  std::uint64_t bytes_total() const;  // size of the file at the last update()
  /// Bytes behind the last whole line: a record in flight, or torn when its writer is gone.
  std::uint64_t torn_bytes() const;
  /// Sentences about lines that were skipped, at most 100, and how many were not listed.
  std::vector<std::string> warnings() const;

  /// All of one record. `row` counts the records of the file from 0, taken ones too. Throws
  /// TraceError when the line cannot be read any more.
  Details details(std::size_t row) const;

  const std::map<std::string, Environment>& environments() const;  // by id, those read so far
  const std::map<std::string, Ceilings>& ceilings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kvroof::traces
