// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/counter_comparison.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string_view>

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
      {"global store requests", {"global_store_requests"}, {"global_store_requests"}},
      {"global store sectors", {"global_store_sectors"}, {"global_store_sectors"}},
      {"shared load instructions", {"shared_load_requests"}, {"shared_load_instructions"}},
      {"shared store instructions", {"shared_store_requests"}, {"shared_store_instructions"}},
      {"ldmatrix instructions", {"load_matrix_requests"}, {"load_matrix_instructions"}},
      {"shared wavefronts read",
       {"shared_load_wavefronts", "load_matrix_wavefronts"},
       {"shared_read_wavefronts"}},
      {"shared wavefronts written", {"shared_store_wavefronts"}, {"shared_written_wavefronts"}},
      {"bank conflicts",
       {"shared_load_bank_conflicts", "shared_store_bank_conflicts", "shared_atomic_bank_conflicts",
        "load_matrix_bank_conflicts"},
       {"shared_bank_conflicts"}},
      {"mma instructions", {"mma"}, {"mma"}},
      {"alu instructions", {"instructions_alu"}, {"instructions_alu"}},
      {"fma instructions", {"instructions_fma"}, {"instructions_fma"}},
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

std::string problem_text(const traces::Problem& problem) {
  return fmt::format("{} x {} tokens, {}/{} heads, sparsity {}", problem.batch, problem.kv_len,
                     problem.query_heads, problem.kv_heads, problem.keys.requested_sparsity);
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
  std::map<std::string, const traces::Record*> by_key;
  for (const DeviceRecord& one : simulated) {
    if (one.backend == traces::Backend::sim) by_key[key_of(one)] = &one;
  }
  for (const DeviceRecord& one : measured) {
    const auto found = by_key.find(key_of(one));
    if (one.backend != traces::Backend::cuda || found == by_key.end()) continue;
    for (const Quantity& quantity : quantities()) {
      const std::optional<double> sim = sum(*found->second, quantity.simulated);
      const std::optional<double> gpu = sum(one, quantity.measured);
      if (!sim || !gpu || (*sim == 0 && *gpu == 0)) continue;
      table.rows.push_back({one.kernel.name, problem_text(one.problem), std::string(quantity.name),
                            *sim, *gpu,
                            *gpu == 0 ? Value(Missing{"none measured"}) : Value(*sim / *gpu)});
    }
  }
  return table;
}

}  // namespace kvroof::report
