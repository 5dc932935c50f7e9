// SPDX-License-Identifier: Apache-2.0
// What happens to a file when its writer is killed, the disk is full, or the last line is torn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "tests/traces/random_trace.hpp"
#include "tests/traces/temporary_folder.hpp"
#include "traces/index.hpp"
#include "traces/read.hpp"
#include "traces/write.hpp"

namespace kvroof::traces {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RandomTrace;
using testing::read_bytes;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::write_bytes;

Record numbered_record(RandomTrace& random, std::int64_t number) {
  Record record = random.record();
  record.problem.kv_len = number;
  record.environment_id.clear();
  record.ceilings_id.clear();
  return record;
}

std::vector<Record> write_records(const std::filesystem::path& path, int count) {
  RandomTrace random(31);
  Writer writer(path);
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(numbered_record(random, i));
    writer.append(records.back());
  }
  return records;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const TraceError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(TornLine,
     at_every_byte_is_skipped_by_readers_and_mended_by_a_writer_that_loses_nothing_before_it) {
  const TemporaryFolder folder;
  std::vector<Record> records(2);  // small: each byte of them costs a sync to disk
  records[0].kernel.name = "k\u00fc";
  records[1].counters = {{"c", Counter{-1.5e-7, "B", Provenance::measured, ""}}};
  {
    Writer writer(folder / "whole.jsonl");
    for (const Record& record : records) writer.append(record);
  }
  const std::string bytes = read_bytes(folder / "whole.jsonl");
  const auto path = folder / "a.jsonl";
  const auto aside = folder / "a.jsonl.torn";
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string kept = bytes.substr(0, length);
    write_bytes(path, kept);
    std::filesystem::remove(aside);
    const auto whole = static_cast<std::size_t>(std::count(kept.begin(), kept.end(), '\n'));
    const bool torn = length > 0 && kept.back() != '\n';
    const bool lacks_newline = torn && bytes[length] == '\n';

    const Trace before = read_trace(path);
    ASSERT_EQ(before.records.size(), whole) << length;
    ASSERT_EQ(before.warnings.size(), torn || length == 0 ? 1u : 0u) << length;
    {
      Writer writer(path);
      ASSERT_EQ(writer.notices().size(), torn ? 1u : 0u) << length;
      writer.append(records[0]);
    }
    const Trace after = read_trace(path);
    ASSERT_THAT(after.warnings, IsEmpty()) << length;
    ASSERT_EQ(after.records.size(), whole + (lacks_newline ? 1 : 0) + 1) << length;
    ASSERT_EQ(after.records.back(), records[0]) << length;
    for (std::size_t i = 0; i + 1 < after.records.size(); ++i)
      ASSERT_EQ(after.records[i], records[i]) << length;
    ASSERT_EQ(std::filesystem::exists(aside), torn && !lacks_newline) << length;
    if (std::filesystem::exists(aside)) {
      const std::size_t last = kept.rfind('\n') == std::string::npos ? 0 : kept.rfind('\n') + 1;
      ASSERT_EQ(read_bytes(aside), kept.substr(last) + "\n") << length;
    }
  }
}

TEST(TornLine, that_ends_in_a_newline_or_in_zeros_is_moved_aside_too) {
  const TemporaryFolder folder;
  const auto records = write_records(folder / "a.jsonl", 2);
  const std::string whole = read_bytes(folder / "a.jsonl");
  for (const std::string& tail : {std::string("{\"schema\":1,\"li\n"), std::string(5000, '\0')}) {
    write_bytes(folder / "a.jsonl", whole + tail);
    const Writer writer(folder / "a.jsonl");
    EXPECT_THAT(writer.notices(), ElementsAre(HasSubstr("was moved to")));
    EXPECT_EQ(read_bytes(folder / "a.jsonl"), whole);
  }
}

/// Runs `action` in a child process and returns how that ended, as waitpid() tells it.
int in_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(action());
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

/// Appends numbered records for ever, and tells through the pipe how many are done after each.
[[noreturn]] void append_for_ever(const std::filesystem::path& path, int pipe_end,
                                  std::uint32_t seed) {
  RandomTrace random(seed);
  Writer writer(path);
  for (std::int64_t done = 0;; ++done) {
    writer.append(numbered_record(random, done));
    if (::write(pipe_end, &done, sizeof done) != sizeof done) ::_exit(1);
  }
}

/// The last number in the pipe; -1 when there is none.
std::int64_t last_number(int pipe_end) {
  std::int64_t last = -1;
  std::int64_t number = 0;
  while (::read(pipe_end, &number, sizeof number) == sizeof number) last = number;
  return last;
}

