// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/simt/counters.hpp"
#include "profiler/model/catalogue.hpp"
#include "profiler/model/occupancy.hpp"

// How long a kernel takes, as arithmetic on plain structs (docs/model.md):
//
//   T = t_launch + t_trips + smooth_max(dram, l2, shared, tensor, issue, alu, fma, xu, lsu, chain)
//
// Each term of the maximum is the time that one resource needs for its share of the work if nothing
// else held it up. The maximum is (sum t^q)^(1/q): resources that are nearly full get in each
// other's way; q = overlap_exponent.

namespace kvroof::model {

inline constexpr std::string_view kModelName = "bounded-by-slowest-term 2";
/// Shown beside every prediction.
inline constexpr std::string_view kNotValidated = "not yet validated on these kernels";

/// What a launch asks of the device, all its blocks together. Doubles, because a sample is scaled.
struct Demand {
  double alu = 0, fma = 0, xu = 0, lsu = 0, mma = 0;  // warp instructions by pipe
  double mma_flops = 0;
  double shared_wavefronts = 0;  // those of asynchronous copies into shared memory included
  double l2_bytes = 0;           // 32 for each sector asked for by each warp instruction

  double instructions() const { return alu + fma + xu + lsu + mma; }
  Demand& operator+=(const Demand& other);
  Demand scaled(double factor) const;
};
/// Simulated counters as demand. An asynchronous copy fills shared memory with 128 bytes per
/// wavefront.
Demand demand_of(const simt::Counters& counters);

/// The part of a launch that nothing can overlap, for its longest-working warp.
struct Chain {
  double instructions = 0;  // of that warp
  double dram_trips = 0;    // loads from memory that wait for one another, before and after the
                            // stream of data
  double l2_trips = 0;      // the same from the second-level cache: merges, tickets
};

/// A launch, ready to be timed.
struct Work {
  LaunchShape shape{};
  Demand demand{};
  double dram_bytes = 0;            // that must cross the memory interface when nothing is cached
  double block_imbalance = 1;       // work of the busiest block / mean, at least 1
  double warp_bytes_in_flight = 0;  // of loads that a warp has under way, on average
  Chain chain{};
};

/// How the kernel is queued, and what it finds in the second-level cache.
enum class LaunchMode { kStream, kGraph };
enum class CacheState { kCold, kWarm };
struct Conditions {
  LaunchMode launch = LaunchMode::kGraph;
  CacheState l2 = CacheState::kCold;
};

/// A parameter that a term used.
struct UsedParameter {
  std::string_view key, unit;
  Parameter parameter;
};

/// One term: a duration, how it came about, and from what.
struct Term {
  std::string_view name;
  double time_us = 0;
  std::string formula;  // with the numbers put in
  std::vector<UsedParameter> parameters;
};

struct Estimate {
  std::vector<Term> fixed;  // added: "launch", "trips"
  std::vector<Term> terms;  // of which the largest binds
  std::size_t binding = 0;  // index into terms
  double time_us = 0;

  const Term& binding_term() const { return terms[binding]; }
  /// The least trusted parameter that the result rests on: of the fixed terms and the binding one.
  Confidence weakest() const;
};

/// Memory bandwidth in GB/s with `bytes_in_flight` on their way: a smooth minimum of Little's law
/// X = bytes / loaded latency and of what the memory reaches,
/// (X^-p + (efficiency * peak)^-p)^(-1/p). The form fits RRZE-HPC/gpu-benches to 1-4 % where the
/// hard minimum is 1-10 % off. 0 bytes in flight give 0.
double dram_bandwidth(const DeviceModel& device, double bytes_in_flight);

/// (sum t^q)^(1/q) of not negative times; between the largest and their sum, for q >= 1.
double smooth_maximum(const std::vector<Term>& terms, double q);

/// The part of all work that the busiest SM does: imbalance * ceil(blocks / SMs) / blocks.
double busiest_sm_share(const Work& work, double sm_count);

/// Throws std::invalid_argument when the launch cannot run on `device` (ask occupancy() first) or
/// the work is not finite and positive.
Estimate estimate(const Work& work, const DeviceModel& device, const Conditions& conditions = {});

}  // namespace kvroof::model
