// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/predict.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/error.hpp"

namespace kvroof::model {
namespace {

/// The kernels use cp.async and mma.m16n8k16 with bf16.
constexpr int kLeastComputeCapability = 8;
constexpr double kNsPerUs = 1e3;

std::string why_not(const DeviceModel& device, const DecodeTraffic& traffic,
                    const attention::DecodePlan& plan, const DecodeCase& one) {
  if (device.compute_capability_major < kLeastComputeCapability) {
    return fmt::format("the kernels need compute capability {}.0, {} has {}.{}",
                       kLeastComputeCapability, device.title, device.compute_capability_major,
                       device.compute_capability_minor);
  }
  const double bytes = static_cast<double>(traffic.read_bytes() + traffic.written_bytes() +
                                           attention::workspace_bytes(one.problem, plan));
  const double memory = device.memory_gb.value * 1e9;
  if (bytes > memory) {
    return fmt::format("the compressed cache and its workspace take {:.1f} GB, {} has {:.0f} GB",
                       bytes * 1e-9, device.title, device.memory_gb.value);
  }
  return {};
}

}  // namespace

double Prediction::gb_per_s() const {
  return estimate.time_us > 0.0
             ? static_cast<double>(traffic.read_bytes() + traffic.written_bytes()) /
                   estimate.time_us * 1e-3
             : 0.0;
}

Prediction predict_decode(const DecodeCase& one, const DeviceModel& device,
                          const PredictOptions& options) {
  Prediction result{.device = device.name};
  result.traffic = decode_traffic(one.problem, one.kv_lengths);
  const DeviceInfo info = device_info(device);
  try {
    result.plan = attention::make_plan(one.problem, info, options.blocks);
  } catch (const std::invalid_argument& error) {
    result.wont_launch = error.what();
    return result;
  }
  result.occupancy = occupancy(
      {result.plan.blocks, result.plan.warps, result.plan.shared_bytes, options.registers}, device);
  result.wont_launch = why_not(device, result.traffic, result.plan, one);
  if (result.wont_launch.empty()) result.wont_launch = result.occupancy.wont_launch;
  if (!result.wont_launch.empty()) return result;
  result.sample = sample_decode(one, result.plan, info, options.sample);
  result.work = decode_work(one, result.plan, result.sample, options.registers);
  result.estimate = estimate(result.work, device, options.conditions);
  return result;
}

traces::Prediction to_trace(const Prediction& prediction) {
  traces::Prediction trace{.device = prediction.device,
                           .model = std::string(kModelName),
                           .validated = false,
                           .wont_launch = prediction.wont_launch};
  if (!prediction.wont_launch.empty()) return trace;
  trace.time_ns = prediction.estimate.time_us * kNsPerUs;
  for (const auto* terms : {&prediction.estimate.fixed, &prediction.estimate.terms}) {
    for (const Term& term : *terms) {
      trace.terms.push_back({.name = std::string(term.name), .time_ns = term.time_us * kNsPerUs});
    }
  }
  trace.binding = std::string(prediction.estimate.binding_term().name);
  return trace;
}

}  // namespace kvroof::model
