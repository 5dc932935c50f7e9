// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/configuration.hpp"

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"

namespace kvroof::sweep {
namespace {

/// Entries that survive over batch, heads, tokens and channels, the dense window whole.
std::int64_t surviving(const validate::Case& one, int kept) {
  const validate::Method& method = validate::method_named(one.method);
  std::int64_t entries = 0;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const std::int64_t pruned = method.pruned_tokens(one, one.kv_length(sequence));
    entries += pruned * kept + (one.kv_length(sequence) - pruned) * one.head_dim;
  }
  return entries * one.kv_heads;
}

void add_outcome(const validate::Case& one, int kept, traces::PrunedSide& side) {
  side.effective_sparsity = effective_sparsity(one.head_dim, kept);
  side.kept = surviving(one, kept);
}

}  // namespace

traces::Problem to_problem(const Configuration& configuration) {
  const validate::Case& one = configuration.one;
  const auto side = [&](Operand operand) {
    const validate::Storage storage = storage_of(one, operand);
    return traces::PrunedSide{
        .requested_sparsity = storage.rule == "none" ? 0 : one.requested_sparsity,
        .rule = std::string(storage.rule),
        .format = std::string(storage.format)};
  };
  traces::Problem problem{
      .batch = one.batch,
      .query_heads = one.query_heads,
      .kv_heads = one.kv_heads,
      .head_dim = one.head_dim,
      .kv_len = one.max_kv_len(),
      .window = one.window,
      .dtype = std::string(to_string(one.value_type)),
      .keys = side(Operand::kKeys),
      .values = side(Operand::kValues),
      .seed = one.seed,
      .input = fmt::format("synthetic:outlier_strength={}", one.outlier_strength)};
  if (!configuration.model.empty()) problem.model = configuration.model;
  return problem;
}

void add_outcome(const Configuration& configuration, traces::Problem& problem) {
  add_outcome(configuration.one, configuration.one.kept_keys, problem.keys);
  add_outcome(configuration.one, configuration.one.kept_values, problem.values);
}

std::map<std::string, std::string> to_axes(const Configuration& configuration) {
  std::map<std::string, std::string> axes;
  if (configuration.one.blocks > 0) axes["blocks"] = fmt::format("{}", configuration.one.blocks);
  if (configuration.kept_asked_for) axes["kept"] = fmt::format("{}", configuration.one.kept_keys);
  return axes;
}

std::string key_of(const Configuration& configuration, Backend backend) {
  return traces::configuration_key(
      {configuration.kernel, ""},
      backend == Backend::kSim ? traces::Backend::sim : traces::Backend::cuda,
      to_problem(configuration), to_axes(configuration));
}

std::string describe(const Configuration& configuration) {
  return fmt::format("{}, {}{}", configuration.kernel,
                     configuration.model.empty() ? "" : configuration.model + ", ",
                     validate::describe(configuration.one));
}

}  // namespace kvroof::sweep
