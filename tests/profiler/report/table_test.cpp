// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace kvroof::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Table example() {
  return {.caption = "Example",
          .columns = {{"name", "name"}, {"size_bytes", "KiB", 1024}, {"ratio", "ratio"}},
          .rows = {{std::string("a"), std::int64_t{2048}, 0.5},
                   {std::string("b, \"c\""), Missing{}, kNaN},
                   {std::string("d|e\nf"), std::int64_t{1536}, Missing{"why not"}}},
          .notes = {"A note."}};
}

TEST(Table, TextAlignsNumbersAtTheRightAndShowsReasons) {
  const std::string text = to_text(example());
  EXPECT_THAT(text, HasSubstr("Example\nname"));
  EXPECT_THAT(text, HasSubstr("why not"));
  EXPECT_THAT(text, HasSubstr("1.5"));
  EXPECT_THAT(text, HasSubstr("A note."));
}

TEST(Table, CsvQuotesAndKeepsUnscaledNumbers) {
  EXPECT_EQ(to_csv(example()),
            "name,size_bytes,ratio\r\n"
            "a,2048,0.5\r\n"
            "\"b, \"\"c\"\"\",,nan\r\n"
            "\"d|e\nf\",1536,\r\n");
}

TEST(Table, JsonHasNullForWhatIsMissingOrNotFinite) {
  const auto document = nlohmann::json::parse(to_json(example(), "rows"));
  EXPECT_EQ(document["schema_version"], 1);
  ASSERT_EQ(document["rows"].size(), 3u);
  EXPECT_EQ(document["rows"][0]["size_bytes"], 2048);
  EXPECT_TRUE(document["rows"][1]["size_bytes"].is_null());
  EXPECT_TRUE(document["rows"][1]["ratio"].is_null());
  EXPECT_TRUE(document["rows"][2]["ratio"].is_null());
}

TEST(Table, JsonSurvivesBytesThatAreNoText) {
  Table table = example();
  table.rows[0][0] = std::string("\xff\xfe");
  EXPECT_NO_THROW(nlohmann::json::parse(to_json(table, "rows")));
}

TEST(Table, MarkdownEscapesWhatWouldEndACell) {
  const std::string text = to_markdown(example());
  EXPECT_THAT(text, HasSubstr("| d\\|e f |"));
  EXPECT_THAT(text, HasSubstr("| --- | ---: | ---: |"));
}

TEST(Table, ConstantColumnsBecomeANote) {
  Table table{.columns = {{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}},
              .rows = {{std::int64_t{1}, std::string("x"), 1.0, Missing{}},
                       {std::int64_t{1}, std::string("y"), 1.0, Missing{}}}};
  fold_constant_columns(table);
  ASSERT_EQ(table.columns.size(), 1u);
  EXPECT_EQ(table.columns[0].key, "b");
  EXPECT_THAT(table.notes, ElementsAre("In all rows: A 1, C 1."));
}

TEST(Table, OneRowKeepsItsColumnsAndNoRowsKeepsAll) {
  Table one{.columns = {{"a", "A"}, {"b", "B"}}, .rows = {{std::int64_t{1}, Missing{}}}};
  fold_constant_columns(one);
  EXPECT_EQ(one.columns.size(), 1u);
  Table none{.columns = {{"a", "A"}}};
  fold_constant_columns(none);
  EXPECT_EQ(none.columns.size(), 1u);
  EXPECT_THAT(to_text(none), HasSubstr("A"));
  EXPECT_THAT(to_json(none, "rows"), Not(HasSubstr("{\n      ")));
}

}  // namespace
}  // namespace kvroof::report
