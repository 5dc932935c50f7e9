// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/fidelity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/error.hpp"
#include "reference/attention.hpp"
#include "reference/softmax.hpp"

namespace kvroof::analysis {
namespace {

using reference::ConstMatrix;
using reference::ConstVector;
using reference::Mask;
using reference::Matrix;

/// Attention weights of every query: [queries, kv_len].
Matrix attention_weights(ConstMatrix keys, const Matrix& queries) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(keys.cols()));
  Matrix weights(queries.rows(), keys.rows());
  for (Eigen::Index q = 0; q < queries.rows(); ++q) {
    weights.row(q) =
        reference::softmax(scale * (keys * queries.row(q).transpose())).weights.transpose();
  }
  return weights;
}

double relative_error(ConstVector wanted, ConstVector got) {
  const double error = (got - wanted).norm();
  return error == 0 ? 0 : error / wanted.norm();
}

double cosine(ConstVector a, ConstVector b) {
  const double norms = a.norm() * b.norm();
  if (norms == 0) return a.norm() == b.norm() ? 1 : 0;
  return a.dot(b) / norms;
}

double kl_divergence(ConstVector wanted, ConstVector got) {
  double sum = 0;
  for (Eigen::Index t = 0; t < wanted.size(); ++t)
    if (wanted[t] > 0) sum += wanted[t] * std::log(wanted[t] / got[t]);
  return sum;
}

/// Tokens by falling weight, the earlier one first where weights are equal.
std::vector<Eigen::Index> ranking(ConstVector weights) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(weights.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return weights[a] > weights[b]; });
  return order;
}

double top_p_recall(ConstVector wanted, ConstVector got, double top_p) {
  std::vector<Eigen::Index> best = ranking(wanted);
  double held = 0;
  std::size_t count = 0;
  while (count < best.size() && held < top_p) held += wanted[best[count++]];
  if (count == 0) return 1;
  std::vector<Eigen::Index> found = ranking(got);
  best.resize(count);
  found.resize(count);
  std::sort(best.begin(), best.end());
  std::sort(found.begin(), found.end());
  std::vector<Eigen::Index> both;
  std::set_intersection(best.begin(), best.end(), found.begin(), found.end(),
                        std::back_inserter(both));
  return static_cast<double>(both.size()) / static_cast<double>(count);
}

/// A mean that grows.
class Mean {
 public:
  void add(const Fidelity& one) {
    ++count_;
    const auto step = [&](double& mean, double value) {
      mean += (value - mean) / static_cast<double>(count_);
    };
    step(mean_.output_relative_error, one.output_relative_error);
    step(mean_.output_cosine, one.output_cosine);
    step(mean_.attention_kl, one.attention_kl);
    step(mean_.attention_top_p_recall, one.attention_top_p_recall);
  }
  const Fidelity& result() const { return mean_; }

 private:
  Fidelity mean_;
  std::int64_t count_ = 0;
};

/// What one kv head of one sequence looks like.
struct Head {
  Matrix keys, values;
  Matrix queries;  // that evaluate, all query heads of the group
  Scoring scoring;
  Matrix dense_weights;
  Matrix dense_outputs;
};

Head load_head(const inputs::KvTensors& cache, const Queries& queries, std::int64_t head_row) {
  const std::int64_t group = queries.query_heads / cache.kv_heads;
  Head head;
  head.keys = head_rows(cache.keys, head_row, cache.kv_len, cache.head_dim);
  head.values = head_rows(cache.values, head_row, cache.kv_len, cache.head_dim);
  head.queries = head_rows(queries.evaluation, head_row * group, queries.num_evaluation,
                           cache.head_dim, group);
  head.scoring = make_scoring(head.keys, head_rows(queries.scoring, head_row * group,
                                                   queries.num_scoring, cache.head_dim, group));
  head.dense_weights = attention_weights(head.keys, head.queries);
  head.dense_outputs = head.dense_weights * head.values;
  return head;
}

struct PrunedKeys {
  Mask mask;
  Matrix weights;  // attention over them, [queries, kv_len]
};

class Measurement {
 public:
  Measurement(const inputs::KvTensors& cache, const Queries& queries, const FidelityConfig& config)
      : cache_(cache),
        queries_(queries),
        config_(config),
        overall_(config.rules.size()),
        heads_(config.rules.size(), std::vector<Mean>(static_cast<std::size_t>(cache.kv_heads))) {
    for (const auto& [keys, values] : config.rules) {
      results_.push_back({.keys = keys, .values = values});
      const bool pruned = keys.rule != prune::Rule::kNone || values.rule != prune::Rule::kNone;
      for (const Format format : pruned ? config.formats : std::vector{Format::kDense})
        results_.back().sizes.push_back({format, {}, {}});
    }
  }

