// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/safetensors_header.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "profiler/inputs/error.hpp"

namespace kvroof::inputs::detail {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 8;  // a valid header has 3 levels; more is an attack on memory
constexpr std::size_t kMaxShownName = 60;

/// Text from the file, made safe to print: quoted, escaped, shortened.
std::string shown(std::string_view text) {
  const bool cut = text.size() > kMaxShownName;
  return Json(std::string(text.substr(0, kMaxShownName)))
             .dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) +
         (cut ? "..." : "");
}

std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() > kMaxShownName ? text.substr(0, kMaxShownName) + "..." : text;
}

/// Refuses what the JSON library would let pass: a name given twice (the last would win) and
/// nesting without end.
class Guard {
 public:
  explicit Guard(std::string_view file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    require(depth <= static_cast<int>(kMaxDepth),
            "{}: the header is nested more than {} levels deep", file_, kMaxDepth);
    if (event == Event::object_start) names_.emplace_back();
    if (event == Event::object_end) names_.pop_back();
    if (event == Event::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      require(names_.back().insert(name).second, "{}: the header has the name {} twice", file_,
              shown(std::string_view(name)));
    }
    return true;
  }

 private:
  std::string_view file_;
  std::vector<std::set<std::string>> names_;  // of the objects that are open
};

Json parse_json(std::string_view file, std::string_view text) {
  try {
    return Json::parse(text.begin(), text.end(), Guard(file));
  } catch (const Json::parse_error& error) {  // its own text may quote bytes that are not UTF-8
    throw InputError(fmt::format(
        "{}: the header is not valid JSON in UTF-8 (at byte {} of {}): the file is damaged or not "
        "safetensors",
        file, error.byte, text.size()));
  } catch (const Json::exception&) {  // e.g. a number beyond double
    throw InputError(fmt::format("{}: the header has a number no program can hold", file));
  }
}

struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
  std::string name;
};

Extent extent_of(std::string_view file, const std::string& name, const Json& entry,
                 std::uint64_t data_bytes) {
  require(entry.is_object(), "{}: tensor {} should be an object, got {}", file,
          shown(std::string_view(name)), shown(entry));
  const auto found = entry.find("data_offsets");
  const bool is_pair = found != entry.end() && found->is_array() && found->size() == 2 &&
                       (*found)[0].is_number_unsigned() && (*found)[1].is_number_unsigned();
  require(is_pair, "{}: data_offsets of tensor {} should be two whole numbers, got {}", file,
          shown(std::string_view(name)), found == entry.end() ? "nothing" : shown(*found));
  const auto begin = (*found)[0].get<std::uint64_t>();
  const auto end = (*found)[1].get<std::uint64_t>();
  require(
      begin <= end && end <= data_bytes,
      "{}: data_offsets [{}, {}] of tensor {} do not lie in order inside the {} bytes of data the "
      "file has",
      file, begin, end, shown(std::string_view(name)), data_bytes);
  return {begin, end, name};
}

/// The format wants the data covered by tensors without hole or overlap.
void require_tiling(std::string_view file, std::vector<Extent> extents, std::uint64_t data_bytes) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  std::uint64_t covered = 0;
  for (const Extent& extent : extents) {
    require(extent.begin >= covered, "{}: tensor {} overlaps another one at byte {} of the data",
            file, shown(std::string_view(extent.name)), extent.begin);
    require(extent.begin == covered, "{}: bytes {} to {} of the data belong to no tensor", file,
            covered, extent.begin);
    covered = extent.end;
  }
  require(covered == data_bytes, "{}: bytes {} to {} of the data belong to no tensor", file,
          covered, data_bytes);
}

StoredType type_of(std::string_view file, std::string_view name, const Json& entry) {
  const auto found = entry.find("dtype");
  if (found != entry.end() && *found == "F16") return StoredType::kF16;
  if (found != entry.end() && *found == "BF16") return StoredType::kBF16;
  if (found != entry.end() && *found == "F32") return StoredType::kF32;
  throw InputError(fmt::format("{}: dtype of {} must be F16, BF16 or F32, got {}", file, name,
                               found == entry.end() ? "nothing" : shown(*found)));
}

std::array<std::int64_t, 4> shape_of(std::string_view file, std::string_view name,
                                     const Json& entry) {
  const auto found = entry.find("shape");
  require(found != entry.end() && found->is_array() && found->size() == 4,
          "{}: shape of {} should be [batch, heads, length, head_dim], got {}", file, name,
          found == entry.end() ? "nothing" : shown(*found));
  std::array<std::int64_t, 4> shape{};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const Json& size = (*found)[axis];
    const bool fits = size.is_number_unsigned() && size.get<std::uint64_t>() >= 1 &&
                      size.get<std::uint64_t>() <= INT64_MAX;
    require(fits, "{}: shape of {} should be four whole numbers of at least 1, got {}", file, name,
            shown(*found));
    shape[axis] = size.get<std::int64_t>();
  }
  return shape;
}

StoredTensor tensor_of(std::string_view file, const std::string& name, const Json& entry,
                       std::uint64_t data_bytes) {
  const Extent extent = extent_of(file, name, entry, data_bytes);
  const StoredType type = type_of(file, name, entry);
  const auto shape = shape_of(file, name, entry);
  // Dividing what is there by the shape cannot overflow, unlike multiplying the shape.
  const std::uint64_t bytes = extent.end - extent.begin;
  std::uint64_t left = bytes / static_cast<std::uint64_t>(bytes_of(type));
  bool exact = bytes % static_cast<std::uint64_t>(bytes_of(type)) == 0;
  for (const std::int64_t size : shape) {
    exact = exact && left % static_cast<std::uint64_t>(size) == 0;
    left /= static_cast<std::uint64_t>(size);
  }
  require(exact && left == 1,
          "{}: shape [{}] of {} does not match its {} bytes of {}-byte elements", file,
          fmt::join(shape, ", "), name, bytes, bytes_of(type));
  return {type, shape, extent.begin};
}

void require_matching(std::string_view file, const Header& header) {
  require(header.values.shape == header.keys.shape,
          "{}: values has shape [{}], keys has [{}]; they must be equal", file,
          fmt::join(header.values.shape, ", "), fmt::join(header.keys.shape, ", "));
  if (!header.queries) return;
  const auto& q = header.queries->shape;
  const auto& k = header.keys.shape;
  require(
      q[0] == k[0] && q[3] == k[3] && q[1] % k[1] == 0,
      "{}: queries has shape [{}], keys has [{}]; batch and head_dim must be equal and the query "
      "heads a multiple of the kv heads",
      file, fmt::join(q, ", "), fmt::join(k, ", "));
}

}  // namespace

Header parse_header(std::string_view file, std::string_view text, std::uint64_t data_bytes) {
  const Json json = parse_json(file, text);
  require(json.is_object(), "{}: the header should be a JSON object, got {}", file, shown(json));
  std::vector<Extent> extents;
  for (const auto& [name, entry] : json.items()) {
    if (name != "__metadata__") extents.push_back(extent_of(file, name, entry, data_bytes));
  }
  require_tiling(file, std::move(extents), data_bytes);
  for (const char* name : {"keys", "values"}) {
    require(json.contains(name), "{}: there is no tensor '{}'", file, name);
  }
  Header header{tensor_of(file, "keys", json["keys"], data_bytes),
                tensor_of(file, "values", json["values"], data_bytes), std::nullopt};
  if (json.contains("queries")) {
    header.queries = tensor_of(file, "queries", json["queries"], data_bytes);
  }
  require_matching(file, header);
  return header;
}

}  // namespace kvroof::inputs::detail
