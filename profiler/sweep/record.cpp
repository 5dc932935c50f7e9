// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "kernels/format/lane_chunk.hpp"

namespace kvroof::sweep {
namespace {

constexpr std::int64_t kElementBytes = 2;  // f16 and bf16

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

const simt::LaunchRecord* find_launch(const CaseRun& run, std::string_view kernel) {
  for (const simt::LaunchRecord& launch : run.launches) {
    if (launch.config.kernel == kernel) return &launch;
  }
  return nullptr;
}

traces::Plan decode_plan(const Planned& planned) {
  const validate::Case& one = planned.configuration.one;
  const attention::DecodePlan& plan = planned.fit.plan;
  constexpr int warp = 32;
  return {.splits = std::max<std::int64_t>(1, ceil_div(std::int64_t{plan.blocks} * plan.warps,
                                                       std::int64_t{one.batch} * one.kv_heads)),
          .grid = {plan.blocks, 1, 1},
          .block = {std::int64_t{plan.warps} * warp, 1, 1},
          .shared_bytes = static_cast<std::uint64_t>(plan.shared_bytes),
          .workspace_bytes = planned.fit.workspace_bytes};
}

traces::Plan launch_plan(const simt::LaunchConfig& config) {
  return {.grid = {config.grid.x, config.grid.y, config.grid.z},
          .block = {config.threads, 1, 1},
          .shared_bytes = static_cast<std::uint64_t>(config.shared_bytes)};
}

/// Multiply-adds, two flops each, of q.K and p.V over one row of the cache.
traces::Work decode_work(const validate::Case& one) {
  traces::Work work;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const int length = one.kv_length(sequence);
    const int compressed = attention::compressed_tokens(length, one.window);
    const double kept = double{1} * compressed * (one.kept_keys + one.kept_values);
    const double dense = double{2} * (length - compressed) * one.head_dim;
    work.useful_flops += 2 * one.query_heads * (kept + dense);
    work.dense_flops += double{4} * one.query_heads * length * one.head_dim;
  }
  return work;
}

}  // namespace

traces::Record start_record(const Configuration& configuration, Backend backend) {
  traces::Record record;
  record.backend = backend == Backend::kSim ? traces::Backend::sim : traces::Backend::cuda;
  record.kernel.name = name_of(configuration.kernel);
  record.problem = to_problem(configuration);
  record.axes = to_axes(configuration);
  return record;
}

traces::Bytes count_bytes(KernelKind kernel, const validate::Case& one,
                          std::uint64_t workspace_bytes) {
  const auto count = [](std::int64_t bytes) { return static_cast<std::uint64_t>(bytes); };
  std::int64_t chunks = 0;
  std::int64_t window_tokens = 0;
  std::int64_t tokens = 0;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const int compressed = attention::compressed_tokens(one.kv_length(sequence), one.window);
    chunks += std::int64_t{compressed / lane_chunk::kTokens} * one.kv_heads;
    window_tokens += std::int64_t{one.kv_length(sequence) - compressed} * one.kv_heads;
    tokens += std::int64_t{one.kv_length(sequence)} * one.kv_heads;
  }
  const bool decode = kernel == KernelKind::decode;
  const lane_chunk::Bytes none;
  const lane_chunk::Bytes keys = kernel == KernelKind::pack_values
                                     ? none
                                     : lane_chunk::count_bytes(one.head_dim, one.kept_keys, chunks);
  const lane_chunk::Bytes values =
      kernel == KernelKind::pack_keys
          ? none
          : lane_chunk::count_bytes(one.head_dim, one.kept_values, chunks);
  const std::int64_t sides = decode ? 2 : 1;
  const std::int64_t row_bytes = one.head_dim * kElementBytes;
  traces::Bytes bytes{.key_values = count(keys.values),
                      .value_values = count(values.values),
                      .key_bitmaps = count(keys.bitmaps),
                      .value_bitmaps = count(values.bitmaps),
                      .indices = count(keys.headers + values.headers + one.batch * 4),
                      .padding = count(keys.padding + values.padding),
                      .window = count(sides * window_tokens * row_bytes),
                      .dense = count(sides * tokens * row_bytes),
                      .provenance = traces::Provenance::modelled};
  if (decode) {
    const std::int64_t query_rows = std::int64_t{one.batch} * one.query_heads;
    bytes.queries = count(query_rows * row_bytes);
    bytes.outputs = count(query_rows * (row_bytes + static_cast<std::int64_t>(sizeof(float))));
    bytes.partials = workspace_bytes;
  }
  return bytes;
}

void add_run(const Planned& planned, const CaseRun& run, Backend backend, traces::Record& record) {
  const Configuration& configuration = planned.configuration;
  const bool decode = configuration.kernel == KernelKind::decode;
  add_outcome(configuration, record.problem);
  record.bytes = count_bytes(configuration.kernel, run.one, planned.fit.workspace_bytes);
  if (decode) {
    record.plan = decode_plan(planned);
    record.work = decode_work(run.one);
  }
  const simt::LaunchRecord* launch = find_launch(run, record.kernel.name);
  if (launch == nullptr) {
    record.counters_reason = backend == Backend::kSim
                                 ? "the case launches no such kernel: there is nothing to pack"
                                 : "hardware counters were not collected";
    return;
  }
  if (!decode) record.plan = launch_plan(launch->config);
  record.counters = to_counters(launch->counters);
  record.traffic = to_traffic(launch->counters);
}

void add_check(KernelKind kernel, const CheckResult& check, traces::Record& record) {
  record.status =
      check.status == validate::Status::kPassed ? traces::Status::passed : traces::Status::failed;
  record.reason = check.reason;
  traces::Validation validation{.max_abs_error = check.max_abs_error,
                                .max_rel_error = check.max_rel_error,
                                .tolerance_share = check.tolerance_share,
                                .worst_index = check.worst_index,
                                .num_checked = check.num_checked,
                                .num_mismatched = check.num_mismatched};
  validation.reference = kernel == KernelKind::decode ? "double, masked dense attention"
                                                      : "per-token magnitude, bit for bit";
  if (!check.coverage.complete()) {
    validation.reference += fmt::format("; {} of {} (sequence, kv head) rows",
                                        check.coverage.rows.size(), check.coverage.rows_total);
  }
  record.validation = std::move(validation);
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace kvroof::sweep
