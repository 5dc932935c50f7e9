// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/inspect.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace kvroof::analysis {
namespace {

CacheSource source_of(double outlier_strength) {
  CacheSource source;
  source.synthetic.batch = 2;
  source.synthetic.query_heads = 4;
  source.synthetic.kv_heads = 2;
  source.synthetic.kv_len = 300;
  source.synthetic.seed = 1;
  source.synthetic.outlier_strength = outlier_strength;
  return source;
}

Inspection inspected(const CacheSource& source, const InspectConfig& config = {}) {
  return inspect(source, load_cache(source), config);
}

TEST(Inspect, shows_the_outlier_channels_of_synthetic_keys_and_none_of_values) {
  for (const InspectedHead& head : inspected(source_of(1)).heads) {
    EXPECT_EQ(head.magnitudes.outliers.empty(), head.side == Operand::kValues);
    EXPECT_EQ(head.magnitudes.channel_evenness < 0.5, head.side == Operand::kKeys);
  }
  for (const InspectedHead& head : inspected(source_of(0)).heads)
    EXPECT_TRUE(head.magnitudes.outliers.empty());
}

TEST(Inspect, looks_at_the_sequence_asked_for) {
  InspectConfig second;
  second.sequence = 1;
  EXPECT_NE(inspected(source_of(1)).heads[0].magnitudes.all.mean,
            inspected(source_of(1), second).heads[0].magnitudes.all.mean);
  second.sequence = 2;
  EXPECT_THROW(inspected(source_of(1), second), std::invalid_argument);
}

TEST(Inspect, tells_what_the_rule_keeps) {
  InspectConfig config;
  config.keys = {prune::Rule::kPerTokenMagnitude, 0.7};
  config.values = {prune::Rule::kNone, 0};
  config.dense = {.sinks = 0, .window = 44};  // 256 of 300 tokens are pruned
  const Inspection inspection = inspected(source_of(1), config);
  EXPECT_DOUBLE_EQ(inspection.heads[0].kept_share, (256 * 40 + 44 * 128) / (300.0 * 128));
  EXPECT_DOUBLE_EQ(inspection.heads[2].kept_share, 1);
}

TEST(InspectJson, is_what_the_viewer_reads) {
  InspectConfig config;
  config.tokens_per_cell = 7;
  const Inspection inspection = inspected(source_of(1), config);
  const std::string text = inspect_json(inspection);
  EXPECT_NE(text.substr(0, 100).find("\"kvroof-inspect\""), std::string::npos);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["schema"], 1);
  ASSERT_EQ(json["planes"].size(), 4u);
  const auto& plane = json["planes"][3];
  EXPECT_EQ(plane["side"], "values");
  EXPECT_EQ(plane["head"], 1);
  EXPECT_EQ(plane["num_tokens"], 43);  // rows of cells
  EXPECT_EQ(plane["num_channels"], 128);
  EXPECT_EQ(plane["tokens_per_cell"], 7);
  EXPECT_EQ(plane["magnitudes"].size(), 43u * 128);
  EXPECT_EQ(plane["kept"].size(), 43u * 128);
  EXPECT_NEAR(plane["magnitudes"][5].get<double>(), inspection.heads[3].cells(0, 5), 1e-3);
  EXPECT_EQ(plane["statistics"]["channels"]["mean"].size(), 128u);
  EXPECT_EQ(plane["statistics"]["tokens"]["max"].size(), 300u);
}

TEST(InspectJson, averages_long_caches_to_at_most_256_rows) {
  CacheSource source = source_of(1);
  source.synthetic.kv_len = 1025;
  const Inspection inspection = inspected(source);
  EXPECT_EQ(inspection.tokens_per_cell, 5);
  EXPECT_EQ(inspection.heads[0].cells.rows(), 205);
}

TEST(InspectTables, have_a_row_per_head_and_per_line) {
  const Inspection inspection = inspected(source_of(1));
  EXPECT_EQ(head_table(inspection).rows.size(), 4u);
  EXPECT_EQ(line_table(inspection).rows.size(), 4u * (128 + 300));
}

}  // namespace
}  // namespace kvroof::analysis
