// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>

/// What a line holds beyond the value it was decoded to, so that it can be written back: fields of
/// a newer writer, and the reasons of nulls. Kept as a JSON object from JSON pointer to value.
namespace kvroof::traces::detail {

using Json = nlohmann::ordered_json;

/// Turns nulls whose reason is nan, inf or -inf back into numbers. Returns the reasons it used, by
/// pointer, and removes them from the line.
Json restore_non_finite(Json& line);

/// Text of all fields in `line` that are not in `known`; "" when there are none. `restored` is what
/// restore_non_finite() returned for the line.
std::string unknown_fields(const Json& line, const Json& known, const Json& restored);

/// Adds the fields unless they are there. Those whose parent is gone are dropped with it.
/// Throws TraceError when `unknown` is not such an object.
void add_unknown_fields(Json& line, const std::string& unknown);

/// Turns numbers that are not finite into null and lists them in the line's null_reasons.
void replace_non_finite(Json& line);

}  // namespace kvroof::traces::detail
