// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "traces/export.hpp"
#include "traces/line.hpp"
#include "traces/temporary_file.hpp"

namespace kvroof::traces {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE records (
  record_id INTEGER PRIMARY KEY, utc_time TEXT, backend TEXT, status TEXT, reason TEXT,
  environment_id TEXT, ceilings_id TEXT, kernel TEXT, variant TEXT,
  batch INTEGER, query_heads INTEGER, kv_heads INTEGER, head_dim INTEGER, kv_len INTEGER, window INTEGER, dtype TEXT,
  key_sparsity REAL, value_sparsity REAL, time_name TEXT, time_provenance TEXT, median_ns REAL, q1_ns REAL, q3_ns REAL,
  num_samples INTEGER, compression_ratio REAL, useful_flops REAL, json TEXT);
CREATE TABLE counters (record_id INTEGER, name TEXT, value REAL, unit TEXT, provenance TEXT, reason TEXT);
CREATE TABLE samples (record_id INTEGER, time_name TEXT, sample INTEGER, time_ns REAL);
CREATE TABLE environments (environment_id TEXT PRIMARY KEY, device TEXT, host TEXT, utc_time TEXT, json TEXT);
CREATE TABLE roofs (ceilings_id TEXT, device TEXT, level TEXT, kind TEXT, name TEXT, value REAL, unit TEXT, source TEXT,
  date TEXT);
CREATE INDEX counters_by_record ON counters(record_id);
CREATE INDEX samples_by_record ON samples(record_id);
)sql";

class Database {
 public:
  explicit Database(const std::filesystem::path& path) {
    sqlite3* handle = nullptr;
    const int status = sqlite3_open(path.c_str(), &handle);
    handle_.reset(handle);  // to be closed also when opening failed
    if (status != SQLITE_OK) fail();
  }

  sqlite3* handle() { return handle_.get(); }
  void run(const char* sql) {
    if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  [[noreturn]] void fail() {
    throw TraceError(
        fmt::format("the SQLite export cannot be written ({})", sqlite3_errmsg(handle())));
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// An INSERT that is filled from left to right.
class Insert {
 public:
  Insert(Database& database, const std::string& table, int num_columns) : database_(database) {
    std::string marks = "?";
    for (int i = 1; i < num_columns; ++i) marks += ",?";
    const std::string sql = fmt::format("INSERT INTO {} VALUES ({})", table, marks);
    if (sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &statement_, nullptr) != SQLITE_OK)
      database.fail();
  }
  ~Insert() { sqlite3_finalize(statement_); }
  Insert(const Insert&) = delete;
  Insert& operator=(const Insert&) = delete;

  template <class... Values>
  void row(const Values&... values) {
    int column = 0;
    const bool bound = ((bind(++column, values) == SQLITE_OK) && ...);
    if (!bound || sqlite3_step(statement_) != SQLITE_DONE || sqlite3_reset(statement_) != SQLITE_OK)
      database_.fail();
  }

 private:
  int bind(int column, std::int64_t value) { return sqlite3_bind_int64(statement_, column, value); }
  int bind(int column, double value) {  // SQLite stores NaN as NULL
    return sqlite3_bind_double(statement_, column, value);
  }
  int bind(int column, std::string_view text) {
    return sqlite3_bind_text(statement_, column, text.data(), static_cast<int>(text.size()),
                             SQLITE_TRANSIENT);
  }
  int bind(int column, const std::optional<double>& value) {
    return value ? bind(column, *value) : sqlite3_bind_null(statement_, column);
  }
  int bind(int column, const std::string& text) { return bind(column, std::string_view(text)); }

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

void insert_record(Insert& insert, std::int64_t id, const Record& record) {
  const Time none{};
  const Time& time = record.times.empty() ? none : record.times.front();
  const bool timed = !record.times.empty();
  const auto known = [&](double value) {
    return timed ? std::optional<double>(value) : std::nullopt;
  };
  const Problem& p = record.problem;
  insert.row(id, record.utc_time, name_of(record.backend), name_of(record.status), record.reason,
             record.environment_id, record.ceilings_id, record.kernel.name, record.kernel.variant,
             p.batch, p.query_heads, p.kv_heads, p.head_dim, p.kv_len, p.window, p.dtype,
             p.keys.requested_sparsity, p.values.requested_sparsity, time.name,
             timed ? name_of(time.provenance) : "", known(time.statistics.median_ns),
             known(time.statistics.q1_ns), known(time.statistics.q3_ns), time.statistics.count,
             record.bytes ? compression_ratio(*record.bytes) : std::nullopt,
             record.work ? std::optional<double>(record.work->useful_flops) : std::nullopt,
             detail::format_line(record));
}

void insert_records(Database& database, const Trace& trace) {
  Insert records(database, "records", 27);
  Insert counters(database, "counters", 6);
  Insert samples(database, "samples", 4);
  std::int64_t id = 0;
  for (const Record& record : trace.records) {
    insert_record(records, ++id, record);
    if (record.counters) {
      for (const auto& [name, counter] : *record.counters) {
        counters.row(id, name, counter.value, counter.unit, name_of(counter.provenance),
                     counter.reason);
      }
    }
    for (const Time& time : record.times) {
      std::int64_t number = 0;
      for (const double sample_ns : time.samples_ns)
        samples.row(id, time.name, number++, sample_ns);
    }
  }
}

void insert_environments_and_roofs(Database& database, const Trace& trace) {
  Insert environments(database, "environments", 5);
  for (const auto& [id, environment] : trace.environments) {
    environments.row(id, environment.device.name, environment.host, environment.utc_time,
                     detail::format_line(detail::NamedEnvironment{id, environment}));
  }
  Insert roofs(database, "roofs", 9);
  for (const auto& [id, ceilings] : trace.ceilings) {
    for (const Roof& roof : ceilings.roofs) {
      roofs.row(id, ceilings.device, name_of(roof.level), name_of(roof.kind), roof.name, roof.value,
                roof_unit(roof.level), roof.source, roof.date);
    }
  }
}

}  // namespace

bool has_sqlite() { return true; }

void export_sqlite(const Trace& trace, const std::filesystem::path& path) {
  detail::TemporaryFile temporary(path);
  {
    Database database(temporary.path());
    database.run("BEGIN");
    database.run(kTables);
    insert_records(database, trace);
    insert_environments_and_roofs(database, trace);
    database.run("COMMIT");
  }
  temporary.keep();
}

}  // namespace kvroof::traces
