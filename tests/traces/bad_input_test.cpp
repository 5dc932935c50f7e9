// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <random>

#include "tests/traces/random_trace.hpp"
#include "tests/traces/temporary_folder.hpp"
#include "traces/index.hpp"
#include "traces/line.hpp"
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

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const TraceError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// What both readers say about a file with this content; they must not differ in whether it is a
/// trace.
std::string complaint_about(const std::string& bytes) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl", bytes);
  const std::string message = message_of([&] { read_trace(folder / "a.jsonl"); });
  EXPECT_EQ(message, message_of([&] { TraceIndex(folder / "a.jsonl").update(); }));
  return message;
}

const std::string kPlainRecord =
    R"({"schema":1,"line":"record","backend":"sim","status":"passed","kernel":{"name":"k"},)"
    R"("problem":{"batch":1,"query_heads":8,"kv_heads":2,"head_dim":64,"kv_len":100}})"
    "\n";

/// The plain record with one piece of its text replaced, as the second line of a file.
std::string complaint_about_record_with(const std::string& piece, const std::string& replacement) {
  std::string line = kPlainRecord;
  const std::size_t place = line.find(piece);
  EXPECT_NE(place, std::string::npos) << piece;
  line.replace(place, piece.size(), replacement);
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl", kPlainRecord + line);
  return message_of([&] { read_trace(folder / "a.jsonl"); });
}

TEST(BadFile, gets_a_sentence_that_names_it_and_shows_how_it_begins) {
  EXPECT_THAT(
      complaint_about(std::string("\x7f\x45LF\x02\x01\x01\0\0\0", 10)),
      HasSubstr(
          R"(a.jsonl: is not a kvroof trace (JSON Lines): it has no whole line; it begins with "\x7fELF\x02\x01\x01\x00\x00\x00")"));
  EXPECT_THAT(complaint_about("time,value\n1,2\n"), HasSubstr("is not a kvroof trace"));
  EXPECT_THAT(complaint_about("[1,2]\n"), HasSubstr("expected a JSON object, got a list of 2"));
  EXPECT_THAT(complaint_about("{\"a\":1}\n"), HasSubstr("field /schema is missing"));
}

TEST(BadFile, of_a_newer_schema_asks_for_a_newer_program_wherever_the_line_stands) {
  const std::string newer = "{\"schema\":7,\"line\":\"record\",\"anything\":[]}\n";
  EXPECT_THAT(
      complaint_about(newer),
      HasSubstr("a.jsonl:1: written with trace schema 7, this build reads up to 1: update kvroof"));
  EXPECT_THAT(complaint_about(kPlainRecord + newer),
              HasSubstr("a.jsonl:2: written with trace schema 7"));
}

TEST(BadFile, that_is_empty_is_a_trace_with_nothing_in_it_and_a_warning) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl", "");
  const Trace trace = read_trace(folder / "a.jsonl");
  EXPECT_THAT(trace.records, IsEmpty());
  EXPECT_THAT(trace.warnings, ElementsAre(HasSubstr("a.jsonl: is empty")));
  TraceIndex index(folder / "a.jsonl");
  EXPECT_EQ(index.update(), TraceIndex::Update::current);
  EXPECT_THAT(index.rows(), IsEmpty());
}

TEST(BadFile, that_is_missing_a_folder_or_a_pipe_is_named) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { read_trace(folder / "no.jsonl"); }),
              HasSubstr("no.jsonl: cannot be opened (No such file or directory)"));
  EXPECT_THAT(message_of([&] { read_trace(folder.path()); }), HasSubstr("is a folder, not a file"));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(message_of([&] { read_trace(folder / "pipe"); }), HasSubstr("is a device or a pipe"));
}

TEST(BadFile, with_an_endless_line_is_refused_without_reading_all_of_it) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl", "{\"schema\":1");
  std::filesystem::resize_file(folder / "a.jsonl",
                               std::uintmax_t{1} << 40);  // sparse: takes no space on disk
  EXPECT_THAT(message_of([&] { read_trace(folder / "a.jsonl"); }),
              HasSubstr("a.jsonl:1: the line is longer than 64 MiB"));
  EXPECT_THAT(message_of([&] { Writer writer(folder / "a.jsonl"); }),
              HasSubstr("longer than 64 MiB"));
}

