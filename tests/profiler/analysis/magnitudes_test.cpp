// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/magnitudes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kvroof::analysis {
namespace {

using reference::Mask;
using reference::Matrix;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Magnitudes, are_those_of_channels_tokens_and_all) {
  Matrix rows(2, 3);
  rows << 1, -2, 0,  //
      -3, 4, 0;
  const HeadMagnitudes head = measure_magnitudes(rows, 3);
  EXPECT_DOUBLE_EQ(head.channels[0].mean, 2);
  EXPECT_DOUBLE_EQ(head.channels[1].rms, std::sqrt(10.0));
  EXPECT_DOUBLE_EQ(head.channels[1].max, 4);
  EXPECT_DOUBLE_EQ(head.tokens[1].mean, 7.0 / 3);
  EXPECT_DOUBLE_EQ(head.all.mean, 10.0 / 6);
  EXPECT_DOUBLE_EQ(head.all.max, 4);
  EXPECT_DOUBLE_EQ(head.median_channel_mean, 2);
}

TEST(Magnitudes, find_outlier_channels_the_strongest_first) {
  Matrix rows = Matrix::Constant(10, 8, 1.0);
  rows.col(2).setConstant(-3);
  rows.col(5).setConstant(12);
  rows.col(7).setConstant(2.99);
  const HeadMagnitudes head = measure_magnitudes(rows, 3);
  ASSERT_EQ(head.outliers.size(), 2u);
  EXPECT_EQ(head.outliers[0].channel, 5);
  EXPECT_DOUBLE_EQ(head.outliers[0].ratio, 12);
  EXPECT_EQ(head.outliers[1].channel, 2);
}

TEST(Magnitudes, are_even_when_all_are_alike_and_uneven_when_one_has_all) {
  EXPECT_DOUBLE_EQ(measure_magnitudes(Matrix::Constant(5, 4, -2), 3).channel_evenness, 1);
  EXPECT_DOUBLE_EQ(measure_magnitudes(Matrix::Constant(5, 4, -2), 3).token_evenness, 1);
  Matrix rows = Matrix::Zero(5, 4);
  rows(3, 1) = 7;
  EXPECT_DOUBLE_EQ(measure_magnitudes(rows, 3).channel_evenness, 1.0 / 4);
  EXPECT_DOUBLE_EQ(measure_magnitudes(rows, 3).token_evenness, 1.0 / 5);
  EXPECT_DOUBLE_EQ(measure_magnitudes(Matrix::Zero(5, 4), 3).channel_evenness, 1);
}

TEST(Magnitudes, leave_out_and_count_what_is_not_finite) {
  Matrix rows = Matrix::Constant(4, 2, 1.0);
  rows(0, 0) = kNan;
  rows(1, 0) = -kInf;
  const HeadMagnitudes head = measure_magnitudes(rows, 3);
  EXPECT_EQ(head.num_not_finite, 2);
  EXPECT_DOUBLE_EQ(head.all.mean, 1);
  EXPECT_DOUBLE_EQ(head.channels[0].max, 1);
  EXPECT_TRUE(std::isfinite(head.channel_evenness));
}

TEST(Magnitudes, of_a_head_without_rows_or_of_NaN_alone_are_zero) {
  EXPECT_EQ(measure_magnitudes(Matrix(0, 4), 3).all.mean, 0);
  const HeadMagnitudes head = measure_magnitudes(Matrix::Constant(3, 2, kNan), 3);
  EXPECT_EQ(head.num_not_finite, 6);
  EXPECT_TRUE(head.outliers.empty());
}

TEST(Cells, are_means_over_tokens_and_the_last_may_hold_fewer) {
  Matrix rows(5, 2);
  rows << 1, kNan, -3, kNan, 2, 5, 4, -5, -9, 0;
  const Matrix cells = magnitude_cells(rows, 2);
  ASSERT_EQ(cells.rows(), 3);
  EXPECT_DOUBLE_EQ(cells(0, 0), 2);
  EXPECT_TRUE(std::isnan(cells(0, 1)));
  EXPECT_DOUBLE_EQ(cells(1, 0), 3);
  EXPECT_DOUBLE_EQ(cells(2, 0), 9);
}

TEST(Cells, of_a_mask_are_shares) {
  Mask mask = Mask::Constant(3, 2, true);
  mask(1, 0) = false;
  const Matrix cells = kept_cells(mask, 2);
  EXPECT_DOUBLE_EQ(cells(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(cells(0, 1), 1);
  EXPECT_DOUBLE_EQ(cells(1, 0), 1);
}

}  // namespace
}  // namespace kvroof::analysis
