// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/model/catalogue.hpp"
#include "profiler/model/sample_decode.hpp"
#include "profiler/sweep/sweep.hpp"

namespace kvroof::sweep {

/// The decode step of a case as the model sees it; its pointers are null.
model::DecodeCase decode_case(const validate::Case& one);

/// Adds modelled times to the records of attention. The sparse decode gets a prediction for each
/// device, the first of which is the record's own; any other kernel one for that device, from the
/// counters of its simulated launch. On the simulator, where nothing is timed, the first prediction
/// is also the record's time. Every kernel with bytes gets floors, from the roofs of the first
/// device.
Complete model_times(std::vector<model::DeviceModel> devices);

/// The devices to model for: the record's own, then those named, each once. A device that the
/// catalogue does not know has no model: the list is then empty, whatever was named. Throws
/// std::invalid_argument for a name that the catalogue does not have.
std::vector<model::DeviceModel> devices_to_model(const model::Catalogue& catalogue,
                                                 const std::string& driver_name,
                                                 const std::vector<std::string>& names);

}  // namespace kvroof::sweep
