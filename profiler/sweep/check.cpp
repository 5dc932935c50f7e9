// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "profiler/sweep/case_run.hpp"
#include "profiler/validate/compare_attention.hpp"

namespace kvroof::sweep {
namespace {

/// `count` elements from number `row` * count on.
template <class T>
std::vector<T> slice(const std::vector<T>& all, std::int64_t row, std::int64_t count) {
  const auto first = all.begin() + row * count;
  return {first, first + count};
}

/// One (sequence, kv head) as a case of its own, so that a sample of rows can be checked by the
/// code that checks whole cases.
struct RowView {
  validate::Case one;
  inputs::KvTensors inputs;
  validate::DeviceResult result;
};

RowView view_row(const CaseRun& run, std::int64_t row) {
  const validate::Case& whole = run.one;
  const int group = whole.query_heads / whole.kv_heads;
  RowView view{whole, {}, {}};
  view.one.batch = view.one.kv_heads = 1;
  view.one.query_heads = group;
  view.one.kv_lengths = {whole.kv_length(static_cast<int>(row / whole.kv_heads))};

  const std::int64_t head_dim = whole.head_dim;
  const std::int64_t cache = head_dim * whole.max_kv_len();
  view.inputs = {run.inputs.dtype, 1, group, 1, whole.max_kv_len(), head_dim, {}, {}, {}};
  view.inputs.keys = slice(run.inputs.keys, row, cache);
  view.inputs.values = slice(run.inputs.values, row, cache);
  view.inputs.queries = slice(run.inputs.queries, row, group * head_dim);

  view.result.plan = run.result.plan;
  view.result.chunk_capacity = run.result.chunk_capacity;
  const std::int64_t rows = std::int64_t{whole.batch} * whole.kv_heads;
  const auto row_share = [&](const std::vector<std::byte>& chunks) {
    return slice(chunks, row, static_cast<std::int64_t>(chunks.size()) / rows);
  };
  view.result.packed_keys.chunks = row_share(run.result.packed_keys.chunks);
  view.result.packed_values.chunks = row_share(run.result.packed_values.chunks);
  view.result.outputs = slice(run.result.outputs, row, group * head_dim);
  view.result.log_sum_exps = slice(run.result.log_sum_exps, row, group);
  return view;
}

/// Where an element of a row's case lies in the whole problem: [sequence, head, ...].
std::vector<std::int64_t> whole_index(std::string_view kernel, const CaseRun& run, std::int64_t row,
                                      std::vector<std::int64_t> index) {
  if (index.size() < 2) return index;
  const std::int64_t kv_head = row % run.one.kv_heads;
  const int group = run.one.query_heads / run.one.kv_heads;
  index[0] = row / run.one.kv_heads;
  index[1] = validate::attends(kernel) ? kv_head * group + index[1] : kv_head;
  return index;
}

void add(CheckResult& total, const validate::KernelResult& part, std::vector<std::int64_t> worst) {
  total.num_checked += part.num_elements;
  total.num_mismatched += part.num_failures;
  total.max_abs_error = std::max(total.max_abs_error, part.max_abs_error);
  total.max_rel_error = std::max(total.max_rel_error, part.max_rel_error);
  const bool first_failure =
      part.status != validate::Status::kPassed && total.status == validate::Status::kPassed;
  if (first_failure) {
    total.status = part.status;
    total.reason = fmt::format("{}: {}", part.kernel, part.reason);
  }
  if (first_failure ||
      (total.status == part.status && part.tolerance_used >= total.tolerance_share)) {
    total.worst_index = std::move(worst);
  }
  total.tolerance_share = std::max(total.tolerance_share, part.tolerance_used);
}

void add_reports(CheckResult& total, const std::vector<std::string>& reports) {
  if (reports.empty()) return;
  total.status = validate::Status::kFailed;
  if (!total.reason.empty()) total.reason += "; ";
  total.reason += fmt::format("{} hazard{} on the simulator: {}", reports.size(),
                              reports.size() == 1 ? "" : "s", fmt::join(reports, "; "));
}

}  // namespace

CheckPlan plan_check(const validate::Case& one, std::int64_t most_rows) {
  CheckPlan plan;
  plan.rows_total = std::int64_t{one.batch} * one.kv_heads;
  const std::int64_t row_elements = std::int64_t{one.max_kv_len()} * one.head_dim;
  std::int64_t rows =
      most_rows > 0 ? most_rows : std::max<std::int64_t>(2, kFullCheckElements / row_elements);
  rows = std::min(rows, plan.rows_total);
  for (std::int64_t i = 0; i < rows; ++i)
    plan.rows.push_back(rows == 1 ? 0 : i * (plan.rows_total - 1) / (rows - 1));
  return plan;
}

CheckResult check_kernel(std::string_view kernel, const CaseRun& run, const CheckPlan& plan,
                         const Deadline& deadline) {
  CheckResult total;
  total.coverage = plan;
  for (const std::int64_t row : plan.rows) {
    deadline.check("the comparison with the reference");
    const RowView view = view_row(run, row);
    for (const validate::KernelResult& part :
         validate::compare_kernel(kernel, view.one, view.inputs, view.result))
      add(total, part, whole_index(kernel, run, row, part.worst_index));
  }
  add_reports(total, run.reports);
  return total;
}

}  // namespace kvroof::sweep