TEST(Kill, of_a_writer_at_a_hundred_random_moments_loses_at_most_the_line_in_flight) {
  const TemporaryFolder folder;
  RandomTrace moments(41);
  std::int64_t most_acknowledged = 0;
  for (std::uint32_t attempt = 0; attempt < 100; ++attempt) {
    const auto path = folder / "a.jsonl";
    std::filesystem::remove(path);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) append_for_ever(path, ends[1], attempt);
    ::close(ends[1]);
    std::int64_t first = -1;  // by then the file is open
    ASSERT_EQ(::read(ends[0], &first, sizeof first), static_cast<ssize_t>(sizeof first));
    std::this_thread::sleep_for(std::chrono::microseconds(moments.integer(0, 30000)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::int64_t acknowledged = std::max(first, last_number(ends[0])) + 1;
    ::close(ends[0]);
    most_acknowledged = std::max(most_acknowledged, acknowledged);

    const Trace trace = read_trace(path);
    const auto count = static_cast<std::int64_t>(trace.records.size());
    ASSERT_GE(count, acknowledged) << "attempt " << attempt;
    ASSERT_LE(count, acknowledged + 1) << "attempt " << attempt;
    for (std::int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(trace.records[static_cast<std::size_t>(i)].problem.kv_len, i)
          << "attempt " << attempt;
    }
    Writer resumed(path);  // not locked by the dead
    resumed.append(trace.records[0]);
    ASSERT_EQ(read_trace(path).records.size(), trace.records.size() + 1);
  }
  EXPECT_GT(most_acknowledged, 5) << "the children were killed too early to mean anything";
}

TEST(FullDisk, is_an_error_and_the_file_ends_with_the_last_whole_line) {
  const TemporaryFolder folder;
  const auto path = folder / "a.jsonl";
  constexpr rlim_t kLimitBytes = 20'001;
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{kLimitBytes, kLimitBytes};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
    RandomTrace random(51);
    Writer writer(path);
    try {
      for (std::int64_t i = 0; i < 1000; ++i) writer.append(numbered_record(random, i));
    } catch (const TraceError& error) {
      const std::string text = error.what();
      if (text.find("a.jsonl: cannot be written; everything before this line is intact") ==
          std::string::npos)
        return 11;
      Record small;  // fits into what the cut freed
      small.problem.kv_len = -1;
      writer.append(small);
      return 0;
    }
    return 12;
  });
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_LE(std::filesystem::file_size(path), kLimitBytes);
  EXPECT_GT(std::filesystem::file_size(path), kLimitBytes / 2);
  const Trace trace = read_trace(path);
  EXPECT_THAT(trace.warnings, IsEmpty());
  EXPECT_GT(trace.records.size(), 3u);
  EXPECT_EQ(trace.records.back().problem.kv_len, -1);
}

TEST(FullDisk, of_a_device_is_an_error_with_the_reason_of_the_system) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  RandomTrace random(52);
  Writer writer("/dev/full");
  EXPECT_THAT(message_of([&] { writer.append(random.record()); }),
              HasSubstr(std::strerror(ENOSPC)));
}

TEST(FullDisk, leaves_the_old_file_when_a_whole_trace_does_not_fit) {
  const TemporaryFolder folder;
  const auto path = folder / "a.jsonl";
  write_records(path, 2);
  const std::string before = read_bytes(path);
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{5000, 5000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
    RandomTrace random(53);
    Trace trace;
    for (int i = 0; i < 100; ++i) trace.records.push_back(random.record());
    return message_of([&] { write_trace(path, trace); }).find("cannot be written") ==
                   std::string::npos
               ? 11
               : 0;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read_bytes(path), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Writer, writes_the_same_environment_once_and_another_one_again) {
  const TemporaryFolder folder;
  RandomTrace random(61);
  Environment environment = random.environment();
  Writer writer(folder / "a.jsonl", Durability::sync);
  const std::string first = writer.declare(environment);
  EXPECT_EQ(writer.declare(environment), first);
  environment.host = "another";
  EXPECT_NE(writer.declare(environment), first);
  EXPECT_THAT(read_trace(folder / "a.jsonl").environments, SizeIs(2));
}

TEST(Writer, refuses_a_file_that_another_writer_has_open) {
  const TemporaryFolder folder;
  const Writer first(folder / "a.jsonl");
  EXPECT_THAT(message_of([&] { Writer second(folder / "a.jsonl"); }),
              HasSubstr("another process is writing it"));
}

TEST(Writer, refuses_files_that_are_no_trace_and_leaves_them_as_they_are) {
  const TemporaryFolder folder;
  for (const std::string& content :
       {std::string("dear diary"), std::string("a,b\n1,2\n"), std::string("\x7f\x45LF\0\1\n", 7),
        std::string("{\"name\":\"not ours\"}\n"), std::string("\n\nplain text")}) {
    write_bytes(folder / "a.jsonl", content);
    const std::string message = message_of([&] { Writer writer(folder / "a.jsonl"); });
    EXPECT_THAT(message, HasSubstr("is not a kvroof trace")) << content;
    EXPECT_EQ(read_bytes(folder / "a.jsonl"), content);
    EXPECT_FALSE(std::filesystem::exists(folder / "a.jsonl.torn"));
  }
}

TEST(Writer, refuses_to_append_to_a_file_of_a_newer_schema) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.jsonl", "{\"schema\":2,\"line\":\"record\"}\n");
  EXPECT_THAT(message_of([&] { Writer writer(folder / "a.jsonl"); }), HasSubstr("update kvroof"));
}

TEST(Writer, says_what_is_wrong_with_a_path) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { Writer writer(folder.path()); }),
              HasSubstr("is a folder, not a file"));
  const std::string missing = message_of([&] { Writer writer(folder / "no" / "a.jsonl"); });
  EXPECT_THAT(missing, HasSubstr("cannot be opened for writing (No such file or directory)"));
  EXPECT_THAT(missing, HasSubstr("a.jsonl"));
  EXPECT_THAT(message_of([&] { write_trace(folder / "no" / "a.jsonl", {}); }),
              HasSubstr("cannot be created"));
}

TEST(Writer, says_that_a_read_only_file_cannot_be_written) {
  const TemporaryFolder folder;
  write_records(folder / "a.jsonl", 1);
  const std::string before = read_bytes(folder / "a.jsonl");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(folder / "a.jsonl", std::filesystem::perms(0444));
  constexpr uid_t kNobody = 65534;
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::seteuid(kNobody) != 0) return 77;  // root may write anything
    const std::string message = message_of([&] { Writer writer(folder / "a.jsonl"); });
    return message.find("cannot be opened for writing (Permission denied)") == std::string::npos
               ? 11
               : 0;
  });
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "root that cannot become another user";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read_bytes(folder / "a.jsonl"), before);
}

}  // namespace
}  // namespace kvroof::traces