TEST(BadLine, names_file_line_and_field_and_what_came) {
  EXPECT_THAT(complaint_about_record_with("\"batch\":1", "\"batch\":1.5"),
              HasSubstr("a.jsonl:2: field /problem/batch: expected an integer, got 1.5"));
  EXPECT_THAT(complaint_about_record_with("\"batch\":1", "\"batch\":\"many\""),
              HasSubstr("field /problem/batch: expected an integer, got \"many\""));
  EXPECT_THAT(complaint_about_record_with("\"batch\":1", "\"batch\":18446744073709551615"),
              HasSubstr("expected a smaller integer, got 18446744073709551615"));
  EXPECT_THAT(complaint_about_record_with("\"batch\":1", "\"batch\":1e999"),
              HasSubstr("a number is out of range"));
  EXPECT_THAT(complaint_about_record_with("\"batch\":1", "\"seed\":-1,\"batch\":1"),
              HasSubstr("field /problem/seed: expected an integer that is not negative, got -1"));
  EXPECT_THAT(complaint_about_record_with("\"batch\":1,", ""),
              HasSubstr("field /problem/batch is missing"));
  EXPECT_THAT(complaint_about_record_with("\"sim\"", "\"tpu\""),
              HasSubstr("field /backend: expected one of sim, cuda, got \"tpu\""));
  EXPECT_THAT(complaint_about_record_with("{\"name\":\"k\"}", "[]"),
              HasSubstr("field /kernel: expected an object, got a list of 0"));
  EXPECT_THAT(complaint_about_record_with("\"status\"", "\"plan\":{\"grid\":[1,2]},\"status\""),
              HasSubstr("field /plan/grid: expected a list of 3, got a list of 2"));
  EXPECT_THAT(complaint_about_record_with("\"status\"", "\"axes\":{\"a\":true},\"status\""),
              HasSubstr("field /axes/a: expected text, got true"));
  EXPECT_THAT(
      complaint_about_record_with("\"status\"", "\"times\":[{\"name\":\"\xff\"}],\"status\""),
      HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(complaint_about_record_with(
                  "\"status\"", "\"phases\":[{\"name\":\"a\",\"time_ns\":true}],\"status\""),
              HasSubstr("field /phases/0/time_ns: expected a number, got true"));
}

TEST(BadLine, roof_with_the_unit_of_another_level_is_refused) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl",
              R"({"schema":1,"line":"ceilings","id":"c","device":"d","roofs":[{"level":"dram",)"
              R"("kind":"measured","value":1.0,"unit":"GB/s"}]})"
              "\n");
  EXPECT_THAT(message_of([&] { read_trace(folder / "a.jsonl"); }),
              HasSubstr("field /roofs/0/unit: expected \"bytes_per_s\", got \"GB/s\""));
}

