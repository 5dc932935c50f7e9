// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/kernel_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "profiler/validate/method.hpp"

namespace kvroof::report {
namespace {

constexpr int kHeadDims[] = {64, 96, 128, 192, 256};
constexpr int kLargestGroup = 17;

std::string why_not(const validate::Method& method, const KernelSupport& one) {
#if !KVROOF_HAS_CUDA
  if (one.backend == Backend::kCuda) return "this program was built without CUDA";
#endif
  validate::Case probe;
  probe.method = method.name;
  probe.head_dim = one.head_dim;
  probe.value_type = one.value_type;
  probe.kv_heads = 1;
  probe.query_heads = one.group;
  probe.kept_keys = probe.kept_values = one.head_dim / 2;
  try {
    resources_on(method.heeded(probe), one.backend, h200_device_info());
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

/// Why the method cannot store a side that the rule prunes; empty where it can.
std::string why_not(const validate::Method& method, Operand side, prune::Rule rule) {
  const validate::Storage storage = side == Operand::kKeys ? method.keys : method.values;
  if (!storage.rule.empty()) return fmt::format("{} has a rule of its own", method.name);
  validate::Case probe;
  probe.method = method.name;
  (side == Operand::kKeys ? probe.key_rule : probe.value_rule) = rule;
  set_sparsity(probe, side, 0.5);
  try {
    method.resources(method.heeded(probe), h200_device_info());
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

/// A row per method and side: the rules that it can store, and why not the others.
Table list_of_rules() {
  Table table{.caption = "Rules",
              .columns = {{"method", "method"},
                          {"side", "side"},
                          {"format", "format"},
                          {"rules", "rules"},
                          {"reason", "the others are refused with"}}};
  for (const validate::Method& method : validate::methods()) {
    for (const Operand side : {Operand::kKeys, Operand::kValues}) {
      const validate::Storage storage = side == Operand::kKeys ? method.keys : method.values;
      std::vector<std::string_view> rules;
      std::string reason;
      for (const prune::Rule rule : prune::rules_of(side)) {
        const std::string refusal = why_not(method, side, rule);
        if (refusal.empty()) {
          rules.push_back(to_string(rule));
        } else if (reason.empty()) {
          reason = refusal;
        }
      }
      if (!storage.rule.empty()) rules.push_back(storage.rule);
      table.rows.push_back({std::string(method.name),
                            std::string(side == Operand::kKeys ? "keys" : "values"),
                            std::string(storage.format), fmt::format("{}", fmt::join(rules, ", ")),
                            reason.empty() ? Value(Missing{}) : Value(reason)});
    }
  }
  return table;
}

/// "1-8, 12".
std::string ranges(const std::vector<int>& sorted) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[end - 1] + 1) ++end;
    parts.push_back(end - i == 1 ? fmt::format("{}", sorted[i])
                                 : fmt::format("{}-{}", sorted[i], sorted[end - 1]));
    i = end;
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

Table list_of_kernels() {
  Table table{
      .caption = "Kernels",
      .columns = {{"kernel", "kernel"}, {"method", "method"}, {"summary", "what it is of"}}};
  for (const validate::Method& method : validate::methods()) {
    for (const std::string_view kernel : method.kernels)
      table.rows.push_back(
          {std::string(kernel), std::string(method.name), std::string(method.summary)});
  }
  // Of no method, for they attend to nothing: kernels/prune and kernels/cache.
  for (const char* kernel : {"prune_keys", "prune_values"}) {
    table.rows.push_back({std::string(kernel), std::string("any rule"),
                          std::string("masks of a rule, head_dim 64, 128 and 256")});
  }
  table.rows.push_back(
      {std::string("sum_weights"), std::string("per_channel_output_aware"),
       std::string("attention weights of a window of queries, head_dim 64, 128 and 256")});
  table.rows.push_back({std::string("append"), std::string("lane_chunk"),
                        std::string("the cache that grows: per-token magnitude, no sinks")});
  return table;
}

/// A row per kernel, backend, and set of groups that some head_dims and value types share.
Table list_of_supported(const std::vector<KernelSupport>& support) {
  struct Shape {
    std::string_view kernel;
    Backend backend;
    int head_dim;
    auto operator<=>(const Shape&) const = default;
  };
  std::map<Shape, std::map<ValueType, std::vector<int>>> groups;
  for (const KernelSupport& one : support) {
    if (one.reason.empty())
      groups[{one.kernel, one.backend, one.head_dim}][one.value_type].push_back(one.group);
  }
  Table table{.caption = "Supported",
              .columns = {{"kernel", "kernel"},
                          {"backend", "backend"},
                          {"head_dim", "head dim"},
                          {"dtype", "dtype"},
                          {"groups", "query heads per kv head"}}};
  for (const std::string_view kernel : validate::kernel_names()) {
    for (const auto& [shape, types] : groups) {
      if (shape.kernel != kernel) continue;
      std::map<std::string, std::vector<std::string_view>> alike;
      for (const auto& [type, of_type] : types) alike[ranges(of_type)].push_back(to_string(type));
      for (const auto& [of_types, names] : alike)
        table.rows.push_back({std::string(kernel), std::string(to_string(shape.backend)),
                              std::int64_t{shape.head_dim},
                              fmt::format("{}", fmt::join(names, ", ")), of_types});
    }
  }
  return table;
}

/// The reasons, each once per kernel and backend, with an example.
Table list_of_reasons(const std::vector<KernelSupport>& support) {
  Table table{.caption = "Not supported",
              .columns = {{"kernel", "kernel"},
                          {"backend", "backend"},
                          {"combinations", "combinations"},
                          {"reason", "the first of them is refused with"}}};
  std::map<std::pair<std::string_view, std::string>, std::size_t> row_of;
  // The same sentence with other numbers, or another value type at its end, is the same reason.
  const auto kind = [](const KernelSupport& one) {
    std::string text = one.reason.substr(0, one.reason.rfind(", got "));
    std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return fmt::format("{}: {}", to_string(one.backend), text);
  };
  for (const KernelSupport& one : support) {
    if (one.reason.empty()) continue;
    const auto [found, added] = row_of.insert({{one.kernel, kind(one)}, table.rows.size()});
    if (added)
      table.rows.push_back({std::string(one.kernel), std::string(to_string(one.backend)),
                            std::int64_t{0}, one.reason});
    ++std::get<std::int64_t>(table.rows[found->second][2]);
  }
  return table;
}

}  // namespace

std::vector<KernelSupport> kernel_support() {
  std::vector<KernelSupport> support;
  for (const validate::Method& method : validate::methods()) {
    for (const std::string_view kernel : method.kernels) {
      for (const Backend backend : {Backend::kSim, Backend::kCuda}) {
        for (const int head_dim : kHeadDims) {
          for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
            for (int group = 1; group <= kLargestGroup; ++group) {
              KernelSupport one{kernel, method.name, backend, head_dim, type, group, ""};
              one.reason = why_not(method, one);
              support.push_back(std::move(one));
            }
          }
        }
      }
    }
  }
  return support;
}

std::vector<Table> kernel_tables(const std::vector<KernelSupport>& support) {
  return {list_of_kernels(), list_of_supported(support), list_of_reasons(support), list_of_rules()};
}

Table kernel_table(const std::vector<KernelSupport>& support) {
  Table table{.caption = "Kernels",
              .columns = {{"kernel", "kernel"},
                          {"method", "method"},
                          {"backend", "backend"},
                          {"head_dim", "head dim"},
                          {"dtype", "dtype"},
                          {"group", "group"},
                          {"supported", "supported"},
                          {"reason", "reason"}}};
  for (const KernelSupport& one : support) {
    table.rows.push_back({std::string(one.kernel), std::string(one.method),
                          std::string(to_string(one.backend)), std::int64_t{one.head_dim},
                          std::string(to_string(one.value_type)), std::int64_t{one.group},
                          std::string(one.reason.empty() ? "yes" : "no"),
                          one.reason.empty() ? Value(Missing{}) : Value(one.reason)});
  }
  return table;
}

}  // namespace kvroof::report