  void add_head(std::int64_t head_row) {
    const Head head = load_head(cache_, queries_, head_row);
    std::vector<std::pair<SideRule, PrunedKeys>> keys;  // of the rules met so far
    std::vector<std::pair<SideRule, Mask>> values;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      FidelityResult& result = results_[i];
      const PrunedKeys& pruned_keys =
          cached(keys, result.keys, [&] { return prune_keys(head, result.keys); });
      const Mask& value_mask = cached(values, result.values, [&] {
        return prune_head(result.values, Operand::kValues, head.values, head.scoring,
                          config_.dense);
      });
      compare(head, pruned_keys.weights, value_mask, i, head_row % cache_.kv_heads);
      count_bytes(result, pruned_keys.mask, value_mask);
    }
  }

  std::vector<FidelityResult> take() {
    const std::int64_t count = cache_.batch * cache_.kv_heads * cache_.head_dim *
                               prune::prunable_tokens(static_cast<int>(cache_.kv_len),
                                                      config_.dense.sinks, config_.dense.window);
    for (std::size_t i = 0; i < results_.size(); ++i) {
      FidelityResult& result = results_[i];
      result.overall = overall_[i].result();
      for (const Mean& mean : heads_[i]) result.heads.push_back(mean.result());
      if (count == 0) continue;
      result.kept_keys = static_cast<double>(result.num_kept_keys) / static_cast<double>(count);
      result.kept_values = static_cast<double>(result.num_kept_values) / static_cast<double>(count);
    }
    return std::move(results_);
  }

 private:
  /// What `make` gave for this rule, now or before.
  template <class Pruned, class Make>
  static const Pruned& cached(std::vector<std::pair<SideRule, Pruned>>& made, const SideRule& rule,
                              Make&& make) {
    const auto at =
        std::find_if(made.begin(), made.end(), [&](const auto& one) { return one.first == rule; });
    if (at != made.end()) return at->second;
    return made.emplace_back(rule, make()).second;
  }

  PrunedKeys prune_keys(const Head& head, const SideRule& rule) const {
    Mask mask = prune_head(rule, Operand::kKeys, head.keys, head.scoring, config_.dense);
    Matrix weights = attention_weights(reference::masked(head.keys, mask), head.queries);
    return {std::move(mask), std::move(weights)};
  }

  void compare(const Head& head, const Matrix& weights, const Mask& value_mask,
               std::size_t result_idx, std::int64_t kv_head) {
    const Matrix outputs = weights * reference::masked(head.values, value_mask);
    for (Eigen::Index q = 0; q < head.queries.rows(); ++q) {
      const Fidelity one = compare_query(
          head.dense_weights.row(q).transpose(), weights.row(q).transpose(),
          head.dense_outputs.row(q).transpose(), outputs.row(q).transpose(), config_.top_p);
      overall_[result_idx].add(one);
      heads_[result_idx][static_cast<std::size_t>(kv_head)].add(one);
    }
  }

  void count_bytes(FidelityResult& result, const Mask& keys, const Mask& values) {
    const auto survivors = [&](const Mask& mask) {
      const int count = prune::prunable_tokens(static_cast<int>(mask.rows()), config_.dense.sinks,
                                               config_.dense.window);
      return std::int64_t{mask.middleRows(count > 0 ? config_.dense.sinks : 0, count).count()};
    };
    result.num_kept_keys += survivors(keys);
    result.num_kept_values += survivors(values);
    std::erase_if(result.sizes, [&](FidelityResult::Size& size) {
      const auto of_keys =
          stored_bytes(size.format, result.keys, Operand::kKeys, keys, config_.dense);
      const auto of_values =
          stored_bytes(size.format, result.values, Operand::kValues, values, config_.dense);
      if (!of_keys || !of_values) return true;
      size.keys += *of_keys;
      size.values += *of_values;
      return false;
    });
  }

  const inputs::KvTensors& cache_;
  const Queries& queries_;
  const FidelityConfig& config_;
  std::vector<FidelityResult> results_;
  std::vector<Mean> overall_;
  std::vector<std::vector<Mean>> heads_;
};

}  // namespace

Fidelity compare_query(ConstVector dense_weights, ConstVector weights, ConstVector dense_output,
                       ConstVector output, double top_p) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Fidelity result{.output_relative_error = relative_error(dense_output, output),
                  .output_cosine = cosine(dense_output, output),
                  .attention_kl = nan,
                  .attention_top_p_recall = nan};
  if (dense_weights.hasNaN() || weights.hasNaN()) return result;  // no order, no distance
  result.attention_kl = kl_divergence(dense_weights, weights);
  result.attention_top_p_recall = top_p_recall(dense_weights, weights, top_p);
  return result;
}

std::vector<SideRule> side_rules(Operand side, const std::vector<prune::Rule>& rules,
                                 double sparsity) {
  std::vector<SideRule> result;
  for (const prune::Rule rule : rules) {
    require(prune::applies_to(rule, side), "{} is no rule for {}", to_string(rule),
            side == Operand::kKeys ? "keys" : "values");
    if (rule == prune::Rule::kNone) {
      result.push_back({rule, 0});
    } else if (prune::has_sparsity(rule, sparsity)) {
      result.push_back({rule, sparsity});
    }
  }
  return result;
}

std::vector<FidelityResult> measure_fidelity(const inputs::KvTensors& cache, const Queries& queries,
                                             const FidelityConfig& config,
                                             const std::function<bool()>& on_head) {
  require(config.top_p > 0 && config.top_p <= 1,
          "fidelity: top-p must be above 0 and at most 1, "
          "got {}",
          config.top_p);
  Measurement measurement(cache, queries, config);
  for (std::int64_t row = 0; row < cache.batch * cache.kv_heads; ++row) {
    if (!on_head()) return {};
    measurement.add_head(row);
  }
  return measurement.take();
}

}  // namespace kvroof::analysis
