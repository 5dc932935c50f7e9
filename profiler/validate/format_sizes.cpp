// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/format_sizes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/format/mustafar_tile.hpp"
#include "kernels/format/n_of_m.hpp"
#include "kernels/format/size_models.hpp"
#include "kernels/format/two_four.hpp"
#include "kernels/format/variable_rows.hpp"
#include "kernels/value_types.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "reference/prune.hpp"

namespace kvroof::validate {
namespace {

constexpr int kChunkTokens = 64;

/// Keys or values of one head, what a rule keeps of them, and what a decoder must give back.
struct ChosenRows {
  std::vector<std::uint16_t> bits;  // [tokens, head_dim]
  std::vector<std::uint8_t> mask;
  std::int64_t kept = 0;

  ChosenRows(const std::vector<float>& rows, const reference::Mask& chosen)
      : mask(chosen.data(), chosen.data() + chosen.size()),
        kept(std::count(mask.begin(), mask.end(), std::uint8_t{1})) {
    for (const float value : rows) bits.push_back(inputs::to_bits(inputs::Dtype::kF16, value));
  }
  std::vector<std::uint16_t> survivors() const {
    std::vector<std::uint16_t> result = bits;
    for (std::size_t i = 0; i < result.size(); ++i)
      if (mask[i] == 0) result[i] = 0;
    return result;
  }
};

/// Zeros count as equal whatever their sign: not every format stores them.
void require_same(const std::vector<std::uint16_t>& decoded, const ChosenRows& rows,
                  std::string_view format) {
  const auto same = [](std::uint16_t a, std::uint16_t b) {
    return a == b || ((a | b) & kMagnitudeBits) == 0;
  };
  const std::vector<std::uint16_t> wanted = rows.survivors();
  if (!std::equal(decoded.begin(), decoded.end(), wanted.begin(), wanted.end(), same))
    throw std::logic_error(fmt::format("{}: does not decode to what was encoded", format));
}

// ---- a format each: encodes, decodes, counts ----

/// A format of chunks of 64 rows: encode(rows, mask, chunk), decode(chunk, rows, mask).
template <class Encode, class Decode>
void round_trip_chunks(const ChosenRows& rows, int head_dim, std::size_t chunk_bytes,
                       std::string_view format, const Encode& encode, const Decode& decode) {
  const auto elements = static_cast<std::size_t>(kChunkTokens * head_dim);
  std::vector<std::byte> chunk(chunk_bytes);
  std::vector<std::uint16_t> decoded(rows.bits.size());
  std::vector<std::uint8_t> mask(elements);
  for (std::size_t first = 0; first < rows.bits.size(); first += elements) {
    encode(std::span(rows.bits).subspan(first, elements),
           std::span(rows.mask).subspan(first, elements), chunk);
    decode(chunk, std::span(decoded).subspan(first, elements), mask);
  }
  require_same(decoded, rows, format);
}

FormatBytes lane_chunk_bytes(const FormatCase& one, Operand operand, const ChosenRows& rows,
                             int kept) {
  round_trip_chunks(
      rows, one.head_dim, static_cast<std::size_t>(lane_chunk::chunk_bytes(one.head_dim, kept)),
      "lane_chunk",
      [&](auto values, auto mask, auto& chunk) {
        lane_chunk::encode(operand, one.head_dim, kept, values, mask, chunk);
      },
      [&](const auto& chunk, auto values, auto& mask) {
        lane_chunk::decode(operand, one.head_dim, kept, chunk, values, mask);
      });
  const lane_chunk::Bytes bytes =
      lane_chunk::count_bytes(one.head_dim, kept, one.tokens / kChunkTokens);
  return {.values = bytes.values,
          .indices = bytes.bitmaps,
          .offsets = bytes.headers,
          .padding = bytes.padding};
}

FormatBytes two_four_bytes(const FormatCase& one, Operand operand, const ChosenRows& rows) {
  round_trip_chunks(
      rows, one.head_dim, static_cast<std::size_t>(two_four::chunk_bytes(one.head_dim)), "two_four",
      [&](auto values, auto mask, auto& chunk) {
        two_four::encode(operand, one.head_dim, values, mask, chunk);
      },
      [&](const auto& chunk, auto values, auto& mask) {
        two_four::decode(operand, one.head_dim, chunk, values, mask);
      });
  return two_four::count_bytes(one.head_dim, one.tokens / kChunkTokens);
}

FormatBytes n_of_m_bytes(const FormatCase& one, n_of_m::Pattern pattern, const ChosenRows& rows) {
  const auto head_dim = static_cast<std::size_t>(one.head_dim);
  std::vector<std::byte> encoded(
      static_cast<std::size_t>(n_of_m::row_bytes(pattern, one.head_dim)));
  std::vector<std::uint16_t> decoded(rows.bits.size());
  std::vector<std::uint8_t> mask(head_dim);
  for (std::size_t first = 0; first < rows.bits.size(); first += head_dim) {
    n_of_m::encode(pattern, std::span(rows.bits).subspan(first, head_dim),
                   std::span(rows.mask).subspan(first, head_dim), encoded);
    n_of_m::decode(pattern, encoded, std::span(decoded).subspan(first, head_dim), mask);
  }
  require_same(decoded, rows, "n_of_m");
  return n_of_m::count_bytes(pattern, one.head_dim, one.tokens);
}

FormatBytes variable_bytes(const FormatCase& one, Operand operand, const ChosenRows& rows) {
  const auto encoded = variable_rows::encode(operand, one.head_dim, rows.bits, rows.mask);
  std::vector<std::uint16_t> decoded(rows.bits.size());
  std::vector<std::uint8_t> mask(rows.bits.size());
  variable_rows::decode(operand, one.head_dim, encoded, decoded, mask);
  require_same(decoded, rows, "variable_rows");
  return variable_rows::count_bytes(one.head_dim, encoded);
}

FormatBytes mustafar_bytes(const FormatCase& one, Operand operand, const ChosenRows& rows) {
  const auto encoded = mustafar::encode(operand, one.head_dim, rows.survivors());
  require_same(mustafar::decode(operand, one.head_dim, encoded), rows, "mustafar_tiles");
  return mustafar::count_bytes(encoded);
}

// ---- all of them ----

void check(const FormatCase& one) {
  require(one.head_dim == 64 || one.head_dim == 128 || one.head_dim == 256,
          "formats: head_dim must be 64, 128 or 256, got {}", one.head_dim);
  constexpr int most_tokens = 1 << 17;
  require(one.tokens >= kChunkTokens && one.tokens % kChunkTokens == 0 && one.tokens <= most_tokens,
          "formats: tokens must be a multiple of {} from {} to {}, got {}", kChunkTokens,
          kChunkTokens, most_tokens, one.tokens);
  require(one.sparsity >= 0 && one.sparsity < 1,
          "formats: sparsity must be at least 0 and below 1, got {}", one.sparsity);
}

/// The keys or values of one synthetic head.
class Rows {
 public:
  Rows(const FormatCase& one, Operand operand)
      : values_(static_cast<std::size_t>(one.tokens) * static_cast<std::size_t>(one.head_dim)),
        matrix_(one.tokens, one.head_dim) {
    const inputs::SyntheticConfig config{
        .kv_len = one.tokens, .head_dim = one.head_dim, .seed = one.seed};
    operand == Operand::kKeys ? inputs::generate_keys(config, {0, 0, 0}, values_)
                              : inputs::generate_values(config, {0, 0, 0}, values_);
    std::copy(values_.begin(), values_.end(), matrix_.data());
  }
  const reference::Matrix& matrix() const { return matrix_; }
  ChosenRows pruned(const reference::Mask& mask) const { return {values_, mask}; }

