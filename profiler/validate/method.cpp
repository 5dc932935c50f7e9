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

namespace {

/// Something that a case asks for and its method does not heed.
struct Unheeded {
  std::vector<std::string_view> options;  // one of which asks for it
  std::string instead;                    // what the method has, a phrase
};

std::vector<Unheeded> unheeded(const Case& asked) {
  const Method& method = method_named(asked.method);
  const Case heeded = method.heeded(asked);
  std::vector<Unheeded> found;
  const auto add = [&](bool differs, std::vector<std::string_view> options, std::string instead) {
    if (differs) found.push_back({std::move(options), std::move(instead)});
  };
  const auto add_side = [&](Operand side, std::string_view own_rule, std::string_view rule_option,
                            std::vector<std::string_view> count_options) {
    const char* name = side == Operand::kKeys ? "keys" : "values";
    add(!own_rule.empty() && own_rule != to_string(asked.rule(side)), {rule_option},
        fmt::format("its rule for {} is {}", name, own_rule));
    add(heeded.kept(side) != asked.kept(side), std::move(count_options),
        fmt::format("it keeps {} of {} channels of the {}", heeded.kept(side), heeded.head_dim,
                    name));
  };
  add_side(Operand::kKeys, method.keys.rule, "--key-rule", {"--kept", "--sparsity"});
  add_side(Operand::kValues, method.values.rule, "--value-rule",
           {"--kept", "--value-sparsity", "--sparsity"});
  add(heeded.window != asked.window, {"--window"}, "it prunes nothing, so it has no window");
  add(heeded.sinks != asked.sinks, {"--sinks"}, "it keeps no sinks apart");
  add(heeded.appended != asked.appended, {"--append"}, "its cache does not grow");
  add(heeded.blocks != asked.blocks, {"--blocks"}, "the shape decides its blocks");
  return found;
}

}  // namespace

std::string why_unheeded(const Case& asked, const std::function<bool(std::string_view)>& given) {
  for (const Unheeded& one : unheeded(asked)) {
    const auto option = std::find_if(one.options.begin(), one.options.end(), given);
    if (option == one.options.end()) continue;
    return fmt::format(
        "{}: method {} does not heed it: {}; leave it out, or choose another method (kvroof "
        "kernels)",
        *option, asked.method, one.instead);
  }
  return "";
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
