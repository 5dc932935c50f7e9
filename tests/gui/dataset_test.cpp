// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "gui/models/data/column_ids.hpp"
#include "gui/models/data/derived_columns.hpp"
#include "gui/models/data/record_table.hpp"
#include "gui/models/data/row_filter.hpp"
#include "gui/models/data/trace_source.hpp"
#include "tests/gui/fixtures.hpp"
#include "traces/trace_error.hpp"

namespace kvroof::gui {
namespace {

using test::Folder;

/// Two records of one problem: dense in 1000 ns and sparse in 400 ns, moving 1 MB and 0.25 MB.
traces::Trace twoRecords() {
  traces::Trace trace;
  traces::Record dense;
  dense.kernel.name = "dense";
  dense.problem = {.batch = 1, .query_heads = 1, .kv_heads = 1, .head_dim = 64, .kv_len = 1000};
  dense.problem.keys.format = dense.problem.values.format = "dense";
  dense.times = {
      {.name = "cold", .statistics = {.count = 5, .median_ns = 1000, .q1_ns = 990, .q3_ns = 1010}}};
  dense.work = traces::Work{.useful_flops = 4e6, .dense_flops = 4e6};
  dense.traffic = {{traces::MemoryLevel::dram, 0.9e6, 0.1e6, traces::Provenance::measured}};
  dense.ceilings_id = "c";
  dense.bytes = traces::Bytes{.key_values = 500'000, .value_values = 500'000, .dense = 1'000'000};
  traces::Record sparse = dense;
  sparse.kernel.name = "sparse";
  sparse.problem.keys = {.requested_sparsity = 0.8, .rule = "magnitude", .format = "bitmap"};
  sparse.problem.values = sparse.problem.keys;
  sparse.times[0].statistics = {.count = 5, .median_ns = 400, .q1_ns = 390, .q3_ns = 410};
  sparse.traffic = {{traces::MemoryLevel::dram, 0.2e6, 0.05e6, traces::Provenance::measured}};
  trace.records = {dense, sparse};
  trace.ceilings["c"] = {
      .device = "d",
      .roofs = {
          {.level = traces::RoofLevel::dram, .kind = traces::RoofKind::measured, .value = 2e12}}};
  return trace;
}

TEST(Dataset, derives_rates_speed_up_and_share_of_roof_as_by_hand) {
  Dataset data;
  test::fill(data, twoRecords());
  EXPECT_DOUBLE_EQ(data.at(col::kDramRate).number(0), 1e12);
  EXPECT_DOUBLE_EQ(data.at(col::kDramShare).number(0), 0.5);
  EXPECT_DOUBLE_EQ(data.at(col::kDramIntensity).number(1), 16);
  EXPECT_DOUBLE_EQ(data.at(col::kSpeedup).number(1), 2.5);
  EXPECT_DOUBLE_EQ(data.at(col::kEffectiveCompression).number(1), 4);
  EXPECT_EQ(data.at(col::kNearestRoof).text(0), "measured DRAM roof");
}

TEST(Dataset, a_failed_or_impossible_dense_run_is_no_baseline) {
  for (const bool isImpossible : {false, true}) {
    traces::Trace trace = twoRecords();
    traces::Record bad = trace.records[0];
    bad.times[0].statistics.median_ns = 100;
    if (!isImpossible) bad.status = traces::Status::failed;
    trace.records.push_back(bad);
    Dataset data;
    test::fill(data, trace);
    EXPECT_DOUBLE_EQ(data.at(col::kSpeedup).number(1), 2.5);
    EXPECT_EQ(data.at(col::kAboveRoof).number(2), 1);
  }
}

TEST(Dataset, what_is_not_known_is_not_zero) {
  traces::Trace trace = twoRecords();
  trace.records[0].times.clear();
  trace.records[0].work.reset();
  trace.records[0].traffic.clear();
  trace.records[0].bytes.reset();
  Dataset data;
  test::fill(data, trace);
  for (const auto id : {col::kTime, col::kFlopRate, col::kDramBytes, col::kCompression,
                        col::kSpeedup, col::kRoofShare}) {
    EXPECT_TRUE(std::isnan(data.at(id).number(0))) << QString(id).toStdString();
    EXPECT_EQ(data.at(id).text(0), "");
  }
}

TEST(Dataset, a_prediction_stands_in_for_a_missing_time_and_says_so) {
  traces::Trace trace = twoRecords();
  trace.records[1].times.clear();
  trace.records[1].predictions = {{.device = "d", .time_ns = 321}};
  Dataset data;
  test::fill(data, trace);
  EXPECT_EQ(data.at(col::kTime).number(1), 321);
  EXPECT_EQ(data.at(col::kTimeProvenance).text(1), "modelled");
  EXPECT_TRUE(std::isnan(data.at(col::kSpeedup).number(1)))
      << "a modelled time was compared with a measured one";
}

TEST(Dataset, columns_that_appear_late_are_unknown_in_earlier_rows) {
  traces::Trace trace = twoRecords();
  trace.records[1].axes["splits"] = "8";
  Dataset data;
  test::fill(data, trace);
  const Column* splits = data.find(col::kAxisPrefix + QString("splits"));
  ASSERT_TRUE(splits);
  EXPECT_EQ(splits->text(0), "");
  EXPECT_EQ(splits->number(1), 8) << "an axis that is a number is ordered as one";
}

TEST(Dataset, dropping_a_file_keeps_the_rows_of_the_others) {
  Dataset data;
  test::fill(data, twoRecords(), "a.jsonl");
  test::fill(data, twoRecords(), "b.jsonl");
  data.dropFile(0);
  data.refresh();
  ASSERT_EQ(data.size(), 2u);
  EXPECT_EQ(data.at(col::kFile).text(0), "b.jsonl");
  EXPECT_EQ(data.at(col::kKernel).text(1), "sparse");
}

TEST(RowFilter, words_must_all_occur_and_a_bad_expression_changes_nothing) {
  Dataset data;
  RowFilter filter(data);
  test::fill(data, twoRecords());
  filter.setText("SPARSE magnitude", RowFilter::Syntax::words);
  EXPECT_THAT(filter.rows(), testing::ElementsAre(1));
  EXPECT_NE(filter.setText("(", RowFilter::Syntax::regex), "");
  EXPECT_THAT(filter.rows(), testing::ElementsAre(1));
  EXPECT_EQ(filter.setText("^dense$", RowFilter::Syntax::regex), "");
  EXPECT_THAT(filter.rows(), testing::ElementsAre(0))
      << "the dense kernel alone has a field that is just \"dense\"";
  filter.clear();
  filter.setAccepted(col::kSparsity, {data.at(col::kSparsity).text(1)});
  EXPECT_THAT(filter.rows(), testing::ElementsAre(1));
}

TEST(RecordTable, sorts_numbers_by_value_with_unknown_ones_last) {
  traces::Trace trace = twoRecords();
  trace.records.push_back(trace.records[0]);
  trace.records[2].times[0].statistics.median_ns = 20000;  // as text it would be before "400 ns"
  trace.records.push_back(trace.records[0]);
  trace.records[3].times.clear();
  Dataset data;
  RowFilter filter(data);
  RecordTable table(data, filter);
  test::fill(data, trace);
  int timeColumn = -1;
  for (int c = 0; c < table.columnCount(); ++c)
    if (data.columns()[static_cast<std::size_t>(c)].info().id == col::kTime) timeColumn = c;
  table.sort(timeColumn, Qt::AscendingOrder);
  EXPECT_EQ(table.datasetRow(0), 1);
  EXPECT_EQ(table.datasetRow(2), 2);
  EXPECT_EQ(table.datasetRow(3), 3);
  EXPECT_EQ(table.tableRow(2), 2);
  const QString tsv = table.asTsv({0}, {0, timeColumn});
  EXPECT_TRUE(tsv.startsWith("kernel\ttime\nsparse\t400")) << tsv.toStdString();
}

TEST(TraceSource, bad_files_give_a_sentence_that_names_them) {
  const Folder folder;
  for (const auto& [name, bytes] :
       {std::pair<std::string, std::string>{"binary.jsonl", std::string("\x7f"
                                                                        "ELF\0\1\2\3\n\0\0",
                                                                        11)},
        {"text.jsonl", "this is no trace\n"},
        {"newer.jsonl", "{\"schema\":99,\"line\":\"record\"}\n"}}) {
    TraceSource source(QString::fromStdString(folder.write(name, bytes)));
    try {
      while (!source.read(1 << 20).atEnd) {
      }
      ADD_FAILURE() << name << " was read";
    } catch (const traces::TraceError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(name));
    }
  }
  TraceSource missing(QString::fromStdString(folder.path("missing.jsonl")));
  EXPECT_THROW(missing.read(1), traces::TraceError);
}

TEST(TraceSource, empty_and_unfinished_files_are_read_with_a_warning) {
  const Folder folder;
  TraceSource empty(QString::fromStdString(folder.write("empty.jsonl", "")));
  EXPECT_TRUE(empty.read(1 << 20).batch.rows.empty());
  EXPECT_TRUE(empty.warnings().join(' ').contains("no records"));
  traces::write_trace(folder.path("t.jsonl"), twoRecords());
  std::ofstream(folder.path("t.jsonl"), std::ios::app) << "{\"schema\":1,\"line\":\"rec";
  TraceSource torn(QString::fromStdString(folder.path("t.jsonl")));
  EXPECT_EQ(torn.read(1 << 20).batch.rows.size(), 2u);
  EXPECT_TRUE(torn.warnings().join(' ').contains("unfinished line"));
}

TEST(TraceSource, rows_of_a_growing_file_arrive_once) {
  const Folder folder;
  const traces::Trace trace = twoRecords();
  traces::Writer writer(folder.path("t.jsonl"));
  writer.append(trace.records[0]);
  TraceSource source(QString::fromStdString(folder.path("t.jsonl")));
  EXPECT_EQ(source.read(1 << 20).batch.rows.size(), 1u);
  EXPECT_EQ(source.read(1 << 20).batch.rows.size(), 0u);
  writer.append(trace.records[1]);
  const auto step = source.read(1 << 20);
  ASSERT_EQ(step.batch.rows.size(), 1u);
  EXPECT_EQ(step.batch.firstRecord, 1u);
  EXPECT_EQ(source.details(1).record.kernel.name, "sparse");
}

}  // namespace
}  // namespace kvroof::gui
