// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/axis.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

#include "kernels/error.hpp"

namespace kvroof::sweep {
namespace {

constexpr std::size_t kMostValues = 100'000;  // of one axis: far beyond what anybody can run
constexpr int kMostDigits = 15;               // of a decimal: its digits fit a double exactly

/// What is being parsed, for errors.
struct Argument {
  std::string_view text;
  const AxisKind& kind;

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> why, Args&&... args) const {
    fail("-a {}: {}", text, fmt::format(why, std::forward<Args>(args)...));
  }
};

/// digits * 10^-places: exact, unlike 0.1.
struct Decimal {
  std::int64_t digits = 0;
  int places = 0;

  std::int64_t at_places(int wanted) const {
    std::int64_t scaled = digits;
    for (int i = places; i < wanted; ++i) scaled *= 10;
    return scaled;
  }
};

Decimal parse_decimal(const Argument& argument, std::string_view text) {
  std::string digits;
  Decimal decimal;
  const std::string_view unsigned_text = text.starts_with('-') ? text.substr(1) : text;
  bool point = false;
  for (const char c : unsigned_text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      decimal.places += point ? 1 : 0;
    } else {
      argument.reject("\"{}\" is no decimal number", text);
    }
  }
  if (digits.empty()) argument.reject("\"{}\" is no decimal number", text);
  if (digits.size() > kMostDigits) argument.reject("{} has more than {} digits", text, kMostDigits);
  decimal.digits = std::stoll(digits) * (text.starts_with('-') ? -1 : 1);
  return decimal;
}

std::string spell(std::int64_t digits, int places) {
  // Both sides are exact, so the quotient is the double nearest to the decimal.
  return fmt::format("{}", static_cast<double>(digits) / std::pow(10.0, places));
}

std::string spell_integer(std::int64_t value) { return fmt::format("{}", value); }

void require_in_range(const Argument& argument, const std::string& value) {
  const double number = std::stod(value);
  if (number < argument.kind.least || number > argument.kind.most) {
    argument.reject("{} must be {} to {}, got {}", argument.kind.name, argument.kind.least,
                    argument.kind.most, value);
  }
}

std::string power_of_two(const Argument& argument, std::int64_t exponent) {
  constexpr int most = 62;
  if (exponent < 0 || exponent > most)
    argument.reject("powers of two have exponents 0 to {}, got {}", most, exponent);
  return spell_integer(std::int64_t{1} << exponent);
}

std::string spell_number(const Argument& argument, const Decimal& decimal, bool pow2) {
  if (argument.kind.type == AxisType::number) return spell(decimal.digits, decimal.places);
  if (decimal.places > 0)
    argument.reject("{} takes whole numbers, got {}", argument.kind.name,
                    spell(decimal.digits, decimal.places));
  return pow2 ? power_of_two(argument, decimal.digits) : spell_integer(decimal.digits);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> parse_range(const Argument& argument, std::string_view text, bool pow2) {
  if (argument.kind.type == AxisType::word)
    argument.reject("{} takes names: give them as [a,b]", argument.kind.name);
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() > 3) argument.reject("a range is [start:stop:stride], got [{}]", text);
  const Decimal start = parse_decimal(argument, parts[0]);
  const Decimal stop = parse_decimal(argument, parts[1]);
  const Decimal stride = parts.size() == 3 ? parse_decimal(argument, parts[2]) : Decimal{1, 0};
  const int places = std::max({start.places, stop.places, stride.places});
  // A digit more than a number may have: room to add a stride to it.
  if (places > kMostDigits / 2)
    argument.reject("more than {} decimals in [{}]", kMostDigits / 2, text);
  const std::int64_t first = start.at_places(places);
  const std::int64_t last = stop.at_places(places);
  const std::int64_t step = stride.at_places(places);
  if (step <= 0) argument.reject("the stride must be above 0, got {}", parts[2]);
  if (last < first)
    argument.reject("the range is empty: it starts at {} and stops at {}", parts[0], parts[1]);
  if ((last - first) / step >= static_cast<std::int64_t>(kMostValues))
    argument.reject("the range has more than {} values", kMostValues);
  std::vector<std::string> values;
  for (std::int64_t at = first; at <= last; at += step) {
    Decimal value{at, places};
    for (; value.places > 0 && value.digits % 10 == 0; --value.places) value.digits /= 10;
    values.push_back(spell_number(argument, value, pow2));
  }
  return values;
}

