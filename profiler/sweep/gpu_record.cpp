// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/gpu_record.hpp"

namespace kvroof::sweep {
namespace {

constexpr double kSectorBytes = 32;
constexpr double kWavefrontBytes = 128;

std::optional<double> value_of(const measure::Measured& measured, const char* name) {
  const auto found = measured.counters.find(name);
  return found == measured.counters.end() ? std::nullopt : found->second.value;
}

/// Counters in units of some bytes.
struct CountedBytes {
  const char* counter;
  double unit_bytes;
};

void add_traffic(const measure::Measured& measured, traces::MemoryLevel level, CountedBytes read,
                 CountedBytes written, traces::Record& record) {
  const std::optional<double> in = value_of(measured, read.counter);
  const std::optional<double> out = value_of(measured, written.counter);
  if (!in || !out) return;
  record.traffic.push_back(
      {level, *in * read.unit_bytes, *out * written.unit_bytes, traces::Provenance::measured});
}

}  // namespace

void add_measured(const measure::Measured& measured, traces::Record& record) {
  record.times.insert(record.times.begin(), measured.times.begin(), measured.times.end());
  record.activities = measured.activities;
  record.activities_reason = measured.activities_reason;
  if (record.plan && measured.registers_per_thread > 0)
    record.plan->registers_per_thread = measured.registers_per_thread;
  if (measured.counters.empty()) {
    record.counters_reason = measured.counters_reason;
    return;
  }
  record.counters = measured.counters;
  record.counters_reason.clear();
  record.traffic.clear();
  // What a kernel writes stays in L2 when it ends, and what memory takes meanwhile are lines of
  // whoever ran before: dram_written_bytes is neither's. The SMs' own writes are the kernel's.
  const CountedBytes written{"l2_written_sectors", kSectorBytes};
  add_traffic(measured, traces::MemoryLevel::dram, {"dram_read_bytes", 1}, written, record);
  add_traffic(measured, traces::MemoryLevel::l2, {"l2_read_sectors", kSectorBytes}, written,
              record);
  add_traffic(measured, traces::MemoryLevel::shared, {"shared_read_wavefronts", kWavefrontBytes},
              {"shared_written_wavefronts", kWavefrontBytes}, record);
}

}  // namespace kvroof::sweep
