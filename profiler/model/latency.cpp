// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/error.hpp"

namespace kvroof::model {
namespace {

constexpr double kSectorBytes = 32.0;
constexpr double kWavefrontBytes = 128.0;

/// Clock of the SMs in clocks per microsecond.
double clocks_per_us(const DeviceModel& device) { return device.sm_clock_mhz.value; }

UsedParameter used(const DeviceModel& device, std::string_view key) {
  for (const ParameterField& field : parameter_fields()) {
    if (field.key == key) return {field.key, field.unit, device.*field.member};
  }
  fail("the model has no parameter {}", key);
}

std::vector<UsedParameter> used(const DeviceModel& device,
                                std::initializer_list<std::string_view> keys) {
  std::vector<UsedParameter> parameters;
  for (const std::string_view key : keys) parameters.push_back(used(device, key));
  return parameters;
}

/// Makes the terms of one launch on one device.
class Terms {
 public:
  Terms(const Work& work, const DeviceModel& device, const Conditions& conditions)
      : work_(work),
        device_(device),
        conditions_(conditions),
        occupancy_(occupancy(work.shape, device)),
        share_(busiest_sm_share(work, device.sm_count.value)) {
    require(occupancy_.wont_launch.empty(), "estimate: will not launch: {}",
            occupancy_.wont_launch);
  }

  Term launch() const {
    const bool graph = conditions_.launch == LaunchMode::kGraph;
    const Parameter& cost = graph ? device_.launch_graph_us : device_.launch_stream_us;
    return {"launch", cost.value, graph ? "in a replayed graph" : "queued in a stream",
            used(device_, {graph ? "launch_graph_us" : "launch_stream_us"})};
  }

  Term trips() const {
    // What memory would answer, the second-level cache answers when it is warm and large enough.
    const double dram = in_l2() ? 0.0 : work_.chain.dram_trips;
    const double l2 = work_.chain.l2_trips + (in_l2() ? work_.chain.dram_trips : 0.0);
    const double time_ns = dram * device_.dram_latency_ns.value + l2 * device_.l2_latency_ns.value;
    return {"trips", time_ns * device_.trip_factor.value * 1e-3,
            fmt::format("({:.0f} to memory x {} ns + {:.0f} to L2 x {} ns) x {}", dram,
                        device_.dram_latency_ns.value, l2, device_.l2_latency_ns.value,
                        device_.trip_factor.value),
            used(device_, {"dram_latency_ns", "l2_latency_ns", "trip_factor"})};
  }

  Term dram() const {
    const int resident =
        occupancy_.resident_blocks(work_.shape, static_cast<int>(device_.sm_count.value));
    const double in_flight = resident * work_.shape.warps * work_.warp_bytes_in_flight;
    const double bandwidth = dram_bandwidth(device_, in_flight);
    const double bytes = in_l2() ? 0.0 : work_.dram_bytes;
    return {"dram", bytes == 0.0 ? 0.0 : bytes / bandwidth * 1e-3,
            fmt::format("{:.3f} MB / {:.0f} GB/s ({:.2f} MB in flight)", bytes * 1e-6, bandwidth,
                        in_flight * 1e-6),
            used(device_,
                 {"dram_gb_per_s", "dram_efficiency", "dram_loaded_latency_ns", "dram_exponent"})};
  }

  Term l2() const {
    const double bytes = work_.demand.l2_bytes;
    return {"l2", bytes / device_.l2_gb_per_s.value * 1e-3,
            fmt::format("{:.3f} MB / {:.0f} GB/s", bytes * 1e-6, device_.l2_gb_per_s.value),
            used(device_, {"l2_gb_per_s"})};
  }

  /// `count` events of all SMs that an SM takes at `per_clk`.
  Term per_sm(std::string_view name, double count, const Parameter& per_clk,
              std::string_view key) const {
    return {name, count * share_ / per_clk.value / clocks_per_us(device_),
            fmt::format("{:.0f} on the busiest SM / {} per clk / {:.0f} MHz", count * share_,
                        per_clk.value, clocks_per_us(device_)),
            used(device_, {key, "sm_clock_mhz", "sm_count"})};
  }

