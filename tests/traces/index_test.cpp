// SPDX-License-Identifier: Apache-2.0
#include "traces/index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/traces/random_trace.hpp"
#include "tests/traces/temporary_folder.hpp"
#include "traces/index_decode.hpp"
#include "traces/line.hpp"
#include "traces/line_reader.hpp"
#include "traces/read.hpp"
#include "traces/write.hpp"

namespace kvroof::traces {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RandomTrace;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::write_bytes;

const std::string kPlainRecord =
    R"({"schema":1,"line":"record","backend":"sim","status":"passed","kernel":{"name":"k"},)"
    R"("problem":{"batch":1,"query_heads":8,"kv_heads":2,"head_dim":64,"kv_len":100}})"
    "\n";

std::vector<Record> write_records(const std::filesystem::path& path, std::uint32_t seed,
                                  int count) {
  RandomTrace random(seed);
  Writer writer(path);
  const std::string environment_id = writer.declare(random.environment());
  const std::string ceilings_id = writer.declare(random.ceilings());
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(random.record());
    records.back().environment_id = environment_id;
    records.back().ceilings_id = ceilings_id;
    writer.append(records.back());
  }
  return records;
}

bool decodes_fast(std::string line, Summary& summary) {
  if (line.ends_with('\n')) line.pop_back();
  const std::size_t length = line.size();
  line.append(detail::kLinePadding, '}');  // what lies behind a line must not matter
  return detail::SummaryDecoder().decode(std::string_view(line).substr(0, length), summary);
}

TEST(SummaryDecoder, agrees_with_the_full_decoder_on_all_that_our_writer_writes) {
  RandomTrace random(21);
  for (int i = 0; i < 500; ++i) {
    const Record record = random.record();
    Summary summary;
    ASSERT_TRUE(decodes_fast(detail::format_line(record), summary)) << detail::format_line(record);
    EXPECT_EQ(summary, summarize(record));
  }
}

TEST(SummaryDecoder, leaves_every_line_that_was_cut_to_the_full_decoder) {
  RandomTrace random(22);
  const std::string line = detail::format_line(random.record());
  for (std::size_t length = 0; length + 1 < line.size(); ++length) {
    Summary summary;
    EXPECT_FALSE(decodes_fast(line.substr(0, length), summary)) << line.substr(0, length);
  }
}

TEST(SummaryDecoder, leaves_glued_lines_and_odd_values_to_the_full_decoder) {
  Summary summary;
  const std::string line = kPlainRecord.substr(0, kPlainRecord.size() - 1);
  EXPECT_TRUE(decodes_fast(line, summary));
  EXPECT_FALSE(decodes_fast(line + line, summary));
  EXPECT_FALSE(decodes_fast(line + "x", summary));
  EXPECT_FALSE(decodes_fast(R"({"line":"record","schema":1})", summary));
  EXPECT_FALSE(decodes_fast("[1]", summary));
  EXPECT_FALSE(decodes_fast("", summary));
}

TEST(TraceIndex, lists_and_fetches_what_was_written) {
  const TemporaryFolder folder;
  const auto records = write_records(folder / "a.jsonl", 1, 60);
  TraceIndex index(folder / "a.jsonl");
  EXPECT_EQ(index.update(), TraceIndex::Update::current);
  ASSERT_EQ(index.rows().size(), records.size());
  const Trace trace = read_trace(folder / "a.jsonl");
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(index.rows()[i], summarize(records[i]));
    const Details details = index.details(i);
    EXPECT_EQ(details.record, records[i]);
    ASSERT_TRUE(details.environment && details.ceilings);
    EXPECT_EQ(*details.environment, *environment_of(trace, records[i]));
    EXPECT_EQ(*details.ceilings, *ceilings_of(trace, records[i]));
  }
  EXPECT_THAT(index.warnings(), IsEmpty());
  EXPECT_EQ(index.bytes_read(), index.bytes_total());
  EXPECT_THROW(index.details(records.size()), TraceError);
}

