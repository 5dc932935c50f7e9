// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/configuration.hpp"

#include <array>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"

namespace kvroof::sweep {
namespace {

constexpr std::array<std::string_view, 3> kKernels = {"decode", "pack_keys", "pack_values"};

/// Entries that survive over batch, heads, tokens and channels, the dense window whole.
std::int64_t surviving(const validate::Case& one, int kept) {
  std::int64_t entries = 0;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const std::int64_t compressed =
        attention::compressed_tokens(one.kv_length(sequence), one.window);
    entries += compressed * kept + (one.kv_length(sequence) - compressed) * one.head_dim;
  }
  return entries * one.kv_heads;
}

void add_outcome(const validate::Case& one, int kept, traces::PrunedSide& side) {
  side.effective_sparsity = effective_sparsity(one.head_dim, kept);
  side.kept = surviving(one, kept);
}

}  // namespace

std::string_view name_of(KernelKind kernel) { return kKernels[static_cast<std::size_t>(kernel)]; }

KernelKind kernel_named(std::string_view name) {
  for (std::size_t i = 0; i < kKernels.size(); ++i) {
    if (kKernels[i] == name) return static_cast<KernelKind>(i);
  }
  fail("-a kernel: there is no kernel \"{}\"; the kernels are {}", name, fmt::join(kKernels, ", "));
}

traces::Problem to_problem(const Configuration& configuration) {
  const validate::Case& one = configuration.one;
  const traces::PrunedSide side{.requested_sparsity = one.requested_sparsity,
                                .rule = "per_token_magnitude",
                                .format = "lane_chunk"};
  traces::Problem problem{
      .batch = one.batch,
      .query_heads = one.query_heads,
      .kv_heads = one.kv_heads,
      .head_dim = one.head_dim,
      .kv_len = one.max_kv_len(),
      .window = one.window,
      .dtype = std::string(to_string(one.value_type)),
      .keys = side,
      .values = side,
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
      {std::string(name_of(configuration.kernel)), ""},
      backend == Backend::kSim ? traces::Backend::sim : traces::Backend::cuda,
      to_problem(configuration), to_axes(configuration));
}

std::string describe(const Configuration& configuration) {
  return fmt::format("{}, {}{}", name_of(configuration.kernel),
                     configuration.model.empty() ? "" : configuration.model + ", ",
                     validate::describe(configuration.one));
}

}  // namespace kvroof::sweep
