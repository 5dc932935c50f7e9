// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "profiler/model/catalogue.hpp"
#include "profiler/report/crossover.hpp"

namespace kvroof::sweep {

/// Sparse decode of Llama-3-8B's geometry on a device, as the model predicts it, against the least
/// that a dense and a 2:4 cache take there (model/rivals.hpp): batches 1, 8 and 32, 1k to 32k
/// tokens, sparsity 0.5 to 0.9. What will not launch is left out.
std::vector<report::CrossoverPoint> modelled_crossover(const model::DeviceModel& device);

}  // namespace kvroof::sweep