TEST(BadLine, nested_without_end_is_refused_before_anything_recurses) {
  const std::string deep(200'000, '[');
  EXPECT_THAT(complaint_about_record_with("\"status\"", "\"x\":" + deep + ",\"status\""),
              HasSubstr("nested deeper than 64"));
  const std::string closed = deep + std::string(200'000, ']');
  EXPECT_THAT(complaint_about_record_with("\"status\"", "\"x\":" + closed + ",\"status\""),
              HasSubstr("nested deeper than 64"));
}

TEST(BadLine, in_the_middle_can_be_reported_and_skipped) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl", kPlainRecord + "garbage\n" + kPlainRecord);
  EXPECT_THAT(message_of([&] { read_trace(folder / "a.jsonl"); }),
              HasSubstr("a.jsonl:2: not valid JSON"));
  const Trace trace = read_trace(folder / "a.jsonl", OnBadLine::warn);
  EXPECT_EQ(trace.records.size(), 2u);
  EXPECT_THAT(trace.warnings,
              ElementsAre(HasSubstr(
                  "a.jsonl:2: not valid JSON at byte 1 of the line; the line was skipped")));
}

TEST(MissingReference, is_reported_and_the_record_is_still_read) {
  const TemporaryFolder folder;
  std::string line = kPlainRecord;
  line.insert(line.find("\"status\""), "\"environment_id\":\"env-lost\",");
  write_bytes(folder / "a.jsonl", line);
  const Trace trace = read_trace(folder / "a.jsonl");
  EXPECT_THAT(trace.warnings,
              ElementsAre(HasSubstr("1 of 1 records name an environment or ceilings")));
  EXPECT_EQ(environment_of(trace, trace.records.at(0)), nullptr);
  TraceIndex index(folder / "a.jsonl");
  index.update();
  EXPECT_FALSE(index.details(0).environment.has_value());
}

/// Reads a file in every way there is; anything but success and TraceError is a bug.
void read_in_every_way(const std::filesystem::path& path) {
  try {
    read_trace(path, OnBadLine::warn);
  } catch (const TraceError&) {
  }
  try {
    TraceIndex index(path);
    index.update();
    for (std::size_t i = 0; i < index.rows().size(); ++i) {
      try {
        index.details(i);
      } catch (const TraceError&) {
      }
    }
  } catch (const TraceError&) {
  }
  try {
    Writer writer(path);
    writer.append(Record{});
  } catch (const TraceError&) {
  }
}

TEST(Fuzz, of_seeded_damage_ends_in_success_or_a_trace_error) {
  const TemporaryFolder folder;
  const auto path = folder / "a.jsonl";
  std::mt19937 random(71);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  static const std::string kTokens[] = {"null", "{}",      "[]",  "-1",  "1e308", "\"\"",
                                        "true", "\\u0000", "\"",  "{",   "}",     "\n",
                                        "[",    ",",       "0.5", "\xff"};
  for (std::uint32_t round = 0; round < 600; ++round) {
    RandomTrace values(round);
    std::filesystem::remove(path);
    std::filesystem::remove(folder / "a.jsonl.torn");
    {
      Writer writer(path);
      writer.declare(values.environment());
      writer.declare(values.ceilings());
      writer.append(values.record());
      writer.append(values.record());
    }
    std::string bytes = read_bytes(path);
    for (std::size_t edits = 1 + below(6); edits > 0; --edits) {
      const std::size_t place = below(bytes.size());
      switch (below(4)) {
        case 0: bytes[place] = static_cast<char>(below(256)); break;
        case 1: bytes.erase(place, 1 + below(20)); break;
        case 2: bytes.insert(place, kTokens[below(std::size(kTokens))]); break;
        default: {  // one value for another
          const std::size_t colon = bytes.find(':', place);
          if (colon == std::string::npos) break;
          const std::size_t end = bytes.find_first_of(",}", colon);
          bytes.replace(colon + 1, end - colon - 1, kTokens[below(std::size(kTokens))]);
        }
      }
      if (bytes.empty()) bytes = "x";
    }
    write_bytes(path, bytes);
    ASSERT_NO_THROW(read_in_every_way(path)) << "round " << round;
  }
}

TEST(Fuzz, index_and_full_reader_agree_on_which_lines_are_records) {
  const TemporaryFolder folder;
  std::mt19937 random(72);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  int listed = 0;
  for (std::uint32_t round = 0; round < 300; ++round) {
    RandomTrace values(round);
    std::string line = detail::format_line(values.record());
    line[below(line.size() - 1)] = "x0\"{}:,[-"[below(9)];
    write_bytes(folder / "a.jsonl", kPlainRecord + line);
    const Trace trace = read_trace(folder / "a.jsonl", OnBadLine::warn);
    TraceIndex index(folder / "a.jsonl");
    index.update();
    if (trace.records.size() < 2) {
      // The index does not look into what it leaves out: there it may list a line that details()
      // then refuses.
      if (index.rows().size() == 2) {
        EXPECT_THROW(index.details(1), TraceError) << line;
      }
      continue;
    }
    ++listed;
    ASSERT_EQ(index.rows().size(), 2u) << line;
    if (line.find("null_reasons") == std::string::npos) {  // a NaN is not equal to itself
      EXPECT_EQ(index.rows()[1], summarize(trace.records[1])) << line;
    }
  }
  EXPECT_GT(listed, 50);
}

}  // namespace
}  // namespace kvroof::traces
