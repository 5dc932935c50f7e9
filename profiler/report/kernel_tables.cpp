// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/kernel_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "kernels/cache/kv_cache.hpp"
#include "profiler/validate/method.hpp"
#include "profiler/validate/rules.hpp"

namespace kvroof::report {
namespace {

constexpr int kHeadDims[] = {64, 96, 128, 192, 256};
constexpr int kLargestGroup = 17;
constexpr int kAnyGroup = 1024;  // where this many can share a kv head, any number can

validate::Case probe_of(const KernelSupport& one) {
  validate::Case probe;
  probe.head_dim = one.head_dim;
  probe.value_type = one.value_type;
  probe.kv_heads = 1;
  probe.query_heads = one.group;
  probe.kept_keys = probe.kept_values = one.head_dim / 2;
  return probe;
}

/// A kernel that attends to nothing and so is no method's: kernels/prune and kernels/cache.
struct Preparing {
  std::string_view kernel;
  std::string_view of;
  std::string_view summary;
  void (*check)(validate::Case);  // throws std::invalid_argument with the reason
};
const Preparing kPreparing[] = {
    {"prune_keys", "any rule", "masks of a rule",
     [](validate::Case probe) { require_prunable(probe, Operand::kKeys); }},
    {"prune_values", "any rule", "masks of a rule",
     [](validate::Case probe) { require_prunable(probe, Operand::kValues); }},
    {"sum_weights", "per_channel_output_aware", "attention weights of a window of queries",
     [](validate::Case probe) {
       probe.value_rule = prune::Rule::kPerChannelOutputAware;
       require_prunable(probe, Operand::kValues);
     }},
    {"append", "lane_chunk", "the cache that grows", [](validate::Case probe) {
       cache::validate({.batch = probe.batch,
                        .kv_heads = probe.kv_heads,
                        .head_dim = probe.head_dim,
                        .value_type = probe.value_type,
                        .max_kv_len = probe.max_kv_len(),
                        .window = probe.window,
                        .kept_keys = probe.kept_keys,
                        .kept_values = probe.kept_values});
     }}};

/// What `check` throws as std::invalid_argument; empty where it does not.
template <class Check>
std::string refusal(Backend backend, const Check& check) {
#if !KVROOF_HAS_CUDA
  if (backend == Backend::kCuda) return "this program was built without CUDA";
#else
  static_cast<void>(backend);
#endif
  try {
    check();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string why_not(const validate::Method& method, const KernelSupport& one) {
  return refusal(one.backend, [&] {
    validate::Case probe = probe_of(one);
    probe.method = method.name;
    resources_on(method.heeded(probe), one.backend, h200_device_info());
  });
}

/// Why the method refuses a case in which these options were given; empty where it takes it.
std::string why_not(const validate::Case& probe, const std::vector<std::string_view>& options) {
  const validate::Method& method = validate::method_named(probe.method);
  const std::string reason = why_unheeded(probe, [&](std::string_view option) {
    return std::find(options.begin(), options.end(), option) != options.end();
  });
  if (!reason.empty()) return reason;
  return refusal(Backend::kSim, [&] {
    const validate::Case heeded = method.heeded(probe);
    check(heeded);
    method.resources(heeded, h200_device_info());
  });
}

/// The rules of one side that the method takes, and the first refusal of another.
struct RulesTaken {
  std::vector<std::string_view> names;
  std::string refusal;
};
RulesTaken rules_taken(const validate::Method& method, Operand side, std::optional<int> appended) {
  RulesTaken taken;
  const bool keys = side == Operand::kKeys;
  for (const prune::Rule rule : prune::rules_of(side)) {
    validate::Case probe;
    probe.method = method.name;
    probe.appended = appended;
    (keys ? probe.key_rule : probe.value_rule) = rule;
    set_sparsity(probe, side, prune::has_sparsity(rule, 0) ? 0 : 0.5);
    const std::string reason = why_not(probe, {keys ? "--key-rule" : "--value-rule"});
    if (reason.empty()) {
      taken.names.push_back(to_string(rule));
    } else if (taken.refusal.empty()) {
      taken.refusal = reason;
    }
  }
  return taken;
}

/// A row per method and side: the rules that it can store, and why not the others.
Table list_of_rules() {
  Table table{.caption = "Rules",
              .columns = {{"method", "method"},
                          {"side", "side"},
                          {"format", "format"},
                          {"rules", "rules"},
                          {"reason", "the others are refused with"}}};
  const auto add = [&](const validate::Method& method, Operand side, std::optional<int> appended) {
    const RulesTaken taken = rules_taken(method, side, appended);
    table.rows.push_back(
        {fmt::format("{}{}", method.name, appended ? ", growing" : ""),
         std::string(side == Operand::kKeys ? "keys" : "values"),
         std::string((side == Operand::kKeys ? method.keys : method.values).format),
         fmt::format("{}", fmt::join(taken.names, ", ")),
         taken.refusal.empty() ? Value(Missing{}) : Value(taken.refusal)});
  };
  for (const validate::Method& method : validate::methods()) {
    for (const Operand side : {Operand::kKeys, Operand::kValues}) add(method, side, std::nullopt);
  }
  for (const Operand side : {Operand::kKeys, Operand::kValues})
    add(validate::method_named("lane_chunk"), side, 1);
  return table;
}

/// A row per method and what of a case it refuses, as the methods themselves answer.
Table list_of_refused_options() {
  struct Asked {
    std::vector<std::string_view> options;
    std::string_view text;
    void (*change)(validate::Case&);
  };
  const Asked all[] = {{{"--window"}, "--window 64", [](validate::Case& c) { c.window = 64; }},
                       {{"--sinks"}, "--sinks 4", [](validate::Case& c) { c.sinks = 4; }},
                       {{"--append"}, "--append 1", [](validate::Case& c) { c.appended = 1; }},
                       {{"--append", "--sinks"},
                        "--append 1 --sinks 4",
                        [](validate::Case& c) {
                          c.appended = 1;
                          c.sinks = 4;
                        }},
                       {{"--blocks"}, "--blocks 3", [](validate::Case& c) { c.blocks = 3; }},
                       {{"--sparsity"},
                        "--sparsity 0.7",
                        [](validate::Case& c) {
                          set_sparsity(c, Operand::kKeys, 0.7);
                          set_sparsity(c, Operand::kValues, 0.7);
                        }},
                       {{"--kv-len"}, "--batch 2 --kv-len 96,200", [](validate::Case& c) {
                          c.batch = 2;
                          c.kv_lengths = {96, 200};
                        }}};
  Table table{
      .caption = "Options",
      .columns = {{"method", "method"}, {"options", "options"}, {"reason", "refused with"}}};
  for (const validate::Method& method : validate::methods()) {
    std::vector<std::string_view> refused;  // by themselves: not listed in company
    for (const Asked& asked : all) {
      const auto alone = [&](std::string_view option) {
        return std::find(refused.begin(), refused.end(), option) != refused.end();
      };
      if (std::any_of(asked.options.begin(), asked.options.end(), alone)) continue;
      validate::Case probe;
      probe.method = method.name;
      asked.change(probe);
      const std::string reason = why_not(probe, asked.options);
      if (reason.empty()) continue;
      if (asked.options.size() == 1) refused.push_back(asked.options.front());
      table.rows.push_back({std::string(method.name), std::string(asked.text), reason});
    }
  }
  return table;
}

/// "1-8, 12", or "any".
std::string ranges(const std::vector<int>& sorted) {
  if (sorted.back() == kAnyGroup) return "any";
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
  for (const Preparing& one : kPreparing)
    table.rows.push_back({std::string(one.kernel), std::string(one.of), std::string(one.summary)});
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
  std::vector<std::string_view> kernels = validate::kernel_names();
  for (const Preparing& one : kPreparing) kernels.push_back(one.kernel);
  for (const std::string_view kernel : kernels) {
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

int next_group(int group) {
  return group < kLargestGroup ? group + 1 : group == kLargestGroup ? kAnyGroup : kAnyGroup + 1;
}

}  // namespace

std::vector<KernelSupport> kernel_support() {
  std::vector<KernelSupport> support;
  const auto add = [&](std::string_view kernel, std::string_view of, const auto& why) {
    for (const Backend backend : {Backend::kSim, Backend::kCuda}) {
      for (const int head_dim : kHeadDims) {
        for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
          for (int group = 1; group <= kAnyGroup; group = next_group(group)) {
            KernelSupport one{kernel, of, backend, head_dim, type, group, ""};
            one.reason = why(one);
            support.push_back(std::move(one));
          }
        }
      }
    }
  };
  for (const validate::Method& method : validate::methods()) {
    for (const std::string_view kernel : method.kernels)
      add(kernel, method.name, [&](const KernelSupport& one) { return why_not(method, one); });
  }
  for (const Preparing& preparing : kPreparing) {
    add(preparing.kernel, preparing.of, [&](const KernelSupport& one) {
      return refusal(one.backend, [&] { preparing.check(probe_of(one)); });
    });
  }
  return support;
}

std::vector<Table> kernel_tables(const std::vector<KernelSupport>& support) {
  return {list_of_kernels(), list_of_supported(support), list_of_reasons(support), list_of_rules(),
          list_of_refused_options()};
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
