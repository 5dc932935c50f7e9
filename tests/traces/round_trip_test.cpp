// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <locale>

#include "tests/traces/random_trace.hpp"
#include "tests/traces/temporary_folder.hpp"
#include "traces/index.hpp"
#include "traces/read.hpp"
#include "traces/write.hpp"

namespace kvroof::traces {
namespace {

using ::testing::HasSubstr;
using testing::RandomTrace;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::write_bytes;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

/// A record whose other fields are all there, to put one odd thing into.
const std::string kPlainRecord =
    R"({"schema":1,"line":"record","backend":"sim","status":"passed","kernel":{"name":"k"},)"
    R"("problem":{"batch":1,"query_heads":8,"kv_heads":2,"head_dim":64,"kv_len":100})";

Trace random_trace(std::uint32_t seed, int records) {
  RandomTrace random(seed);
  Trace trace;
  trace.environments["env-1"] = random.environment();
  trace.ceilings["ceil-1"] = random.ceilings();
  for (int i = 0; i < records; ++i) {
    Record record = random.record();
    record.environment_id = "env-1";
    record.ceilings_id = random.coin() ? "ceil-1" : "";
    trace.records.push_back(record);
  }
  return trace;
}

TEST(RoundTrip, reading_is_the_exact_inverse_of_writing_a_whole_trace) {
  const TemporaryFolder folder;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const Trace written = random_trace(seed, 17);
    write_trace(folder / "a.jsonl", written);
    EXPECT_EQ(read_trace(folder / "a.jsonl"), written) << "seed " << seed;
  }
}

TEST(RoundTrip, reading_is_the_exact_inverse_of_appending_line_by_line) {
  const TemporaryFolder folder;
  RandomTrace random(7);
  const Environment environment = random.environment();
  const Ceilings ceilings = random.ceilings();
  std::vector<Record> records;
  Writer writer(folder / "a.jsonl");
  for (int i = 0; i < 40; ++i) {
    Record record = random.record();
    record.environment_id = writer.declare(environment);
    record.ceilings_id = writer.declare(ceilings);
    writer.append(record);
    records.push_back(record);
  }
  const Trace trace = read_trace(folder / "a.jsonl");
  EXPECT_EQ(trace.records, records);
  ASSERT_NE(environment_of(trace, records[0]), nullptr);
  EXPECT_EQ(*environment_of(trace, records[0]), environment);
  ASSERT_NE(ceilings_of(trace, records[39]), nullptr);
  EXPECT_EQ(*ceilings_of(trace, records[39]), ceilings);
  EXPECT_EQ(trace.environments.size(), 1u);
  EXPECT_THAT(trace.warnings, ::testing::IsEmpty());
}

TEST(RoundTrip, text_of_a_written_file_does_not_change_when_it_is_read_and_written_again) {
  const TemporaryFolder folder;
  write_trace(folder / "a.jsonl", random_trace(3, 40));
  write_trace(folder / "b.jsonl", read_trace(folder / "a.jsonl"));
  EXPECT_EQ(read_bytes(folder / "a.jsonl"), read_bytes(folder / "b.jsonl"));
}

TEST(RoundTrip, signs_of_zero_and_largest_integers_survive) {
  const TemporaryFolder folder;
  Trace trace = random_trace(1, 1);
  trace.records[0].work = Work{-0.0, 0.0, std::nullopt, Provenance::modelled};
  trace.records[0].problem.seed = std::numeric_limits<std::uint64_t>::max();
  trace.records[0].problem.window = std::numeric_limits<std::int64_t>::min();
  write_trace(folder / "a.jsonl", trace);
  const Record read = read_trace(folder / "a.jsonl").records.at(0);
  EXPECT_TRUE(std::signbit(read.work->useful_flops));
  EXPECT_FALSE(std::signbit(read.work->dense_flops));
  EXPECT_EQ(read.problem, trace.records[0].problem);
}

TEST(NotFinite, is_null_with_its_reason_in_the_file_and_itself_again_when_read) {
  const TemporaryFolder folder;
  Trace trace = random_trace(2, 1);
  Record& record = trace.records[0];
  record.problem.keys.effective_sparsity = kNan;
  record.validation =
      Validation{.max_abs_error = kInf, .max_rel_error = -kInf, .tolerance_share = kNan};
  record.counters = {{"odd/na~me", Counter{kInf, "B", Provenance::simulated, ""}}};
  record.times = {Time{.name = "cold", .samples_ns = {1.5, kNan, 2.5}}};
  write_trace(folder / "a.jsonl", trace);

  const std::string text = read_bytes(folder / "a.jsonl");
  EXPECT_THAT(text, HasSubstr(R"("max_abs_error":null)"));
  EXPECT_THAT(text, HasSubstr(R"("/validation/max_rel_error":"-inf")"));
  EXPECT_THAT(text, HasSubstr(R"("/counters/odd~1na~0me/value":"inf")"));
  EXPECT_THAT(text, HasSubstr(R"("/times/0/samples_ns/1":"nan")"));

  const Record read = read_trace(folder / "a.jsonl").records.at(0);
  EXPECT_TRUE(std::isnan(read.problem.keys.effective_sparsity.value()));
  EXPECT_EQ(read.validation->max_abs_error, kInf);
  EXPECT_EQ(read.validation->max_rel_error, -kInf);
  EXPECT_TRUE(std::isnan(read.validation->tolerance_share));
  EXPECT_EQ(read.counters->at("odd/na~me").value, kInf);
  EXPECT_TRUE(std::isnan(read.times[0].samples_ns.at(1)));
  EXPECT_EQ(read.times[0].samples_ns.at(2), 2.5);
  EXPECT_EQ(read.unknown, "");

  write_trace(folder / "b.jsonl", read_trace(folder / "a.jsonl"));
  EXPECT_EQ(read_bytes(folder / "b.jsonl"), text);
  TraceIndex index(folder / "a.jsonl");
  index.update();
  ASSERT_EQ(index.rows().size(), 1u);
  EXPECT_TRUE(std::isnan(index.rows()[0].problem.keys.effective_sparsity.value()));
}

TEST(NotFinite, null_without_a_reason_is_a_hole_and_not_zero) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl",
              kPlainRecord +
                  R"(,"phases":[{"name":"merge","time_ns":null,"provenance":"measured"}]})" + "\n");
  EXPECT_TRUE(std::isnan(read_trace(folder / "a.jsonl").records.at(0).phases.at(0).time_ns));
}

