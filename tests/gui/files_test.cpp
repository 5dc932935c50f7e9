// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gui/models/charts/charts.hpp"
#include "gui/models/charts/csv.hpp"
#include "gui/models/data/inspect_file.hpp"
#include "tests/gui/fixtures.hpp"

namespace kvroof::gui {
namespace {

TEST(Csv, quotes_separators_and_disarms_formulas) {
  EXPECT_EQ(csvLine({"a,b", "say \"x\"", "=1+1", "-2.5", "line\nbreak"}),
            "\"a,b\",\"say \"\"x\"\"\",'=1+1,-2.5,\"line\nbreak\"\r\n");
  EXPECT_EQ(csvNumber(0.1), "0.1");
  EXPECT_EQ(csvNumber(std::nan("")), "");
}

TEST(Csv, of_every_view_says_quantity_and_unit) {
  Dataset data;
  test::fill(data, test::makeSyntheticSweep());
  const auto rows = allRows(data);
  traces::Details details{
      .record = test::makeSyntheticSweep().records[0], .environment = {}, .ceilings = {}};
  const test::Folder folder;
  test::writeSyntheticInspect(folder.path("i.json"), 1);
  const InspectFile inspect = readInspect(QString::fromStdString(folder.path("i.json")));
  const std::map<QString, QString> headers{
      {"bandwidth",
       "kind,\"x: arithmetic intensity, useful FLOP per byte moved (FLOP/B)\",y: useful rate "
       "(FLOP/s),low,"},
      {"latency",
       "kind,\"x: context length, kv_len (tokens)\",y: time of one decode step (ns),low,"},
      {"compression", "kind,x: effective compression: dense bytes / DRAM bytes moved,y: speed-up"},
      {"throughput", "kind,x: bytes moved (B),y: bytes moved / time (B/s),low,"},
      {"bytes", "sparsity,part,bytes per token of the cache (B)\r"},
      {"breakdown", "sparsity,part,time (ns)\r"},
      {"timeline", "lane,start_ns,end_ns,text\r"},
      {"samples", "time of one sample (ns),part,samples\r"},
      {"cache", "token,channel,|key|,text,kept\r"},
  };
  for (const auto& [view, header] : headers) {
    ChartInput input = test::inputOf(data, rows);
    input.currentRow = 0;
    input.details = &details;
    input.inspect = &inspect;
    const Chart chart = findChartView(view)->build(input);
    ASSERT_FALSE(chart.isEmpty()) << view.toStdString() << ": " << chart.emptyReason.toStdString();
    const QString csv = chartAsCsv(data, chart);
    EXPECT_TRUE(csv.startsWith(header)) << csv.section('\n', 0, 0).toStdString();
    const QStringList first = csv.section("\r\n", 1, 1).split(',');
    if (view == "samples") {
      bool isNumber = false;
      EXPECT_GT(first[0].toDouble(&isNumber), 0);
      EXPECT_TRUE(isNumber) << first[0].toStdString();
    }
    EXPECT_TRUE(view != "cache" || first.back() == "0" || first.back() == "1");
  }
}

TEST(InspectFile, bad_files_are_refused_with_a_reason) {
  const test::Folder folder;
  const auto complaint = [&](const std::string& text) -> std::string {
    try {
      readInspect(QString::fromStdString(folder.write("i.json", text)));
    } catch (const InspectError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(complaint("{"), testing::HasSubstr("no JSON"));
  EXPECT_THAT(complaint("{\"format\":\"x\"}"), testing::HasSubstr("kvroof-inspect"));
  EXPECT_THAT(complaint("{\"format\":\"kvroof-inspect\",\"schema\":2}"),
              testing::HasSubstr("schema 2"));
  EXPECT_THAT(complaint("{\"format\":\"kvroof-inspect\",\"schema\":1,\"planes\":[]}"),
              testing::HasSubstr("no planes"));
  const std::string head =
      "{\"format\":\"kvroof-inspect\",\"schema\":1,\"planes\":[{\"side\":\"keys\",";
  EXPECT_THAT(complaint(head + "\"num_tokens\":2,\"num_channels\":2,\"magnitudes\":[1,2,3]}]}"),
              testing::HasSubstr("must hold 4 numbers"));
  EXPECT_THAT(complaint(head + "\"num_tokens\":1e9,\"num_channels\":1e9,\"magnitudes\":[]}]}"),
              testing::HasSubstr("num_tokens"));
  EXPECT_EQ(complaint(head + "\"num_tokens\":1,\"num_channels\":2,\"magnitudes\":[1,null]}]}"), "");
  const std::string two = head + "\"num_tokens\":1,\"num_channels\":2,\"magnitudes\":[1,2],";
  EXPECT_THAT(complaint(two + "\"kept\":[1]}]}"), testing::HasSubstr("/kept must hold 2"));
  EXPECT_THAT(complaint(two + "\"kept\":\"all\"}]}"), testing::HasSubstr("/kept must hold 2"));
  EXPECT_EQ(complaint(two + "\"kept\":null}]}"), "");
  EXPECT_THAT(complaint(two + "\"tokens_per_cell\":\"8\"}]}"),
              testing::HasSubstr("tokens_per_cell"));
  EXPECT_THAT(complaint(two + "\"layer\":1}, 7]}"), testing::HasSubstr("/planes/1/"));
  EXPECT_THAT(complaint("[" + two + "\"layer\":1}]}]"), testing::HasSubstr("no inspect file"));
  EXPECT_THAT(complaint(two + "\"layer\":1}]} x"), testing::HasSubstr("no JSON"));
  EXPECT_THAT(complaint(std::string(1 << 20, '[')), testing::HasSubstr("no JSON"));
  EXPECT_THAT(complaint(""), testing::HasSubstr("breaks at byte"));
}

TEST(InspectFile, fields_may_come_in_any_order_and_unknown_ones_are_left_alone) {
  const test::Folder folder;
  const InspectFile inspect = readInspect(QString::fromStdString(folder.write(
      "i.json",
      R"({"planes":[{"kept":[1,0],"magnitudes":[0.5,[3,{"side":"x"}]],"later":{"side":"keys","kept":[9]},
          "num_channels":2,"num_tokens":1,"head":3,"layer":1e30,"side":"values"}],
          "more":[{"format":"no"},{"planes":[1]}],"rule":"r","schema":1,"format":"kvroof-inspect"})")));
  ASSERT_EQ(inspect.planes.size(), 1u);
  const InspectPlane& plane = inspect.planes[0];
  EXPECT_EQ(plane.side, "values");
  EXPECT_EQ(plane.head, 3);
  EXPECT_EQ(plane.layer, 0) << "no whole number that is one";
  EXPECT_THAT(plane.magnitudes, testing::ElementsAre(0.5F, testing::IsNan()));
  EXPECT_THAT(plane.kept, testing::ElementsAre(1, 0));
  EXPECT_EQ(inspect.rule, "r");
}

TEST(InspectFile, reading_stops_soon_after_it_was_cancelled_also_inside_of_a_text) {
  const test::Folder folder;
  const std::string start = "{\"format\":\"kvroof-inspect\",\"schema\":1,\"source\":\"";
  std::string cells = start + "\",\"planes\":[{\"side\":\"keys\",\"magnitudes\":[0";
  for (int i = 0; i < 1'000'000; ++i) cells += ",1.5";
  for (const std::string& text : {cells + "]}]}", start + std::string(4'000'000, 'x') + "\"}"}) {
    const QString path = QString::fromStdString(folder.write("i.json", text));
    int numAsked = 0;
    try {
      readInspect(path, [&] { return ++numAsked >= 3; });
      FAIL() << "was read to its end";
    } catch (const InspectError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("was not read to its end"));
    }
    EXPECT_EQ(numAsked, 3);
    numAsked = 0;
    EXPECT_THROW(readInspect(path, [&] { return ++numAsked < 0; }), InspectError) << "its shapes";
    EXPECT_GT(numAsked, 40);
  }
}

TEST(InspectFile, is_told_from_a_trace_whatever_its_order_of_fields) {
  const test::Folder folder;
  const auto isOne = [&](const std::string& text) {
    return isInspect(QString::fromStdString(folder.write("i.json", text)));
  };
  EXPECT_TRUE(isOne("{\"format\":\"kvroof-inspect\",\"planes\":[]}"));
  EXPECT_TRUE(isOne("{\"planes\":[{\"magnitudes\":[" + std::string(9000, '1') +
                    "]}],\"format\":\"kvroof-inspect\"}"));
  EXPECT_FALSE(isOne("{\"schema\":1,\"line\":\"record\",\"axes\":{\"planes\":\"2\"}}"));
  EXPECT_FALSE(isOne(""));
  EXPECT_FALSE(isInspect("/dev/zero"));
  EXPECT_FALSE(isInspect(folder.folder.path()));
}

}  // namespace
}  // namespace kvroof::gui
