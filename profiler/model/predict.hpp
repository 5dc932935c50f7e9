// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "profiler/model/latency.hpp"
#include "profiler/model/sample_decode.hpp"
#include "profiler/model/traffic.hpp"
#include "traces/trace.hpp"

namespace kvroof::model {

/// The most registers per thread that the decode kernel's launch bound (384 threads) leaves room
/// for: what is assumed when nobody says what the compiler gave.
inline constexpr int kDecodeRegisters = 168;

struct PredictOptions {
  Conditions conditions{};
  SampleOptions sample{};
  int registers = kDecodeRegisters;
  int blocks = 0;  // of the plan; 0: chosen for the device
};

/// One decode step on one device. Every number is modelled, from simulated counters.
struct Prediction {
  std::string device;         // name in the catalogue
  std::string wont_launch{};  // one sentence; "" when it launches, and all below is set
  attention::DecodePlan plan{};
  Occupancy occupancy{};
  DecodeTraffic traffic{};
  DecodeSample sample{};
  Work work{};
  Estimate estimate{};

  /// traffic.read_bytes() + written_bytes() per predicted time.
  double gb_per_s() const;
};

/// Plans for the device, simulates a sample of blocks with its limits, and estimates. Throws
/// std::invalid_argument for a case that makes no sense on any device.
Prediction predict_decode(const DecodeCase& one, const DeviceModel& device,
                          const PredictOptions& options = {});

/// As a record of a trace keeps it.
traces::Prediction to_trace(const Prediction& prediction);

}  // namespace kvroof::model
