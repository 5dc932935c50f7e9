// SPDX-License-Identifier: Apache-2.0
// Uses what an installed kvroof offers: plans a decode, counts a kernel of its own on the
// simulator, and keeps the result in a trace, which it reads back.
#include <cstdio>
#include <string>
#include <vector>

#include "kernels/attention/plan.hpp"
#include "kernels/platform/platform.hpp"
#include "kernels/simt/simulator.hpp"
#include "traces/read.hpp"
#include "traces/write.hpp"

namespace {

/// Blocks that ran of a launch whose every thread stores one number; -1 when one is missing.
std::int64_t blocks_that_stored(kvroof::simt::Simulator& device) {
  constexpr int blocks = 2;
  std::vector<int> stored(blocks, 0);
  const kvroof::simt::LaunchRecord record = device.launch(
      {.kernel = "mark", .grid = {blocks, 1, 1}, .threads = 1},
      [&] { stored[static_cast<std::size_t>(kvroof::simt_backend::block_index_x())] = 1; });
  for (const int mark : stored) {
    if (mark != 1) return -1;
  }
  return record.blocks_run;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  kvroof::attention::DecodeProblem problem;
  problem.batch = 1;
  problem.query_heads = 32;
  problem.kv_heads = 8;
  problem.head_dim = 128;
  problem.max_kv_len = 4096;
  problem.keys.kept = problem.values.kept = 64;
  problem.window = 32;
  const kvroof::attention::DecodePlan plan =
      kvroof::attention::make_plan(problem, kvroof::h200_device_info());

  kvroof::simt::Simulator device;
  kvroof::traces::Record record;
  record.kernel.name = "consumer";
  record.problem = {.batch = 1, .query_heads = 32, .kv_heads = 8, .head_dim = 128, .kv_len = 4096};
  record.axes["blocks"] = std::to_string(blocks_that_stored(device));
  {
    kvroof::traces::Writer writer(argv[1]);
    writer.append(record);
  }
  const kvroof::traces::Trace trace = kvroof::traces::read_trace(argv[1]);
  std::printf("%d blocks planned, %s blocks run, %zu record\n", plan.blocks,
              trace.records.front().axes.at("blocks").c_str(), trace.records.size());
  return plan.blocks > 0 && trace.records.front() == record ? 0 : 1;
}
