// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/attention/plan.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/device_info.hpp"
#include "profiler/model/latency.hpp"

namespace kvroof::model {

/// One decode step to predict: the shapes of `problem` (its pointers are not read) and the lengths.
struct DecodeCase {
  attention::DecodeProblem problem;
  std::vector<std::int32_t> kv_lengths;  // [batch]
};

struct SampleOptions {
  int blocks = 8;          // simulated; 0 or at least the plan's blocks: all of them
  std::uint64_t seed = 1;  // of the choice of blocks, masks and values
  int host_threads = 0;    // 0: all cores
};

/// What a decode launch would ask of the device, from the simulated counters of some of its blocks.
struct DecodeSample {
  Demand demand{};     // of the whole launch
  Demand per_unit{};   // of 64 tokens of a row, on average over the blocks simulated
  Demand per_merge{};  // of finishing one row that several blocks share
  int blocks_simulated = 0;
  int blocks_total = 0;
  std::int64_t units_total = 0;
  std::int64_t rows_merged = 0;  // shared by several blocks
  double host_seconds = 0;       // measured: what the simulation took
};

/// Runs the decode kernel on the simulator with the limits of `device`, for a block drawn from
/// each of so many equal stretches of the grid, over chunks with random masks of exactly `kept`
/// elements per row, and scales the counters by the units of work. Only the data that these blocks
/// read is made. Blocks that leave the last merge of a row to others are counted without it; it is
/// counted once by itself, and added for every row that several blocks share. Throws as make_plan()
/// and launch() do, and std::runtime_error when the simulator reports a hazard.
DecodeSample sample_decode(const DecodeCase& one, const attention::DecodePlan& plan,
                           const DeviceInfo& device, const SampleOptions& options = {});

/// Where the units of a decode launch go: what its chain and its imbalance rest on.
struct DecodeSchedule {
  std::vector<std::int64_t> row_ends;  // of every row, in the line of all units
  std::int64_t units = 0;
  int most_warp_units = 0;       // of the busiest warp
  int most_block_units = 0;      // of the busiest block
  int most_row_blocks = 0;       // that share one row
  int most_row_workers = 0;      // warps that share one row
  std::int64_t shared_rows = 0;  // rows with more than one block
  int most_window_tokens = 0;    // dense, of one sequence
};
DecodeSchedule decode_schedule(const DecodeCase& one, const attention::DecodePlan& plan);

/// Everything that estimate() wants to know of a decode launch. `registers` per thread are the
/// compiler's.
Work decode_work(const DecodeCase& one, const attention::DecodePlan& plan,
                 const DecodeSample& sample, int registers);

/// The same for a launch of any other kernel whose blocks share the rows as the decode's do
/// (kernels/attention/schedule.hpp), all of whose blocks were simulated: `counters` are the whole
/// launch's. Half of the block's shared memory counts as being filled at any time. `dram_bytes` is
/// what it moves from and to a cold memory.
Work whole_launch_work(const DecodeCase& one, const LaunchShape& shape,
                       const simt::Counters& counters, double dram_bytes);

}  // namespace kvroof::model
