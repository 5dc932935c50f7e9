// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/metrics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kvroof::cupti {

const std::vector<MetricRow>& metric_rows() {
  static const std::vector<MetricRow> rows = {
      {"dram_read_bytes",
       "B",
       "read from device memory",
       {"dram__bytes_read.sum", "dram__bytes_op_read.sum"}},
      {"dram_written_bytes",
       "B",
       "written to device memory",
       {"dram__bytes_write.sum", "dram__bytes_op_write.sum"}},
      {"l2_sectors", "sector", "32-byte sectors looked up in L2", {"lts__t_sectors.sum"}},
      // What L2's halves pass to each other is looked up twice and is not asked for by the kernel.
      {"l2_read_sectors",
       "sector",
       "of them asked for by SMs",
       {"lts__t_sectors_srcunit_tex_op_read.sum"}},
      {"l2_written_sectors",
       "sector",
       "of them written by SMs",
       {"lts__t_sectors_srcunit_tex_op_write.sum"}},
      {"l2_hit_rate", "%", "of L2's sectors", {"lts__t_sector_hit_rate.pct"}},
      {"global_load_requests",
       "request",
       "loads from global memory, cp.async included, bulk copies not",
       {"l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum"}},
      {"global_load_sectors",
       "sector",
       "sectors of those loads",
       {"l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"}},
      {"async_copy_requests",
       "request",
       "cp.async among those loads",
       {"smsp__sass_l1tex_t_requests_pipe_lsu_mem_global_op_ldgsts.sum"}},
      {"async_copy_sectors",
       "sector",
       "sectors of those copies",
       {"smsp__sass_l1tex_t_sectors_pipe_lsu_mem_global_op_ldgsts.sum"}},
      {"warp_copy_requests",
       "request",
       "bulk copies to shared memory",
       {"smsp__sass_inst_executed_op_tma_ld.sum"}},
      {"warp_copy_sectors",
       "sector",
       "sectors of those copies",
       {"l1tex__m_xbar2l1tex_read_sectors_mem_global_op_tma_ld.sum"}},
      {"global_store_requests",
       "request",
       "stores to global memory",
       {"l1tex__t_requests_pipe_lsu_mem_global_op_st.sum"}},
      {"global_store_sectors",
       "sector",
       "sectors of those stores",
       {"l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum"}},
      {"shared_load_instructions",
       "instr",
       "warp loads from shared memory, ldmatrix not included",
       {"smsp__sass_inst_executed_op_shared_ld.sum"}},
      {"shared_store_instructions",
       "instr",
       "warp stores to shared memory",
       {"smsp__sass_inst_executed_op_shared_st.sum"}},
      {"load_matrix_instructions",
       "instr",
       "ldmatrix",
       {"sm__sass_inst_executed_op_ldsm.sum", "sm__inst_executed_op_ldsm.sum"}},
      {"shared_wavefronts",
       "wavefront",
       "passes over the banks of shared memory",
       {"l1tex__data_pipe_lsu_wavefronts_mem_shared.sum"}},
      {"shared_read_wavefronts",
       "wavefront",
       "of loads, ldmatrix included",
       {"l1tex__data_pipe_lsu_wavefronts_mem_shared_op_ld.sum"}},
      {"shared_written_wavefronts",
       "wavefront",
       "of stores",
       {"l1tex__data_pipe_lsu_wavefronts_mem_shared_op_st.sum"}},
      {"shared_bank_conflicts",
       "wavefront",
       "passes that conflicts added",
       {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"}},
      {"shared_read_bank_conflicts",
       "wavefront",
       "of them by loads, ldmatrix included",
       {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_ld.sum"}},
      {"shared_written_bank_conflicts",
       "wavefront",
       "of them by stores",
       {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_st.sum"}},
      {"instructions", "instr", "executed by warps", {"smsp__inst_executed.sum"}},
      {"instructions_alu",
       "instr",
       "of the integer and logic pipe",
       {"sm__inst_executed_pipe_alu.sum"}},
      {"instructions_fma",
       "instr",
       "of the multiply-add pipes",
       {"sm__inst_executed_pipe_fma.sum"}},
      {"instructions_xu",
       "instr",
       "of the special-function pipe",
       {"sm__inst_executed_pipe_xu.sum"}},
      {"instructions_lsu", "instr", "of the load-store pipe", {"sm__inst_executed_pipe_lsu.sum"}},
      {"instructions_tensor", "instr", "of the tensor pipe", {"sm__inst_executed_pipe_tensor.sum"}},
      {"mma",
       "instr",
       "f16 and bf16 mma.sync",
       {"sm__inst_executed_pipe_tensor_op_hmma.sum",
        "sm__inst_executed_pipe_tensor_subpipe_hmma.sum"}},
      {"tensor_utilisation",
       "%",
       "of an SM's active cycles, those in which the tensor pipe worked",
       {"sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_active",
        "sm__pipe_tensor_subpipe_hmma_cycles_active.avg.pct_of_peak_sustained_active",
        "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active"}},
      {"issue_utilisation",
       "%",
       "of an SM's active cycles, those in which an instruction was issued",
       {"smsp__issue_active.avg.pct_of_peak_sustained_active",
        "sm__issue_active.avg.pct_of_peak_sustained_active"}},
      {"sm_active_cycles",
       "cycle",
       "with a warp on the SM, of the SM that has the most",
       {"sm__cycles_active.max"}},
  };
  return rows;
}

std::vector<ResolvedMetric> resolve(std::span<const std::string> extra, const Refusal& refusal,
                                    const std::function<std::string(const std::string&)>& unit_of) {
  std::vector<ResolvedMetric> resolved;
  std::vector<std::string> chosen;
  for (const MetricRow& row : metric_rows()) {
    ResolvedMetric one{std::string(row.name), std::string(row.unit), {}, {}};
    const auto found = std::find_if(row.candidates.begin(), row.candidates.end(), [&](auto metric) {
      return refusal(std::string(metric), chosen).empty();
    });
    if (found != row.candidates.end()) {
      one.metric = *found;
      chosen.push_back(one.metric);
    } else {
      one.reason = fmt::format("this chip has no {}", fmt::join(row.candidates, ", no "));
    }
    resolved.push_back(std::move(one));
  }
  for (const std::string& metric : extra) {
    ResolvedMetric one{metric, unit_of(metric), {}, refusal(metric, chosen)};
    if (one.unit.empty()) one.unit = "1";
    if (one.reason.empty()) {
      one.metric = metric;
      chosen.push_back(metric);
    }
    resolved.push_back(std::move(one));
  }
  return resolved;
}

std::vector<std::string> found_metrics(std::span<const ResolvedMetric> resolved) {
  std::vector<std::string> metrics;
  for (const ResolvedMetric& one : resolved) {
    if (!one.metric.empty()) metrics.push_back(one.metric);
  }
  return metrics;
}

}  // namespace kvroof::cupti
