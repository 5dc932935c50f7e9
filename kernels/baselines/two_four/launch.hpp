// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/baselines/two_four/plan.hpp"
#include "kernels/device.hpp"

namespace kvroof::two_four {

/// Throws std::invalid_argument with a sentence unless the 2:4 decode can serve the problem.
void validate(const attention::DecodeProblem& problem);

/// One decode step over a cache pruned 2:4, on sparse tensor-core instructions: keys along
/// channels, values along tokens. The problem is attention's, with 2:4 chunks (format/two_four.hpp)
/// for key and value chunks and head_dim / 2 elements kept. A pruned element takes no part at all,
/// where a zero would turn an infinite query to NaN. Throws as attention::launch() does.
void launch(const attention::DecodeProblem& problem, const attention::DecodePlan& plan,
            Device& device);

}  // namespace kvroof::two_four