 private:
  std::vector<float> values_;
  reference::Matrix matrix_;
};

/// 2:4 along the contraction: channels of a token for keys, tokens of a channel for values.
reference::Mask two_four_mask(Operand operand, const reference::Matrix& rows) {
  return operand == Operand::kKeys ? reference::prune_n_of_m(rows, 2, 4)
                                   : reference::prune_values_per_channel_magnitude(rows, 2, 4);
}

void add_operand(const FormatCase& one, Operand operand, std::vector<FormatSize>& sizes) {
  const char* name = operand == Operand::kKeys ? "keys" : "values";
  const Rows rows(one, operand);
  const int kept = kept_from_sparsity(one.head_dim, one.sparsity);
  const ChosenRows exact = rows.pruned(reference::prune_per_token_magnitude(rows.matrix(), kept));
  const ChosenRows published =
      rows.pruned(reference::prune_per_token_published(rows.matrix(), one.sparsity));
  const std::string exact_rule = fmt::format("per token, {} of {}", kept, one.head_dim);
  sizes.push_back(
      {"lane_chunk", exact_rule, name, true, lane_chunk_bytes(one, operand, exact, kept)});
  sizes.push_back(
      {"two_four", operand == Operand::kKeys ? "2:4 of channels" : "2:4 of tokens", name, true,
       two_four_bytes(one, operand, rows.pruned(two_four_mask(operand, rows.matrix())))});
  for (const n_of_m::Pattern pattern : {n_of_m::Pattern{2, 4}, {4, 8}, {8, 16}}) {
    sizes.push_back(
        {"n_of_m", fmt::format("{}:{} of channels", pattern.kept, pattern.group), name, true,
         n_of_m_bytes(
             one, pattern,
             rows.pruned(reference::prune_n_of_m(rows.matrix(), pattern.kept, pattern.group)))});
  }
  sizes.push_back(
      {"variable_rows", "published", name, true, variable_bytes(one, operand, published)});
  sizes.push_back(
      {"mustafar_tiles", "published", name, true, mustafar_bytes(one, operand, published)});
  sizes.push_back({"csr", "published", name, false, size_models::csr(one.tokens, published.kept)});
  sizes.push_back(
      {"flash_llm", "published", name, false,
       size_models::flash_llm(std::int64_t{one.tokens} * one.head_dim, published.kept)});
}

}  // namespace

std::vector<FormatSize> format_sizes(const FormatCase& one) {
  check(one);
  const int kept = kept_from_sparsity(one.head_dim, one.sparsity);
  std::vector<FormatSize> sizes = {
      {"dense", "none", "either", false, {.values = dense_bytes(one)}},
      {"exact_rows", fmt::format("per token, {} of {}", kept, one.head_dim), "either", false,
       size_models::exact_rows(one.head_dim, kept, one.tokens)}};
  add_operand(one, Operand::kKeys, sizes);
  add_operand(one, Operand::kValues, sizes);
  return sizes;
}

}  // namespace kvroof::validate
