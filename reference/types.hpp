// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

namespace kvroof::reference {

/// Rows of numbers, one row per token or per query, one column per channel.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// One number per token, channel or query.
using Vector = Eigen::VectorXd;
/// Which entries of a Matrix of the same shape survive pruning.
using Mask = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Arguments: anything Eigen can view as a row-major matrix, without a copy.
using ConstMatrix = Eigen::Ref<const Matrix>;
using ConstMask = Eigen::Ref<const Mask>;
using ConstVector = Eigen::Ref<const Vector>;

}  // namespace kvroof::reference
