// SPDX-License-Identifier: Apache-2.0
#include "traces/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/traces/random_trace.hpp"
#include "tests/traces/temporary_folder.hpp"
#ifdef KVROOF_TEST_SQLITE
#include <sqlite3.h>
#endif

namespace kvroof::traces {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RandomTrace;
using testing::TemporaryFolder;

Record small_record() {
  Record record;
  record.status = Status::passed;
  record.kernel = {"sparse_decode", "a,b"};
  record.problem = {
      .batch = 2, .query_heads = 8, .kv_heads = 2, .head_dim = 64, .kv_len = 100, .dtype = "f16"};
  record.problem.keys.requested_sparsity = 0.7;
  record.times = {Time{.name = "cold",
                       .provenance = Provenance::measured,
                       .statistics = {3, 2000, 1900, 2200, 1800, 2300, 2030, std::nullopt},
                       .samples_ns = {1800, 2000, 2300}}};
  record.traffic = {{MemoryLevel::dram, 3000, 1000, Provenance::measured}};
  record.bytes = Bytes{.key_values = 50, .dense = 100};
  return record;
}

/// A reader of RFC 4180, so that the writer is not checked against itself.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      rows.back().emplace_back();
    } else if (!quoted && c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
      if (i + 1 < text.size()) rows.push_back({""});
    } else {
      rows.back().back() += c;
    }
  }
  return rows;
}

template <class Export>
std::string text_of(Export export_to, const Trace& trace) {
  std::ostringstream out;
  export_to(trace, out);
  return out.str();
}

TEST(Csv, has_a_column_for_every_field_and_text_that_survives_commas_quotes_and_newlines) {
  Trace trace;
  RandomTrace random(81);
  for (int i = 0; i < 30; ++i) trace.records.push_back(random.record());
  trace.records.push_back(small_record());
  trace.records[0].reason = "a \"quoted\", cell\r\nof two lines";
  const auto rows = parse_csv(text_of(export_csv, trace));
  ASSERT_EQ(rows.size(), trace.records.size() + 1);
  const auto cell = [&](std::size_t record, const std::string& column) {
    const auto found = std::find(rows[0].begin(), rows[0].end(), column);
    EXPECT_NE(found, rows[0].end()) << column;
    return rows[record + 1][static_cast<std::size_t>(found - rows[0].begin())];
  };
  for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size());
  EXPECT_EQ(cell(0, "reason"), trace.records[0].reason);
  EXPECT_EQ(cell(30, "kernel.variant"), "a,b");
  EXPECT_EQ(cell(30, "problem.keys.requested_sparsity"), "0.7");
  EXPECT_EQ(cell(30, "times.cold.statistics.median_ns"), "2000");
  EXPECT_EQ(cell(30, "traffic.dram.read_bytes"), "3000");
  EXPECT_EQ(cell(30, "validation.num_checked"), "");
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(std::strtod(cell(i, "problem.keys.requested_sparsity").c_str(), nullptr),
              trace.records[i].problem.keys.requested_sparsity);
    EXPECT_EQ(cell(i, "problem.seed"), std::to_string(trace.records[i].problem.seed));
  }
}

TEST(Csv, of_nothing_is_an_empty_header) { EXPECT_EQ(text_of(export_csv, {}), "\r\n"); }

TEST(Csv, fails_when_the_stream_does) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THROW(export_csv({}, out), TraceError);
  EXPECT_THROW(export_markdown({}, out), TraceError);
  EXPECT_THROW(export_chrome_trace({}, out), TraceError);
  EXPECT_THROW(export_google_benchmark({}, out), TraceError);
}

TEST(Markdown, shows_the_main_columns_and_escapes_what_would_end_a_cell) {
  Trace trace;
  trace.records = {small_record(), small_record()};
  trace.records[1].kernel.name = "a|b\nc";
  trace.records[1].status = Status::skipped;
  trace.records[1].reason = "out of memory";
  trace.records[1].times.clear();
  const std::string text = text_of(export_markdown, trace);
  EXPECT_THAT(text, HasSubstr("| sparse_decode a,b | sim | 2 | 8/2 | 64 | 100 | f16 | 0.7/0 | "
                              "passed | 2.000 (measured, 3 "
                              "samples) | 15.00 | 2.0 | 2.000 |\n"));
  EXPECT_THAT(text, HasSubstr("| a\\|b c a,b | sim | 2 | 8/2 | 64 | 100 | f16 | 0.7/0 | skipped: "
                              "out of memory |  |  |  |"));
}

TEST(Exports, do_not_change_with_the_locale_of_the_stream) {
  class CommaPunctuation : public std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  RandomTrace random(82);
  Trace trace;
  for (int i = 0; i < 5; ++i) trace.records.push_back(random.record());
  for (const auto export_to :
       {export_csv, export_markdown, export_chrome_trace, export_google_benchmark}) {
    std::ostringstream plain;
    std::ostringstream german;
    german.imbue(std::locale(std::locale::classic(), new CommaPunctuation));
    export_to(trace, plain);
    export_to(trace, german);
    EXPECT_EQ(plain.str(), german.str());
  }
}