std::string parse_value(const Argument& argument, std::string_view text, bool pow2) {
  if (text.empty()) argument.reject("there is an empty value");
  if (argument.kind.type == AxisType::word) return std::string(text);
  return spell_number(argument, parse_decimal(argument, text), pow2);
}

std::vector<std::string> parse_values(const Argument& argument, std::string_view text, bool pow2) {
  if (text.starts_with('[') != text.ends_with(']') || text == "[")
    argument.reject("a list or range needs both brackets");
  if (!text.starts_with('[')) return {parse_value(argument, text, pow2)};
  text = text.substr(1, text.size() - 2);
  if (text.find(':') != std::string_view::npos) return parse_range(argument, text, pow2);
  std::vector<std::string> values;
  for (const std::string_view part : split(text, ','))
    values.push_back(parse_value(argument, part, pow2));
  return values;
}

std::string without_blanks(std::string_view text) {
  std::string kept(text);
  std::erase(kept, ' ');
  return kept;
}

}  // namespace

const std::vector<AxisKind>& axis_kinds() {
  using enum AxisType;
  constexpr double tokens = std::numeric_limits<std::int32_t>::max() / 2;
  constexpr double seeds = 999'999'999'999'999;
  static const std::vector<AxisKind> kinds = {
      {"query_heads", integer, 1, 65535, "32", "heads of the query, a multiple of kv_heads"},
      {"kv_heads", integer, 1, 65535, "8", "heads of the cache"},
      {"head_dim", integer, 1, 65536, "128", "channels of a head"},
      {"dtype", word, 0, 0, "f16", "f16 or bf16"},
      {"batch", integer, 1, 65535, "1", "sequences"},
      {"kv_len", integer, 1, tokens, "1024", "tokens in the cache, window included"},
      {"window", integer, 0, tokens, "32", "most recent tokens that stay dense"},
      {"sparsity", number, 0, 1, "0.5", "share of every row to prune, below 1"},
      {"kept", integer, 1, 65536, "", "elements kept of every row, exactly; instead of sparsity"},
      {"blocks", integer, 0, 65535, "0", "blocks that share the decode; 0: the plan chooses"},
      {"outlier_strength", number, 0, 100, "1", "of the synthetic keys' strong channels; 0: none"},
      {"seed", integer, 0, seeds, "1", "of the synthetic inputs"},
      {"kernel", word, 0, 0, "decode", "see kvroof kernels"},
  };
  return kinds;
}

const AxisKind& axis_kind(std::string_view name) {
  const std::vector<AxisKind>& kinds = axis_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const AxisKind& k) { return k.name == name; });
  if (found != kinds.end()) return *found;
  std::vector<std::string_view> names;
  for (const AxisKind& kind : kinds) names.push_back(kind.name);
  fail("-a: there is no axis \"{}\"; the axes are {}", name, fmt::join(names, ", "));
}

Axis parse_axis(std::string_view argument_text) {
  const std::string text = without_blanks(argument_text);
  const std::size_t equals = text.find('=');
  require(equals != std::string::npos && equals > 0,
          "-a {}: an axis is name=value, name=[a,b,c] or name=[start:stop:stride]", text);
  std::string_view name = std::string_view(text).substr(0, equals);
  bool pow2 = false;
  if (const std::size_t bracket = name.find('['); bracket != std::string_view::npos) {
    require(name.substr(bracket) == "[pow2]", "-a {}: only [pow2] may follow a name, got {}", text,
            name.substr(bracket));
    pow2 = true;
    name = name.substr(0, bracket);
  }
  const Argument argument{text, axis_kind(name)};
  if (pow2 && argument.kind.type != AxisType::integer)
    argument.reject("[pow2] is for axes of whole numbers");
  Axis axis{std::string(name),
            parse_values(argument, std::string_view(text).substr(equals + 1), pow2)};
  std::set<std::string> seen;
  for (const std::string& value : axis.values) {
    if (argument.kind.type != AxisType::word) require_in_range(argument, value);
    if (!seen.insert(value).second) argument.reject("{} is there twice", value);
  }
  return axis;
}

}  // namespace kvroof::sweep
