// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/record.hpp"

namespace kvroof::sweep {
namespace {

constexpr double kSectorBytes = 32;
constexpr double kWavefrontBytes = 128;  // 32 banks of 4 bytes

using CounterMap = std::map<std::string, traces::Counter>;

void add(CounterMap& counters, const std::string& name, std::int64_t value, const char* unit) {
  counters[name] = {static_cast<double>(value), unit, traces::Provenance::simulated, ""};
}

void add_global(CounterMap& counters, const std::string& name, const simt::GlobalTraffic& traffic) {
  add(counters, name + "_requests", traffic.requests, "request");
  add(counters, name + "_sectors", traffic.sectors, "sector");
  add(counters, name + "_bytes", traffic.bytes, "B");
}

void add_shared(CounterMap& counters, const std::string& name, const simt::SharedTraffic& traffic) {
  add(counters, name + "_requests", traffic.requests, "request");
  add(counters, name + "_wavefronts", traffic.wavefronts, "wavefront");
  add(counters, name + "_bank_conflicts", traffic.bank_conflicts(), "wavefront");
}

}  // namespace

CounterMap to_counters(const simt::Counters& c) {
  CounterMap counters;
  add_global(counters, "global_load", c.global_load);
  add_global(counters, "global_store", c.global_store);
  add_global(counters, "global_atomic", c.global_atomic);
  add_global(counters, "async_copy", c.async_copy);
  add_global(counters, "warp_copy", c.warp_copy);
  add_shared(counters, "shared_load", c.shared_load);
  add_shared(counters, "shared_store", c.shared_store);
  add_shared(counters, "shared_atomic", c.shared_atomic);
  add_shared(counters, "load_matrix", c.load_matrix);
  add(counters, "footprint_read_bytes", c.footprint_read_bytes, "B");
  add(counters, "footprint_written_bytes", c.footprint_written_bytes, "B");
  add(counters, "mma", c.mma, "instr");
  add(counters, "mma_flops", c.mma_flops, "flop");
  add(counters, "shuffles", c.shuffles, "instr");
  add(counters, "votes", c.votes, "instr");
  add(counters, "reductions", c.reductions, "instr");
  add(counters, "move_matrix", c.move_matrix, "instr");
  add(counters, "warp_barriers", c.warp_barriers, "instr");
  add(counters, "block_barriers", c.block_barriers, "instr");
  add(counters, "diverged_segments", c.diverged_segments, "segment");
  add(counters, "ungrouped_accesses", c.ungrouped_accesses, "access");
  add(counters, "instructions_alu", c.issued(simt::Pipe::kAlu), "instr");
  add(counters, "instructions_fma", c.issued(simt::Pipe::kFma), "instr");
  add(counters, "instructions_xu", c.issued(simt::Pipe::kXu), "instr");
  add(counters, "instructions_lsu", c.issued(simt::Pipe::kLsu), "instr");
  add(counters, "instructions_tensor", c.issued(simt::Pipe::kTensor), "instr");
  return counters;
}

std::vector<traces::Traffic> to_traffic(const simt::Counters& c) {
  const auto read = c.global_load.sectors + c.async_copy.sectors + c.warp_copy.sectors;
  const auto written = c.global_store.sectors + c.global_atomic.sectors;
  const auto loaded = c.shared_load.wavefronts + c.load_matrix.wavefronts;
  const auto stored = c.shared_store.wavefronts + c.shared_atomic.wavefronts;
  const auto bytes = [](std::int64_t count, double unit) {
    return static_cast<double>(count) * unit;
  };
  return {{traces::MemoryLevel::dram, bytes(c.footprint_read_bytes, 1),
           bytes(c.footprint_written_bytes, 1), traces::Provenance::simulated},
          {traces::MemoryLevel::l2, bytes(read, kSectorBytes), bytes(written, kSectorBytes),
           traces::Provenance::simulated},
          {traces::MemoryLevel::shared, bytes(loaded, kWavefrontBytes),
           bytes(stored, kWavefrontBytes), traces::Provenance::simulated}};
}

}  // namespace kvroof::sweep
