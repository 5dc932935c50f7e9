// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "profiler/model/catalogue.hpp"
#include "profiler/model/predict.hpp"

namespace kvroof::model {

/// One line per device: time, binding term, rate, least trusted parameter, plan, or why it will not
/// launch.
std::string prediction_table(std::span<const Prediction> predictions);

/// All terms of one prediction, each with its formula and the source of its parameters.
std::string prediction_details(const Prediction& prediction);

/// The devices of a catalogue, one line each; with `parameters` all their numbers with sources.
std::string catalogue_table(const Catalogue& catalogue, bool parameters);

/// One prediction as JSON: terms, parameters with provenance, plan, occupancy, sample, bytes.
nlohmann::ordered_json prediction_json(const Prediction& prediction);

}  // namespace kvroof::model
