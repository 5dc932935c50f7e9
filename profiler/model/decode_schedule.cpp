// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/attention/schedule.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/model/sample_decode.hpp"
#include "profiler/model/traffic.hpp"

namespace kvroof::model {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Loads that wait for one another, read in kernels/attention: lengths, then the first keys, then
/// the window 16 tokens at a time. Two tiles of the window are under way together by now: the count
/// is kept as trip_factor was fitted to it (docs/model.md).
double dram_trips(const DecodeSchedule& schedule) {
  const std::int64_t window =
      std::min<std::int64_t>(schedule.most_window_tokens, lane_chunk::kTokens);
  const std::int64_t window_tiles = divide_up(window, lane_chunk::kTileTokens);
  constexpr std::int64_t lengths = 1;
  const bool window_alone = schedule.most_warp_units == 1;
  return static_cast<double>(
      lengths + (window_alone ? std::max<std::int64_t>(1, window_tiles) : 1 + window_tiles));
}

/// Of a row that several blocks share: the fence behind the partial result, the ticket, the
/// log-sum-exps twice (32 workers at a time), the partial outputs (8 workers at a time).
double l2_trips(const DecodeSchedule& schedule) {
  if (schedule.shared_rows == 0) return 0.0;
  constexpr std::int64_t fence_and_ticket = 2;
  constexpr std::int64_t lanes = 32;
  constexpr std::int64_t batch = 8;
  return static_cast<double>(fence_and_ticket + 2 * divide_up(schedule.most_row_workers, lanes) +
                             divide_up(schedule.most_row_workers, batch));
}

}  // namespace

DecodeSchedule decode_schedule(const DecodeCase& one, const attention::DecodePlan& plan) {
  DecodeSchedule schedule;
  for (const std::int32_t length : one.kv_lengths) {
    const attention::RowUnits row = attention::row_units(length, one.problem.window);
    schedule.most_window_tokens = std::max(schedule.most_window_tokens, row.window_tokens);
    for (int head = 0; head < one.problem.kv_heads; ++head) {
      schedule.units += row.total();
      schedule.row_ends.push_back(schedule.units);
    }
  }
  const attention::Deal deal{schedule.units, std::int64_t{plan.blocks} * plan.warps};
  for (std::int64_t worker = 0; worker < deal.workers; ++worker) {
    schedule.most_warp_units =
        std::max(schedule.most_warp_units, deal.first(worker + 1) - deal.first(worker));
    if (worker % plan.warps == 0) {
      schedule.most_block_units =
          std::max(schedule.most_block_units, deal.first(worker + plan.warps) - deal.first(worker));
    }
  }
  std::int64_t first = 0;
  for (const std::int64_t end : schedule.row_ends) {
    const int blocks = attention::blocks_with_units(deal, plan.warps, static_cast<int>(first),
                                                    static_cast<int>(end));
    schedule.most_row_blocks = std::max(schedule.most_row_blocks, blocks);
    if (blocks > 1) {
      ++schedule.shared_rows;
      schedule.most_row_workers =
          std::max(schedule.most_row_workers, deal.owner(end - 1) - deal.owner(first) + 1);
    }
    first = end;
  }
  return schedule;
}

Work decode_work(const DecodeCase& one, const attention::DecodePlan& plan,
                 const DecodeSample& sample, int registers) {
  const DecodeSchedule schedule = decode_schedule(one, plan);
  const DecodeTraffic traffic = decode_traffic(one.problem, one.kv_lengths);
  const attention::DecodeProblem& problem = one.problem;
  const int group = problem.group_size();
  // One chunk is under way while the other is expanded.
  const double chunk_bytes =
      0.5 * static_cast<double>(lane_chunk::chunk_bytes(problem.head_dim, problem.keys.kept) +
                                lane_chunk::chunk_bytes(problem.head_dim, problem.values.kept));
  return {.shape = {plan.blocks, plan.warps, plan.shared_bytes, registers},
          .demand = sample.demand,
          .dram_bytes = static_cast<double>(traffic.read_bytes() + traffic.written_bytes()),
          .block_imbalance = static_cast<double>(schedule.most_block_units) * plan.blocks /
                             static_cast<double>(schedule.units),
          .warp_bytes_in_flight = chunk_bytes,
          // The heads of a row are merged by different warps.
          .chain = {.instructions = schedule.most_warp_units * sample.per_unit.instructions() +
                                    sample.per_merge.instructions() / group,
                    .dram_trips = dram_trips(schedule),
                    .l2_trips = l2_trips(schedule)}};
}

Work whole_launch_work(const DecodeCase& one, const LaunchShape& shape,
                       const simt::Counters& counters, double dram_bytes) {
  attention::DecodePlan plan;
  plan.blocks = shape.blocks;
  plan.warps = shape.warps;
  const DecodeSchedule schedule = decode_schedule(one, plan);
  const Demand demand = demand_of(counters);
  const auto units = static_cast<double>(schedule.units);
  return {.shape = shape,
          .demand = demand,
          .dram_bytes = dram_bytes,
          .block_imbalance = schedule.most_block_units * shape.blocks / units,
          .warp_bytes_in_flight = 0.5 * static_cast<double>(shape.shared_bytes) / shape.warps,
          .chain = {.instructions = demand.instructions() * schedule.most_warp_units / units,
                    .dram_trips = dram_trips(schedule),
                    .l2_trips = l2_trips(schedule)}};
}

}  // namespace kvroof::model
