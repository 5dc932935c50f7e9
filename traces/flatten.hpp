// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include "traces/trace.hpp"

namespace kvroof::traces::detail {

/// Path and scalar of every field of a record that is known, in the order of the schema: see
/// export_csv().
std::vector<std::pair<std::string, nlohmann::ordered_json>> flatten(const Record& record);

/// A scalar as text: shortest form of numbers, nan and inf by name, nothing for null.
std::string scalar_text(const nlohmann::ordered_json& scalar);

}  // namespace kvroof::traces::detail