TEST(TraceIndex, stops_after_its_budget_and_goes_on_where_it_stopped) {
  const TemporaryFolder folder;
  const auto records = write_records(folder / "a.jsonl", 2, 200);
  TraceIndex index(folder / "a.jsonl");
  int calls = 0;
  std::size_t listed = 0;
  while (index.update(10'000) == TraceIndex::Update::more) {
    ++calls;
    EXPECT_GT(index.rows().size() + 2, listed);
    listed = index.rows().size();
  }
  EXPECT_GT(calls, 5);
  ASSERT_EQ(index.rows().size(), records.size());
  EXPECT_EQ(index.rows().back(), summarize(records.back()));
}

TEST(TraceIndex, follows_a_file_that_grows_byte_by_byte_and_never_lists_a_line_in_flight) {
  const TemporaryFolder folder;
  write_records(folder / "whole.jsonl", 3, 3);
  const std::string bytes = read_bytes(folder / "whole.jsonl");
  write_bytes(folder / "a.jsonl", "");
  TraceIndex index(folder / "a.jsonl");
  std::ofstream file(folder / "a.jsonl", std::ios::binary | std::ios::app);
  std::size_t lines = 0;
  for (const char byte : bytes) {
    file.put(byte).flush();
    lines += byte == '\n' ? 1 : 0;
    EXPECT_EQ(index.update(), TraceIndex::Update::current);
    EXPECT_EQ(index.rows().size(), lines < 2 ? 0 : lines - 2);  // after environment and ceilings
  }
  EXPECT_EQ(index.rows().size(), 3u);
  EXPECT_EQ(index.torn_bytes(), 0u);
  EXPECT_THAT(index.warnings(), IsEmpty());
}

TEST(TraceIndex, survives_a_torn_line_that_a_resuming_writer_replaces) {
  const TemporaryFolder folder;
  const auto records = write_records(folder / "a.jsonl", 4, 3);
  const std::string torn = R"({"schema":1,"line":"rec)";
  std::ofstream(folder / "a.jsonl", std::ios::app) << torn;
  TraceIndex index(folder / "a.jsonl");
  EXPECT_EQ(index.update(), TraceIndex::Update::current);
  EXPECT_EQ(index.torn_bytes(), torn.size());
  Writer writer(folder / "a.jsonl");
  writer.append(records[0]);
  EXPECT_EQ(index.update(), TraceIndex::Update::current);
  ASSERT_EQ(index.rows().size(), 4u);
  EXPECT_EQ(index.rows()[3], summarize(records[0]));
  EXPECT_EQ(index.torn_bytes(), 0u);
}

TEST(TraceIndex, starts_anew_when_the_file_is_replaced_or_cut) {
  const TemporaryFolder folder;
  write_records(folder / "a.jsonl", 5, 9);
  TraceIndex index(folder / "a.jsonl");
  index.update();
  write_records(folder / "b.jsonl", 6, 4);
  std::filesystem::rename(folder / "b.jsonl", folder / "a.jsonl");
  EXPECT_EQ(index.update(), TraceIndex::Update::replaced);
  EXPECT_THAT(index.rows(), IsEmpty());
  EXPECT_EQ(index.update(), TraceIndex::Update::current);
  EXPECT_EQ(index.rows().size(), 4u);
  write_bytes(folder / "a.jsonl", kPlainRecord);
  EXPECT_EQ(index.update(), TraceIndex::Update::replaced);
  index.update();
  EXPECT_EQ(index.rows().size(), 1u);
  std::filesystem::remove(folder / "a.jsonl");
  EXPECT_THROW(index.update(), TraceError);
}

TEST(TraceIndex, reads_a_record_of_another_writer_with_its_fields_in_any_order) {
  const TemporaryFolder folder;
  write_bytes(
      folder / "a.jsonl",
      R"({"problem":{"kv_len":7,"batch":1,"query_heads":8,"head_dim":64,"kv_heads":2,"x":{}},"status":"failed",)"
      R"("line":"record","kernel":{"name":"k"},"backend":"cuda","plan":null,"schema":1,"coverage":null})"
      "\r\n\n" +
          kPlainRecord);
  TraceIndex index(folder / "a.jsonl");
  index.update();
  EXPECT_THAT(index.warnings(), IsEmpty());
  ASSERT_EQ(index.rows().size(), 2u);
  EXPECT_EQ(index.rows()[0].problem.kv_len, 7);
  EXPECT_EQ(index.rows()[0].status, Status::failed);
  EXPECT_EQ(index.details(0).record.backend, Backend::cuda);
}

TEST(TraceIndex, reads_unknown_fields_of_a_newer_writer_on_the_fast_way) {
  Summary summary;
  EXPECT_TRUE(decodes_fast(
      R"({"schema":1,"line":"record","new":[{}],"backend":"sim","status":"passed","kernel":{"a":1,"name":"k","z":2},)"
      R"("problem":{"batch":1,"query_heads":8,"kv_heads":2,"head_dim":64,"kv_len":100,"later":"x"},"last":null})",
      summary));
  EXPECT_EQ(summary.kernel.name, "k");
  EXPECT_EQ(summary.problem.kv_len, 100);
}

TEST(TraceIndex, skips_bad_lines_and_says_which_and_lists_at_most_a_hundred) {
  const TemporaryFolder folder;
  std::string bytes = kPlainRecord + "{\"schema\":1,\"line\":\"record\",\n" + kPlainRecord;
  for (int i = 0; i < 150; ++i) bytes += "{}\n";
  write_bytes(folder / "a.jsonl", bytes + kPlainRecord);
  TraceIndex index(folder / "a.jsonl");
  index.update();
  EXPECT_EQ(index.rows().size(), 3u);
  ASSERT_EQ(index.warnings().size(), 101u);
  EXPECT_THAT(index.warnings()[0], HasSubstr("a.jsonl:2: not valid JSON at byte"));
  EXPECT_THAT(index.warnings()[1], HasSubstr("a.jsonl:4: field /schema is missing"));
  EXPECT_THAT(index.warnings()[100], HasSubstr("51 more lines were skipped"));
}

}  // namespace
}  // namespace kvroof::traces