TEST(UnknownFields, survive_at_every_depth_with_null_and_numbers_that_are_not_finite) {
  const TemporaryFolder folder;
  const std::string line =
      R"({"schema":1,"line":"record","backend":"cuda","status":"passed","kernel":{"name":"k","colour":"red"},)"
      R"("problem":{"batch":1,"query_heads":8,"kv_heads":2,"head_dim":64,"kv_len":100,"new/na~me":[1,{"x":null}]},)"
      R"("times":[{"name":"cold","provenance":"measured","statistics":{"count":1,"median_ns":1.0,"q1_ns":1.0,)"
      R"("q3_ns":1.0,"min_ns":1.0,"max_ns":1.0,"mean_ns":1.0,"skew":0.25}}],"future":{"deep":[[null]]},"hole":null,)"
      R"("null_reasons":{"/future/deep/0/0":"nan","/hole":"sensor was off","/plan":"not planned"}})";
  write_bytes(folder / "a.jsonl", line + "\n");
  const Trace read = read_trace(folder / "a.jsonl");
  write_trace(folder / "b.jsonl", read);
  const std::string text = read_bytes(folder / "b.jsonl");
  for (const char* part :
       {R"("colour":"red")", R"("new/na~me":[1,{"x":null}])", R"("skew":0.25)",
        R"("future":{"deep":[[null]]})", R"("hole":null)", R"("/future/deep/0/0":"nan")",
        R"("/hole":"sensor was off")", R"("/plan":"not planned")"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(read_trace(folder / "b.jsonl"), read);
}

TEST(UnknownFields, are_dropped_with_the_object_that_held_them_and_never_overwrite_a_known_field) {
  const TemporaryFolder folder;
  write_bytes(
      folder / "a.jsonl",
      kPlainRecord +
          R"(,"coverage":{"blocks_simulated":1,"blocks_total":2,"seen":true},"plan":null})" + "\n");
  Trace trace = read_trace(folder / "a.jsonl");
  trace.records[0].coverage.reset();
  trace.records[0].plan = Plan{.splits = 5};
  write_trace(folder / "b.jsonl", trace);
  const Trace again = read_trace(folder / "b.jsonl");
  EXPECT_EQ(again.records[0].plan->splits, 5);
  EXPECT_FALSE(again.records[0].coverage.has_value());
  EXPECT_THAT(read_bytes(folder / "b.jsonl"), ::testing::Not(HasSubstr("seen")));
}

TEST(UnknownFields, lines_of_an_unknown_kind_are_kept_as_they_are) {
  const TemporaryFolder folder;
  const std::string other = R"({"schema":1,"line":"heat_map","cells":[1, 2,3]})";
  write_bytes(folder / "a.jsonl", other + "\n" + kPlainRecord + "}\n");
  const Trace trace = read_trace(folder / "a.jsonl");
  EXPECT_THAT(trace.other_lines, ::testing::ElementsAre(other));
  write_trace(folder / "b.jsonl", trace);
  EXPECT_THAT(read_bytes(folder / "b.jsonl"), HasSubstr(other + "\n"));
}

TEST(UnknownFields, text_that_no_reader_left_there_is_refused) {
  const TemporaryFolder folder;
  Trace trace = random_trace(1, 1);
  trace.records[0].unknown = "{not json";
  try {
    write_trace(folder / "a.jsonl", trace);
    FAIL() << "nothing was thrown";
  } catch (const TraceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("unknown"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "a temporary file was left behind";
}

/// Digits as in much of Europe: 1.234,5.
class CommaPunctuation : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Locale, of_cpp_streams_changes_nothing_in_the_file) {
  const TemporaryFolder folder;
  const Trace trace = random_trace(11, 10);
  write_trace(folder / "a.jsonl", trace);
  const std::locale before =
      std::locale::global(std::locale(std::locale::classic(), new CommaPunctuation));
  write_trace(folder / "b.jsonl", trace);
  const Trace read = read_trace(folder / "a.jsonl");
  std::locale::global(before);
  EXPECT_EQ(read_bytes(folder / "a.jsonl"), read_bytes(folder / "b.jsonl"));
  EXPECT_EQ(read, trace);
}

/// Switches C's locale to one with a decimal comma, made on the spot when none is installed; false
/// when neither works.
bool use_decimal_comma(const TemporaryFolder& folder) {
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr) return true;
  const std::string made = (folder / "de_DE.UTF-8").string();
  if (std::system(("localedef -i de_DE -f UTF-8 " + made + " >/dev/null 2>&1").c_str()) != 0)
    return false;
  ::setenv("LOCPATH", folder.path().c_str(), 1);
  const bool works = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  ::unsetenv("LOCPATH");
  return works;
}

TEST(Locale, of_c_with_a_decimal_comma_changes_nothing_in_the_file) {
  const TemporaryFolder folder;
  const Trace trace = random_trace(12, 10);
  write_trace(folder / "a.jsonl", trace);
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (!use_decimal_comma(folder))
    GTEST_SKIP() << "no locale with a decimal comma, and localedef cannot make one";
  ASSERT_STREQ(std::localeconv()->decimal_point, ",");
  write_trace(folder / "b.jsonl", trace);
  const Trace read = read_trace(folder / "a.jsonl");
  TraceIndex index(folder / "a.jsonl");
  index.update();
  std::setlocale(LC_ALL, before.c_str());
  EXPECT_EQ(read, trace);
  EXPECT_EQ(read_bytes(folder / "a.jsonl"), read_bytes(folder / "b.jsonl"));
  ASSERT_EQ(index.rows().size(), trace.records.size());
  EXPECT_EQ(index.rows()[3], summarize(trace.records[3]));
}

TEST(ConfigurationKey, ignores_results_and_tells_requests_apart) {
  RandomTrace random(5);
  Record record = random.record();
  Record same = record;
  same.problem.keys.effective_sparsity = 0.123;
  same.problem.values.kept = 99;
  same.status = Status::failed;
  same.environment_id = "elsewhere";
  EXPECT_EQ(configuration_key(record), configuration_key(same));
  Record other = record;
  other.problem.keys.requested_sparsity += 1;
  EXPECT_NE(configuration_key(record), configuration_key(other));
  other = record;
  other.axes["tile"] = "64";
  EXPECT_NE(configuration_key(record), configuration_key(other));
  Record imitation = record;
  record.kernel = {"k", "v\" backend=sim"};
  imitation.kernel = {"k", "v"};
  EXPECT_NE(configuration_key(record), configuration_key(imitation));
}

TEST(CompressionRatio, counts_everything_that_stands_in_for_the_dense_cache) {
  Bytes bytes{.key_values = 10,
              .value_values = 20,
              .key_bitmaps = 1,
              .value_bitmaps = 2,
              .indices = 3,
              .padding = 4,
              .window = 10,
              .queries = 1000,
              .outputs = 1000,
              .partials = 1000,
              .dense = 100};
  EXPECT_EQ(compressed_bytes(bytes), 50u);
  EXPECT_EQ(compression_ratio(bytes), 2.0);
  bytes.dense = 0;
  EXPECT_EQ(compression_ratio(bytes), std::nullopt);
  EXPECT_EQ(compression_ratio(Bytes{.dense = 7}), std::nullopt);
}

}  // namespace
}  // namespace kvroof::traces
