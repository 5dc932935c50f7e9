// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/counter_comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

namespace kvroof::report {
namespace {

/// One quantity: the sum of simulated counters against the sum of measured ones.
struct Quantity {
  const char* name;
  std::vector<std::string_view> simulated, measured;
};

const std::vector<Quantity>& quantities() {
  static const std::vector<Quantity> all = {
      {"DRAM read, B", {"footprint_read_bytes"}, {"dram_read_bytes"}},
      {"DRAM written, B", {"footprint_written_bytes"}, {"dram_written_bytes"}},
      {"L2 sectors read",
       {"global_load_sectors", "async_copy_sectors", "warp_copy_sectors"},
       {"l2_read_sectors"}},
      {"L2 sectors written",
       {"global_store_sectors", "global_atomic_sectors"},
       {"l2_written_sectors"}},
      {"global load requests",
       {"global_load_requests", "async_copy_requests"},
       {"global_load_requests"}},
      {"global load sectors",
       {"global_load_sectors", "async_copy_sectors"},
       {"global_load_sectors"}},
      {"cp.async requests", {"async_copy_requests"}, {"async_copy_requests"}},
      {"cp.async sectors", {"async_copy_sectors"}, {"async_copy_sectors"}},
      {"bulk copies", {"warp_copy_requests"}, {"warp_copy_requests"}},
      {"bulk copy sectors", {"warp_copy_sectors"}, {"warp_copy_sectors"}},
      {"global store requests", {"global_store_requests"}, {"global_store_requests"}},
      {"global store sectors", {"global_store_sectors"}, {"global_store_sectors"}},
      {"shared load instructions", {"shared_load_requests"}, {"shared_load_instructions"}},
      {"shared store instructions", {"shared_store_requests"}, {"shared_store_instructions"}},
      {"ldmatrix instructions", {"load_matrix_requests"}, {"load_matrix_instructions"}},
      {"shared wavefronts read",
       {"shared_load_wavefronts", "load_matrix_wavefronts"},
       {"shared_read_wavefronts"}},
      {"shared wavefronts written", {"shared_store_wavefronts"}, {"shared_written_wavefronts"}},
      {"bank conflicts of loads",
       {"shared_load_bank_conflicts", "load_matrix_bank_conflicts"},
       {"shared_read_bank_conflicts"}},
      {"bank conflicts of stores",
       {"shared_store_bank_conflicts"},
       {"shared_written_bank_conflicts"}},
      {"mma instructions", {"mma"}, {"mma"}},
      {"alu instructions", {"instructions_alu"}, {"instructions_alu"}},
      {"fma instructions", {"instructions_fma"}, {"instructions_fma"}},
      {"alu and fma instructions",
       {"instructions_alu", "instructions_fma"},
       {"instructions_alu", "instructions_fma"}},
      {"xu instructions", {"instructions_xu"}, {"instructions_xu"}},
      {"lsu instructions", {"instructions_lsu"}, {"instructions_lsu"}},
      {"all instructions",
       {"instructions_alu", "instructions_fma", "instructions_xu", "instructions_lsu",
        "instructions_tensor"},
       {"instructions"}}};
  return all;
}

/// Over those that the record has; nothing when it has none of them, or one has no value.
std::optional<double> sum(const traces::Record& record,
                          const std::vector<std::string_view>& names) {
  if (!record.counters) return std::nullopt;
  std::optional<double> total;
  for (const std::string_view name : names) {
    const auto found = record.counters->find(std::string(name));
    if (found == record.counters->end()) continue;
    if (!found->second.value) return std::nullopt;
    total = total.value_or(0) + *found->second.value;
  }
  return total;
}

/// The configuration whatever ran it.
std::string key_of(traces::Record record) {
  record.backend = traces::Backend::sim;
  return traces::configuration_key(record);
}

/// A configuration that ran on both.
struct Pair {
  const traces::Record* simulated;
  const traces::Record* measured;
};

std::vector<Pair> find_pairs(const std::vector<DeviceRecord>& simulated,
                             const std::vector<DeviceRecord>& measured) {
  std::map<std::string, const traces::Record*> by_key;
  for (const DeviceRecord& one : simulated) {
    if (one.backend == traces::Backend::sim) by_key[key_of(one)] = &one;
  }
  std::vector<Pair> pairs;
  for (const DeviceRecord& one : measured) {
    const auto found = by_key.find(key_of(one));
    if (one.backend == traces::Backend::cuda && found != by_key.end())
      pairs.push_back({found->second, &one});
  }
  return pairs;
}

/// One quantity of a pair; nothing where a side does not know it or both saw none.
struct Counted {
  double simulated, measured;
};
std::optional<Counted> count(const Pair& pair, const Quantity& quantity) {
  const std::optional<double> sim = sum(*pair.simulated, quantity.simulated);
  const std::optional<double> gpu = sum(*pair.measured, quantity.measured);
  if (!sim || !gpu || (*sim == 0 && *gpu == 0)) return std::nullopt;
  return Counted{*sim, *gpu};
}

std::string problem_text(const traces::Problem& problem) {
  return fmt::format("{} x {} tokens, {}/{} heads, sparsity {}", problem.batch, problem.kv_len,
                     problem.query_heads, problem.kv_heads, problem.keys.requested_sparsity);
}

/// "97 / 99 / 100": percent of each length, "-" where there is none.
Value shares_text(const std::map<std::int64_t, Pair>& by_length, const Quantity& quantity,
                  const std::set<std::int64_t>& lengths) {
  std::vector<std::string> shares;
  bool any = false;
  for (const std::int64_t length : lengths) {
    const auto pair = by_length.find(length);
    const std::optional<Counted> counted =
        pair == by_length.end() ? std::nullopt : count(pair->second, quantity);
    any = any || counted;
    shares.push_back(!counted ? "-"
                     : counted->measured == 0
                         ? "none measured"
                         : fmt::format("{:.0f}", 100 * counted->simulated / counted->measured));
  }
  return any ? Value(fmt::format("{}", fmt::join(shares, " / "))) : Value(Missing{});
}

/// A row per quantity, a column per kernel and sparsity; the pairs differ in these and in kv_len.
Table share_table(const std::vector<Pair>& pairs) {
  std::set<std::int64_t> lengths;
  std::map<std::string, std::set<double>> sparsities;
  for (const Pair& pair : pairs) {
    const traces::Record& one = *pair.measured;
    lengths.insert(one.problem.kv_len);
    sparsities[one.kernel.name].insert(one.problem.keys.requested_sparsity);
  }
  const traces::Problem& first = pairs.front().measured->problem;
  Table table{.caption = fmt::format(
                  "Simulated in percent of measured: {} x {} tokens, {}/{} heads", first.batch,
                  fmt::join(lengths, " / "), first.query_heads, first.kv_heads),
              .columns = {{"quantity", "quantity"}}};
  std::vector<std::map<std::int64_t, Pair>> columns;
  for (const auto& [kernel, of_kernel] : sparsities) {
    for (const double sparsity : of_kernel) {
      const std::string title =
          of_kernel.size() == 1 ? kernel : fmt::format("{}, {}", kernel, sparsity);
      table.columns.push_back({title, title});
      columns.emplace_back();
      for (const Pair& pair : pairs) {
        const traces::Record& one = *pair.measured;
        if (one.kernel.name == kernel && one.problem.keys.requested_sparsity == sparsity)
          columns.back().emplace(one.problem.kv_len, pair);
      }
    }
  }
  for (const Quantity& quantity : quantities()) {
    std::vector<Value> row = {std::string(quantity.name)};
    for (const auto& column : columns) row.push_back(shares_text(column, quantity, lengths));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Table counter_comparison(const std::vector<DeviceRecord>& simulated,
                         const std::vector<DeviceRecord>& measured) {
  constexpr double percent = 0.01;
  Table table{.caption = "Simulated against measured counters",
              .columns = {{"kernel", "kernel"},
                          {"problem", "problem"},
                          {"quantity", "quantity"},
                          {"simulated", "simulated"},
                          {"measured", "measured"},
                          {"share", "simulated / measured %", percent}}};
  for (const Pair& pair : find_pairs(simulated, measured)) {
    for (const Quantity& quantity : quantities()) {
      const std::optional<Counted> counted = count(pair, quantity);
      if (!counted) continue;
      const auto [sim, gpu] = *counted;
      table.rows.push_back({pair.measured->kernel.name, problem_text(pair.measured->problem),
                            std::string(quantity.name), sim, gpu,
                            gpu == 0 ? Value(Missing{"none measured"}) : Value(sim / gpu)});
    }
  }
  return table;
}

std::vector<Table> counter_shares(const std::vector<DeviceRecord>& simulated,
                                  const std::vector<DeviceRecord>& measured) {
  using Shape =
      std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // batch, query heads, kv heads
  std::map<Shape, std::vector<Pair>> shapes;
  for (const Pair& pair : find_pairs(simulated, measured)) {
    const traces::Problem& problem = pair.measured->problem;
    shapes[{problem.batch, problem.query_heads, problem.kv_heads}].push_back(pair);
  }
  std::vector<Table> tables;
  for (const auto& [shape, pairs] : shapes) tables.push_back(share_table(pairs));
  return tables;
}

}  // namespace kvroof::report
