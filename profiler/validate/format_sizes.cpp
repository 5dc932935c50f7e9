// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/format_sizes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "kernels/format/size_models.hpp"
#include "kernels/prune/rule.hpp"
#include "profiler/analysis/prune_head.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "profiler/validate/format_round_trip.hpp"
#include "reference/prune.hpp"

namespace kvroof::validate {
namespace {

constexpr int kChunkTokens = lane_chunk::kTokens;

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
      : operand_(operand),
        values_(static_cast<std::size_t>(one.tokens) * static_cast<std::size_t>(one.head_dim)),
        matrix_(one.tokens, one.head_dim) {
    const inputs::SyntheticConfig config{
        .kv_len = one.tokens, .head_dim = one.head_dim, .seed = one.seed};
    operand == Operand::kKeys ? inputs::generate_keys(config, {0, 0, 0}, values_)
                              : inputs::generate_values(config, {0, 0, 0}, values_);
    std::copy(values_.begin(), values_.end(), matrix_.data());
  }
  const reference::Matrix& matrix() const { return matrix_; }
  ChosenRows pruned(const reference::Mask& mask) const {
    ChosenRows rows{operand_, static_cast<int>(mask.cols()), {}, {}};
    rows.mask.assign(mask.data(), mask.data() + mask.size());
    for (const float value : values_)
      rows.bits.push_back(inputs::to_bits(inputs::Dtype::kF16, value));
    return rows;
  }

 private:
  Operand operand_;
  std::vector<float> values_;
  reference::Matrix matrix_;
};

/// N:M along channels, and along the contraction.
void add_halves(const FormatCase& one, Operand operand, const Rows& rows,
                std::vector<FormatSize>& sizes) {
  const char* name = operand == Operand::kKeys ? "keys" : "values";
  const auto pruned = [&](prune::Rule rule) {
    const analysis::Scoring none;
    return rows.pruned(
        analysis::prune_head({rule, one.sparsity}, operand, rows.matrix(), none, {0, 0}));
  };
  const prune::Rule along =
      operand == Operand::kKeys ? prune::Rule::kTwoOfFour : prune::Rule::kTwoOfFourTokens;
  sizes.push_back(
      {"two_four", std::string(to_string(along)), name, true, two_four_bytes(pruned(along))});
  for (const prune::Rule rule :
       {prune::Rule::kTwoOfFour, prune::Rule::kFourOfEight, prune::Rule::kEightOfSixteen}) {
    const auto [kept, group] = prune::kept_count(rule, one.head_dim, one.sparsity);
    sizes.push_back({"n_of_m", std::string(to_string(rule)), name, true,
                     n_of_m_bytes(pruned(rule), {kept, group})});
  }
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
      {"exact_rows", exact_rule, name, true, n_of_m_bytes(exact, {kept, one.head_dim})});
  sizes.push_back({"lane_chunk", exact_rule, name, true, lane_chunk_bytes(exact)});
  if (prune::has_sparsity(prune::Rule::kTwoOfFour, one.sparsity))
    add_halves(one, operand, rows, sizes);
  sizes.push_back({"variable_rows", "published", name, true, variable_rows_bytes(published)});
  sizes.push_back({"mustafar_tiles", "published", name, true, mustafar_bytes(published)});
  sizes.push_back(
      {"csr", "published", name, false, size_models::csr(one.tokens, published.kept())});
  sizes.push_back(
      {"flash_llm", "published", name, false,
       size_models::flash_llm(std::int64_t{one.tokens} * one.head_dim, published.kept())});
}

}  // namespace

std::vector<FormatSize> format_sizes(const FormatCase& one) {
  check(one);
  std::vector<FormatSize> sizes = {
      {"dense", "none", "either", false, {.values = dense_bytes(one)}}};
  add_operand(one, Operand::kKeys, sizes);
  add_operand(one, Operand::kValues, sizes);
  return sizes;
}

}  // namespace kvroof::validate
