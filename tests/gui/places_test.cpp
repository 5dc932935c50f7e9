// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "gui/models/charts/places.hpp"

namespace kvroof::gui {
namespace {

constexpr std::array kSteps{Step::left, Step::right, Step::up, Step::down, Step::first, Step::last};

Chart timeline(std::vector<Span> spans) {
  Chart chart;
  chart.x.quantity = Quantity::timeNs;
  chart.y.categories = {"stream 7", "stream 14", "stream 21"};
  chart.spans = std::move(spans);
  return chart;
}

TEST(Places, of_a_timeline_are_walked_in_time_on_a_stream_whatever_their_order_in_the_file) {
  const Chart chart = timeline({{20, 30, 0, 0, "c"},
                                {0, 10, 0, 0, "a"},
                                {21, 25, 2, 0, "z"},
                                {0, 10, 0, 0, "b"},  // at the same time as a
                                {0, 0, 2, 0, "y"}});
  EXPECT_EQ(nextPlace(chart, 1, Step::right), 3u);
  EXPECT_EQ(nextPlace(chart, 3, Step::right), 0u);
  EXPECT_EQ(nextPlace(chart, 0, Step::right), 0u);
  EXPECT_EQ(nextPlace(chart, 0, Step::left), 3u);
  EXPECT_EQ(nextPlace(chart, 1, Step::left), 1u);
  EXPECT_EQ(nextPlace(chart, 0, Step::up), 2u) << "over the empty stream to the nearest in time";
  EXPECT_EQ(nextPlace(chart, 1, Step::up), 4u);
  EXPECT_EQ(nextPlace(chart, 2, Step::down), 0u);
  EXPECT_EQ(nextPlace(chart, 2, Step::up), 2u);
  EXPECT_EQ(nextPlace(chart, 0, Step::first), 1u);
  EXPECT_EQ(nextPlace(chart, 0, Step::last), 2u);
  EXPECT_EQ(placeAt(chart, {0, 2.1}, 0.5), 4u) << "one of no length";
  EXPECT_EQ(placeAt(chart, {15, 0}, 0.5), std::nullopt);
}

TEST(Places, of_one_cell_block_or_bar_lead_nowhere) {
  Chart cell;
  cell.grid = Grid{.numColumns = 1, .numRows = 1, .values = {kNotKnown}};
  Chart bar;
  bar.x.categories = {"1 µs"};
  bar.bars = {{.name = "kept", .heights = {kNotKnown}}};
  for (const Chart& chart : {cell, bar, timeline({{0, 1, 0, 0, "only"}})}) {
    ASSERT_EQ(numPlaces(chart), 1u);
    for (const Step step : kSteps) EXPECT_EQ(nextPlace(chart, 0, step), 0u);
    EXPECT_FALSE(placeText(chart, 0).isEmpty());
  }
  EXPECT_TRUE(placeText(cell, 0).contains("n/a")) << placeText(cell, 0).toStdString();
}

TEST(Places, are_none_where_records_are_walked) {
  Chart crossover, bytes;
  crossover.grid = Grid{.numColumns = 1, .numRows = 1, .values = {1}, .rows = {0}};
  bytes.bars = {{.name = "keys", .heights = {1}}};
  bytes.barRows = {0};
  for (const Chart& chart : {Chart(), crossover, bytes}) {
    EXPECT_EQ(numPlaces(chart), 0u);
    EXPECT_EQ(placeAt(chart, {0, 0}, 1), std::nullopt);
  }
}

TEST(Places, of_a_cache_say_where_they_are_how_large_and_what_was_pruned) {
  Chart chart;
  chart.grid = Grid{.numColumns = 2,
                    .numRows = 2,
                    .values = {1, 2, 3, 4.5},
                    .pruned = {0, 1, 0.25F, 1},
                    .valueLabel = "|key|"};
  EXPECT_EQ(placeText(chart, 3), "token 1, channel 1: |key| 4.5, pruned");
  EXPECT_EQ(placeText(chart, 0), "token 0, channel 0: |key| 1, kept");
  chart.y.perUnit = 8;
  EXPECT_EQ(placeText(chart, 2).replace(QChar(0x202F), ' '),
            "tokens from 8, channel 0: |key| 3, 25 % pruned");
  EXPECT_EQ(placeAt(chart, {1.4, 0.6}, 0), 3u);
  EXPECT_EQ(placeAt(chart, {1.6, 0.6}, 0), std::nullopt);
}

}  // namespace
}  // namespace kvroof::gui