  /// The same for a pipe that stands still while an mma.sync takes its operands.
  Term blocked_pipe(std::string_view name, double count, const Parameter& per_clk,
                    std::string_view key) const {
    Term term = per_sm(name, count, per_clk, key);
    const double blocked = work_.demand.mma * share_ * device_.mma_alu_clk.value;
    term.time_us += blocked / clocks_per_us(device_);
    term.formula += fmt::format(" + {:.0f} clk blocked by mma", blocked);
    term.parameters.push_back(used(device_, "mma_alu_clk"));
    return term;
  }

  Term tensor() const {
    // An SM's part of the theoretical rate, in flop per microsecond.
    const double rate =
        device_.mma_sync_share.value * device_.tensor_tflops.value * 1e6 / device_.sm_count.value;
    const double flops = work_.demand.mma_flops * share_;
    return {"tensor", flops / rate,
            fmt::format("{:.3f} Mflop on the busiest SM / {:.2f} Tflop/s per SM", flops * 1e-6,
                        rate * 1e-6),
            used(device_, {"tensor_tflops", "mma_sync_share", "sm_count"})};
  }

  Term chain() const {
    const int waves = occupancy_.waves(work_.shape, static_cast<int>(device_.sm_count.value));
    const double clocks = work_.chain.instructions * device_.dependent_clk.value * waves;
    return {"chain", clocks / clocks_per_us(device_),
            fmt::format("{:.0f} instructions of one warp x {} clk / {:.0f} MHz x {} wave{}",
                        work_.chain.instructions, device_.dependent_clk.value,
                        clocks_per_us(device_), waves, waves == 1 ? "" : "s"),
            used(device_, {"dependent_clk", "sm_clock_mhz"})};
  }

 private:
  bool in_l2() const {
    return conditions_.l2 == CacheState::kWarm && work_.dram_bytes <= device_.l2_mb.value * 1e6;
  }

