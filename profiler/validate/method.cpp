// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/method.hpp"

#include <algorithm>

#include "kernels/error.hpp"
#include "profiler/validate/attention_method.hpp"

namespace kvroof::validate {

const std::vector<Method>& methods() {
  static const std::vector<Method> all = {lane_chunk_method(), dense_method(),    think_method(),
                                          two_four_method(),   mustafar_method(), cublas_method()};
  return all;
}

const Method& method_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Method& method : methods()) {
    if (method.name == name) return method;
    names.push_back(method.name);
  }
  fail("there is no method \"{}\"; the methods are {}", name, fmt::join(names, ", "));
}

std::vector<std::string_view> kernel_names() {
  std::vector<std::string_view> names;
  for (const Method& method : methods())
    names.insert(names.end(), method.kernels.begin(), method.kernels.end());
  return names;
}

const Method& method_of_kernel(std::string_view kernel) {
  for (const Method& method : methods()) {
    if (std::find(method.kernels.begin(), method.kernels.end(), kernel) != method.kernels.end())
      return method;
  }
  fail("there is no kernel \"{}\"; the kernels are {}", kernel, fmt::join(kernel_names(), ", "));
}

Storage storage_of(const Case& one, Operand side) {
  const Method& method = method_named(one.method);
  Storage storage = side == Operand::kKeys ? method.keys : method.values;
  if (storage.rule.empty()) storage.rule = to_string(one.rule(side));
  return storage;
}

bool attends(std::string_view kernel) { return method_of_kernel(kernel).kernels.back() == kernel; }

Resources resources_on(const Case& one, Backend backend, const DeviceInfo& device) {
  const Method& method = method_named(one.method);
  const std::string reason = method.why_not_on(backend);
  require(reason.empty(), "{}: {}", method.name, reason);
  return method.resources(one, device);
}

traces::Bytes count_bytes(std::string_view kernel, const Case& one, std::uint64_t workspace_bytes) {
  traces::Bytes bytes = method_of_kernel(kernel).cache_bytes(kernel, one);
  bytes.indices += static_cast<std::uint64_t>(one.batch) * sizeof(std::int32_t);  // lengths
  bytes.provenance = traces::Provenance::modelled;
  if (!attends(kernel)) return bytes;
  const std::int64_t rows = std::int64_t{one.batch} * one.query_heads;
  const std::int64_t row_bytes = one.head_dim * kElementBytes;
  bytes.queries = static_cast<std::uint64_t>(rows * row_bytes);
  bytes.outputs =
      static_cast<std::uint64_t>(rows * (row_bytes + static_cast<std::int64_t>(sizeof(float))));
  bytes.partials = workspace_bytes;
  return bytes;
}

traces::Work count_work(const Case& one) {
  const Method& method = method_named(one.method);
  traces::Work work;
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    const int length = one.kv_length(sequence);
    const int pruned = method.pruned_tokens(one, length);
    const double kept = double{1} * pruned * (one.kept_keys + one.kept_values);
    const double dense = double{2} * (length - pruned) * one.head_dim;
    work.useful_flops += 2 * one.query_heads * (kept + dense);
    work.dense_flops += double{4} * one.query_heads * length * one.head_dim;
  }
  return work;
}

}  // namespace kvroof::validate
