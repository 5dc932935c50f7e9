// SPDX-License-Identifier: Apache-2.0
#include "traces/line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "traces/json_decode.hpp"
#include "traces/json_encode.hpp"
#include "traces/unknown_fields.hpp"

namespace kvroof::traces::detail {
namespace {

/// Deepest nesting of brackets outside strings. Checked before parsing, because everything after it
/// recurses.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

Json parse_json(std::string_view text) {
  if (nesting_depth(text) > kMaxDepth) {
    throw TraceError(fmt::format("nested deeper than {} levels: this is no trace", kMaxDepth));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw TraceError(fmt::format("not valid JSON at byte {} of the line", error.byte));
  } catch (const Json::exception&) {  // a number beyond the range of double
    throw TraceError("not valid JSON: a number is out of range");
  }
}

void check_schema(const Json& json) {
  if (!json.is_object()) throw TraceError("expected a JSON object, got " + shown(json));
  std::int64_t schema = 0;
  const Path root;
  Decoder(json, root).required("schema", schema);
  if (schema > kSchemaVersion) {
    throw NewerSchema(
        fmt::format("written with trace schema {}, this build reads up to {}: update kvroof",
                    schema, kSchemaVersion));
  }
  if (schema < 1)
    throw TraceError(fmt::format("field /schema: expected 1 or more, got {}", schema));
}

/// Decodes the fields of the line into `value` and keeps the rest in its `unknown`.
template <class T>
void decode_line(Json& json, T& value) {
  const Json restored = restore_non_finite(json);
  decode(json, value, Path{});
  Json known = encode(value, Fullness::complete);
  for (const char* name : {"schema", "line", "id"}) known[name] = nullptr;
  value.unknown = unknown_fields(json, known, restored);
}

std::string decode_id(const Json& json) {
  std::string id;
  const Path root;
  Decoder(json, root).required("id", id);
  return id;
}

template <class T>
std::string format(std::string_view kind, const std::string* id, const T& value) {
  Json line = Json::object();
  line["schema"] = kSchemaVersion;
  line["line"] = kind;
  if (id != nullptr) line["id"] = *id;
  line.update(encode(value, Fullness::lean));
  add_unknown_fields(line, value.unknown);
  replace_non_finite(line);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, 64 bits: offset basis and prime
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

}  // namespace

Line parse_line(std::string_view text) {
  Json json = parse_json(text);
  check_schema(json);
  std::string kind;
  const Path root;
  Decoder(json, root).required("line", kind);
  if (kind == "record") {
    Record record;
    decode_line(json, record);
    return record;
  }
  if (kind == "environment") {
    NamedEnvironment named{decode_id(json), {}};
    decode_line(json, named.environment);
    return named;
  }
  if (kind == "ceilings") {
    NamedCeilings named{decode_id(json), {}};
    decode_line(json, named.ceilings);
    return named;
  }
  return OtherLine{std::string(text)};
}

std::string format_line(const Record& record) { return format("record", nullptr, record); }

std::string format_line(const NamedEnvironment& named) {
  return format("environment", &named.id, named.environment);
}

std::string format_line(const NamedCeilings& named) {
  return format("ceilings", &named.id, named.ceilings);
}

std::string content_id(const Environment& environment) {
  return "env-" + hash_text(format("environment", nullptr, environment));
}

std::string content_id(const Ceilings& ceilings) {
  return "ceil-" + hash_text(format("ceilings", nullptr, ceilings));
}

}  // namespace kvroof::traces::detail