  const Work& work_;
  const DeviceModel& device_;
  Conditions conditions_;
  Occupancy occupancy_;
  double share_;
};

void check(const Work& work) {
  const Demand& d = work.demand;
  for (const double value : {d.alu, d.fma, d.xu, d.lsu, d.mma, d.mma_flops, d.shared_wavefronts,
                             d.l2_bytes, work.dram_bytes, work.warp_bytes_in_flight,
                             work.chain.instructions, work.chain.dram_trips, work.chain.l2_trips}) {
    require(std::isfinite(value) && value >= 0.0,
            "estimate: the work must be finite and not negative, got {}", value);
  }
  require(std::isfinite(work.block_imbalance) && work.block_imbalance >= 1.0,
          "estimate: the imbalance of blocks must be at least 1, got {}", work.block_imbalance);
  require(work.dram_bytes == 0.0 || work.warp_bytes_in_flight > 0.0,
          "estimate: {} bytes come from memory with nothing in flight", work.dram_bytes);
}

}  // namespace

Demand& Demand::operator+=(const Demand& other) {
  alu += other.alu;
  fma += other.fma;
  xu += other.xu;
  lsu += other.lsu;
  mma += other.mma;
  mma_flops += other.mma_flops;
  shared_wavefronts += other.shared_wavefronts;
  l2_bytes += other.l2_bytes;
  return *this;
}

Demand Demand::scaled(double factor) const {
  return {.alu = alu * factor,
          .fma = fma * factor,
          .xu = xu * factor,
          .lsu = lsu * factor,
          .mma = mma * factor,
          .mma_flops = mma_flops * factor,
          .shared_wavefronts = shared_wavefronts * factor,
          .l2_bytes = l2_bytes * factor};
}

Demand demand_of(const simt::Counters& counters) {
  const auto issued = [&](simt::Pipe pipe) { return static_cast<double>(counters.issued(pipe)); };
  const auto wavefronts =
      static_cast<double>(counters.shared_load.wavefronts + counters.shared_store.wavefronts +
                          counters.shared_atomic.wavefronts + counters.load_matrix.wavefronts);
  const auto sectors = static_cast<double>(
      counters.global_load.sectors + counters.global_store.sectors +
      counters.global_atomic.sectors + counters.async_copy.sectors + counters.warp_copy.sectors);
  const auto copied = static_cast<double>(counters.async_copy.bytes + counters.warp_copy.bytes);
  return {.alu = issued(simt::Pipe::kAlu),
          .fma = issued(simt::Pipe::kFma),
          .xu = issued(simt::Pipe::kXu),
          .lsu = issued(simt::Pipe::kLsu),
          .mma = static_cast<double>(counters.mma),
          .mma_flops = static_cast<double>(counters.mma_flops),
          .shared_wavefronts = wavefronts + copied / kWavefrontBytes,
          .l2_bytes = sectors * kSectorBytes};
}

double dram_bandwidth(const DeviceModel& device, double bytes_in_flight) {
  if (bytes_in_flight <= 0.0) return 0.0;
  const double reached = device.dram_efficiency.value * device.dram_gb_per_s.value;
  const double in_flight = bytes_in_flight / device.dram_loaded_latency_ns.value;  // B/ns = GB/s
  const double p = device.dram_exponent.value;
  // Written with the ratio, because powers of 1e3 GB/s overflow at large p.
  const double low = std::min(reached, in_flight);
  const double ratio = low / std::max(reached, in_flight);
  return low * std::pow(1.0 + std::pow(ratio, p), -1.0 / p);
}

double smooth_maximum(const std::vector<Term>& terms, double q) {
  double largest = 0.0;
  for (const Term& term : terms) largest = std::max(largest, term.time_us);
  if (largest == 0.0) return 0.0;
  double sum = 0.0;
  for (const Term& term : terms) sum += std::pow(term.time_us / largest, q);
  return largest * std::pow(sum, 1.0 / q);
}

double busiest_sm_share(const Work& work, double sm_count) {
  const double blocks = work.shape.blocks;
  return work.block_imbalance * std::ceil(blocks / sm_count) / blocks;
}

Confidence Estimate::weakest() const {
  Confidence weakest = Confidence::kMeasured;
  const auto look = [&](const Term& term) {
    for (const UsedParameter& used : term.parameters)
      weakest = std::max(weakest, used.parameter.confidence);
  };
  for (const Term& term : fixed) look(term);
  look(binding_term());
  return weakest;
}

Estimate estimate(const Work& work, const DeviceModel& device, const Conditions& conditions) {
  check(work);
  const Terms terms(work, device, conditions);
  const Demand& d = work.demand;
  Estimate result;
  result.fixed = {terms.launch(), terms.trips()};
  result.terms = {
      terms.dram(),
      terms.l2(),
      terms.per_sm("shared", d.shared_wavefronts, device.shared_wavefronts_per_clk,
                   "shared_wavefronts_per_clk"),
      terms.tensor(),
      terms.per_sm("issue", d.instructions(), device.issue_per_clk, "issue_per_clk"),
      terms.blocked_pipe("alu", d.alu, device.alu_per_clk, "alu_per_clk"),
      terms.blocked_pipe("fma", d.fma, device.fma_per_clk, "fma_per_clk"),
      terms.per_sm("xu", d.xu, device.xu_per_clk, "xu_per_clk"),
      terms.per_sm("lsu", d.lsu, device.lsu_per_clk, "lsu_per_clk"),
      terms.chain(),
  };
  const auto largest =
      std::max_element(result.terms.begin(), result.terms.end(),
                       [](const Term& a, const Term& b) { return a.time_us < b.time_us; });
  result.binding = static_cast<std::size_t>(largest - result.terms.begin());
  result.time_us = smooth_maximum(result.terms, device.overlap_exponent.value);
  for (const Term& term : result.fixed) result.time_us += term.time_us;
  return result;
}

}  // namespace kvroof::model