TEST(ChromeTrace, puts_overlapping_activities_of_a_stream_on_different_rows_in_microseconds) {
  Record record = small_record();
  record.activities = {{"decode", "decode", 7, 1000, 5000, Provenance::measured},
                       {"merge", "merge", 7, 6000, 500, Provenance::measured},
                       {"copy", "other", 7, 2000, 1000, Provenance::measured}};
  Trace trace;
  trace.records = {record};
  const json events = json::parse(text_of(export_chrome_trace, trace)).at("traceEvents");
  std::map<std::string, json> spans;
  for (const json& event : events) {
    if (event.at("ph") == "X") spans[event.at("name")] = event;
  }
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans["decode"].at("ts"), 1.0);
  EXPECT_EQ(spans["decode"].at("dur"), 5.0);
  EXPECT_EQ(spans["decode"].at("tid"), spans["merge"].at("tid"));
  EXPECT_NE(spans["decode"].at("tid"), spans["copy"].at("tid"));
  EXPECT_EQ(spans["copy"].at("args").at("stream"), 7);
}

TEST(ChromeTrace, lays_phases_end_to_end_and_says_that_their_order_was_not_measured) {
  Record record = small_record();
  record.phases = {{"prune", 1000, Provenance::modelled}, {"pack", 500, Provenance::modelled}};
  Trace trace;
  trace.records = {record, small_record()};
  const std::string text = text_of(export_chrome_trace, trace);
  EXPECT_THAT(text, HasSubstr("order not measured"));
  const json events = json::parse(text).at("traceEvents");
  EXPECT_EQ(events.back().at("name"), "pack");
  EXPECT_EQ(events.back().at("ts"), 1.0);
  EXPECT_EQ(events.back().at("args").at("provenance"), "modelled");
}

TEST(GoogleBenchmark, has_an_entry_per_sample_and_marks_what_did_not_pass) {
  Trace trace;
  trace.records = {small_record(), small_record(), small_record()};
  trace.records[1].status = Status::failed;
  trace.records[1].reason = "too far off";
  trace.records[2].times.clear();
  const json exported = json::parse(text_of(export_google_benchmark, trace));
  const json& entries = exported.at("benchmarks");
  ASSERT_EQ(entries.size(), 6u);
  EXPECT_EQ(entries[2].at("real_time"), 2300.0);
  EXPECT_EQ(entries[2].at("time_unit"), "ns");
  EXPECT_EQ(entries[2].at("repetition_index"), 2);
  EXPECT_EQ(entries[2].at("repetitions"), 3);
  EXPECT_EQ(entries[0].at("name"), entries[2].at("name"));
  EXPECT_FALSE(entries[0].contains("error_occurred"));
  EXPECT_EQ(entries[3].at("error_message"), "failed: too far off");
  EXPECT_TRUE(exported.contains("context"));
}

#ifdef KVROOF_TEST_SQLITE
/// The only value that a query gives, as text.
std::string query(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string result = "no row";
  const auto keep = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0] != nullptr ? values[0] : "NULL";
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), keep, &result, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  sqlite3_close(database);
  return result;
}

TEST(Sqlite, holds_records_counters_samples_environments_and_roofs_and_replaces_an_older_export) {
  const TemporaryFolder folder;
  const auto path = folder / "a.sqlite";
  testing::write_bytes(path, "an older file");
  Trace trace;
  trace.records = {small_record(), small_record()};
  trace.records[1].times.clear();
  trace.records[1].counters = {
      {"sectors", Counter{12.5, "sector", Provenance::simulated, ""}},
      {"lost", Counter{std::numeric_limits<double>::quiet_NaN(), "B", Provenance::simulated, ""}}};
  RandomTrace random(83);
  trace.environments["env-1"] = random.environment();
  trace.ceilings["ceil-1"] = {.device = "d", .roofs = {{.level = RoofLevel::l2, .value = 5}}};
  export_sqlite(trace, path);
  EXPECT_EQ(query(path, "SELECT count(*) FROM records"), "2");
  EXPECT_EQ(query(path, "SELECT median_ns FROM records WHERE record_id = 1"), "2000.0");
  EXPECT_EQ(query(path, "SELECT median_ns FROM records WHERE record_id = 2"), "NULL");
  EXPECT_EQ(query(path, "SELECT compression_ratio FROM records WHERE record_id = 1"), "2.0");
  EXPECT_EQ(query(path, "SELECT value || unit || record_id FROM counters WHERE name = 'sectors'"),
            "12.5sector2");
  EXPECT_EQ(query(path, "SELECT value FROM counters WHERE name = 'lost'"), "NULL");
  EXPECT_EQ(query(path, "SELECT time_ns FROM samples WHERE sample = 2"), "2300.0");
  EXPECT_EQ(query(path, "SELECT unit FROM roofs WHERE level = 'l2'"), "bytes_per_s");
  EXPECT_EQ(query(path, "SELECT count(*) FROM environments"), "1");
  EXPECT_EQ(query(path, "SELECT json_extract(json, '$.problem.batch') FROM records LIMIT 1"), "2");
}

TEST(Sqlite, fails_with_a_sentence_in_a_folder_that_is_not_there) {
  const TemporaryFolder folder;
  EXPECT_THROW(export_sqlite({}, folder / "no" / "a.sqlite"), TraceError);
}
#else
TEST(Sqlite, is_refused_with_a_sentence_in_a_build_without_it) {
  EXPECT_FALSE(has_sqlite());
  EXPECT_THROW(export_sqlite({}, "a.sqlite"), TraceError);
}
#endif

}  // namespace
}  // namespace kvroof::traces
