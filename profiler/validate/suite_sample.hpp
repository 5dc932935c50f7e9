// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "profiler/validate/case.hpp"

namespace kvroof::validate {

/// One property of a case, and what gives it each of its values; the first is what a base has.
using Property = std::vector<std::function<void(Case&)>>;

/// Cases that together show every pair of values of two properties that goes together, far fewer
/// than the product of all: pairwise testing, by a greedy search (Cohen et al., The AETG system,
/// IEEE Transactions on Software Engineering 23(7), 1997).
///
/// `finish` makes a case of what the values left (a method may fix properties it does not heed) and
/// returns false when there is no such case. Deterministic: the same arguments give the same cases.
/// A pair counts as going together when a case with it is found within a few hundred attempts.
/// Every value must leave a case alone that has it already.
std::vector<Case> pairwise_sample(const Case& base, const std::vector<Property>& properties,
                                  const std::function<bool(Case&)>& finish);

/// The sample of the full suite: methods, rules, sparsities, head_dims, types, groups, lengths,
/// windows, sinks, growth, blocks and strengths of outliers, over all that the kernels accept.
const std::vector<Case>& sampled_cases();

}  // namespace kvroof::validate
