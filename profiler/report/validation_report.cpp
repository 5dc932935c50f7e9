// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/validation_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/format/kept.hpp"
#include "kvroof_version.hpp"
#include "profiler/validate/method.hpp"

namespace kvroof::report {

using validate::CaseResult;
using validate::KernelResult;
using validate::Status;
using Json = nlohmann::ordered_json;

namespace {

/// Whether the result is equal or wrong, and no error is small enough.
bool compares_bits(const KernelResult& kernel) {
  return kernel.kernel.starts_with("pack") || kernel.kernel.starts_with("prune") ||
         kernel.kernel == "formats";
}

std::string kernel_line(const KernelResult& kernel) {
  if (kernel.status != Status::kPassed) {
    return fmt::format("  {:<12} {:<7} {}\n", kernel.kernel, to_string(kernel.status),
                       kernel.reason);
  }
  if (compares_bits(kernel)) return fmt::format("  {:<12} passed  identical\n", kernel.kernel);
  return fmt::format("  {:<12} passed  max error {:.2e}, {:.1f} % of tolerance\n", kernel.kernel,
                     kernel.max_abs_error, 100.0 * kernel.tolerance_used);
}

std::string case_head(const CaseResult& result) {
  const validate::Case& one = result.one;
  const auto side = [&](const char* name, Operand operand, double requested) {
    return fmt::format("{} {}, sparsity {:g} requested, {:g} effective", name,
                       storage_of(one, operand).rule, requested,
                       effective_sparsity(one.head_dim, one.kept(operand)));
  };
  return fmt::format("{}\n  {}\n  {}\n  {}{}\n", describe(one),
                     side("keys", Operand::kKeys, one.requested_sparsity),
                     side("values", Operand::kValues,
                          one.requested_value_sparsity.value_or(one.requested_sparsity)),
                     result.plan.empty() ? "no plan" : result.plan,
                     result.seconds > 0 ? fmt::format("; {:.2f} s", result.seconds) : "");
}

/// NaN and infinity have no JSON number: null, as the reason says.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json problem_json(const CaseResult& result) {
  const validate::Case& one = result.one;
  return {
      {"method", one.method},
      {"batch", one.batch},
      {"query_heads", one.query_heads},
      {"kv_heads", one.kv_heads},
      {"head_dim", one.head_dim},
      {"kv_lengths", one.kv_lengths},
      {"window", one.window},
      {"sinks", one.sinks},
      {"appended", one.appended ? Json(*one.appended) : Json(nullptr)},
      {"key_rule", storage_of(one, Operand::kKeys).rule},
      {"value_rule", storage_of(one, Operand::kValues).rule},
      {"requested_sparsity", one.requested_sparsity},
      {"requested_value_sparsity", one.requested_value_sparsity.value_or(one.requested_sparsity)},
      {"effective_key_sparsity", effective_sparsity(one.head_dim, one.kept_keys)},
      {"effective_value_sparsity", effective_sparsity(one.head_dim, one.kept_values)},
      {"kept_keys", one.kept_keys},
      {"kept_values", one.kept_values},
      {"dtype", to_string(one.value_type)},
      {"blocks", one.blocks},
      {"seed", one.seed},
      {"outlier_strength", number(one.outlier_strength)},
      {"kv_file", one.kv_file.empty() ? Json(nullptr) : Json(one.kv_file)},
      {"plan", result.plan}};
}

}  // namespace

std::string validation_table(const std::vector<CaseResult>& results, const Device& device) {
  std::string text;
  int passed = 0, skipped = 0;
  for (const CaseResult& result : results) {
    text += case_head(result);
    for (const KernelResult& kernel : result.kernels) text += kernel_line(kernel);
    passed += result.status() == Status::kPassed ? 1 : 0;
    skipped += result.status() == Status::kSkipped ? 1 : 0;
  }
  const bool simulated = device.backend() == Backend::kSim;
  text +=
      fmt::format("\n{} of {} cases passed on {} ({}){}.\n", passed, results.size(),
                  to_string(device.backend()),
                  simulated ? fmt::format("simulated, with the limits of an {}", device.info().name)
                            : device.info().name,
                  skipped > 0 ? fmt::format(", {} skipped", skipped) : "");
  text +=
      "prune: what the rule's kernel keeps against the reference's choice; pack: the same of what "
      "is "
      "stored, and its bits;\n"
      "formats: every format that can hold it, encoded and decoded; all identical or failed.\n"
      "others: largest absolute error against double precision, _lse that of the log-sum-exps, and "
      "the largest share\n"
      "of the error that the kernel's arithmetic may make at an element "
      "(reference/error_bound.hpp); "
      "above 100 % fails.\n";
  text += simulated ? "Seconds are the time the simulator took, not a GPU's.\n"
                    : "Seconds are wall time with copies and packing, not kernel time.\n";
  return text;
}

std::string validation_json(const std::vector<CaseResult>& results,
                            const Environment& environment) {
  Json document = {
      {"schema_version", 1},
      {"environment",
       {{"kvroof_version", kVersion},
        {"git_revision", kGitRevision},
        {"git_dirty", kGitDirty},
        {"backend", environment.backend},
        {"provenance", environment.backend == "sim" ? "simulated" : "measured"},
        {"device", environment.device},
        {"cuda_driver", environment.driver.empty() ? Json(nullptr) : Json(environment.driver)},
        {"cuda_runtime", environment.runtime.empty() ? Json(nullptr) : Json(environment.runtime)},
        {"host", environment.host},
        {"utc_time", environment.utc_time},
        {"argv", environment.argv}}},
      {"cases", Json::array()}};
  for (const CaseResult& result : results) {
    for (const KernelResult& kernel : result.kernels) {
      document["cases"].push_back({{"kernel", kernel.kernel},
                                   {"backend", to_string(kernel.backend)},
                                   {"problem", problem_json(result)},
                                   {"status", to_string(kernel.status)},
                                   {"max_abs_error", number(kernel.max_abs_error)},
                                   {"max_rel_error", number(kernel.max_rel_error)},
                                   {"tolerance", number(kernel.tolerance)},
                                   {"tolerance_used", number(kernel.tolerance_used)},
                                   {"worst_index", kernel.worst_index},
                                   {"reason", kernel.reason}});
    }
  }
  // Arguments and file names are bytes; what is no UTF-8 in them becomes U+FFFD.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kvroof::report
