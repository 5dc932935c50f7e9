// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/modelling.hpp"

#include <algorithm>

#include "profiler/model/ceilings.hpp"
#include "profiler/model/predict.hpp"

namespace kvroof::sweep {
namespace {

/// A modelled time has no samples: every statistic is the one number.
traces::Time modelled_time(double time_ns) {
  return {.name = "model",
          .provenance = traces::Provenance::modelled,
          .statistics = {.count = 0,
                         .median_ns = time_ns,
                         .q1_ns = time_ns,
                         .q3_ns = time_ns,
                         .min_ns = time_ns,
                         .max_ns = time_ns,
                         .mean_ns = time_ns}};
}

/// On the simulator nothing is timed: the model's time is then the record's.
void take_time_of_model(traces::Record& record) {
  const std::optional<double> own = record.predictions.front().time_ns;
  if (own && record.times.empty() && record.backend == traces::Backend::sim)
    record.times.push_back(modelled_time(*own));
}

void predict_decode(const validate::Case& one, const std::vector<model::DeviceModel>& devices,
                    traces::Record& record) {
  const model::DecodeCase decode = decode_case(one);
  for (const model::DeviceModel& device : devices) {
    model::PredictOptions options;
    options.blocks = one.blocks;
    record.predictions.push_back(model::to_trace(model::predict_decode(decode, device, options)));
  }
}

/// nullptr when the kernel has no launch of that name: several launches are no case for the model.
const simt::LaunchRecord* find_launch(const CaseRun& run, std::string_view kernel) {
  for (const simt::LaunchRecord& launch : run.launches) {
    if (launch.config.kernel == kernel) return &launch;
  }
  return nullptr;
}

/// Any other attention, from the counters of its own launch: for the device whose plan it ran.
void predict_launch(const CaseRun& run, const model::DeviceModel& device, traces::Record& record) {
  const simt::LaunchRecord* launch = find_launch(run, record.kernel.name);
  if (launch == nullptr || !record.bytes) return;
  constexpr int warp = 32;
  const model::LaunchShape shape{launch->config.grid.x, launch->config.threads / warp,
                                 launch->config.shared_bytes, model::kDecodeRegisters};
  const traces::Bytes& bytes = *record.bytes;
  const auto moved =
      static_cast<double>(traces::compressed_bytes(bytes) + bytes.queries + bytes.outputs);
  model::Prediction prediction{.device = device.name};
  prediction.occupancy = model::occupancy(shape, device);
  prediction.wont_launch = prediction.occupancy.wont_launch;
  if (prediction.wont_launch.empty()) {
    prediction.work =
        model::whole_launch_work(decode_case(run.one), shape, launch->counters, moved);
    prediction.estimate = model::estimate(prediction.work, device);
  }
  record.predictions.push_back(model::to_trace(prediction));
}

}  // namespace

model::DecodeCase decode_case(const validate::Case& one) {
  model::DecodeCase result;
  result.problem = {.batch = one.batch,
                    .query_heads = one.query_heads,
                    .kv_heads = one.kv_heads,
                    .head_dim = one.head_dim,
                    .value_type = one.value_type,
                    .softmax_scale = 1.0f,
                    .max_kv_len = one.max_kv_len(),
                    .keys = {nullptr, one.kept_keys},
                    .values = {nullptr, one.kept_values},
                    .window = one.window};
  for (int sequence = 0; sequence < one.batch; ++sequence)
    result.kv_lengths.push_back(one.kv_length(sequence));
  return result;
}

Complete model_times(std::vector<model::DeviceModel> devices) {
  return [devices = std::move(devices)](const Planned& planned, const CaseRun& run,
                                        traces::Record& record) {
    if (devices.empty()) return;
    if (record.bytes)
      record.floors = model::floors(*record.bytes, model::ceilings_of(devices.front()));
    if (!validate::attends(planned.configuration.kernel)) return;
    if (planned.configuration.kernel == "decode") {
      predict_decode(run.one, devices, record);
    } else {
      predict_launch(run, devices.front(), record);
    }
    if (!record.predictions.empty()) take_time_of_model(record);
  };
}

std::vector<model::DeviceModel> devices_to_model(const model::Catalogue& catalogue,
                                                 const std::string& driver_name,
                                                 const std::vector<std::string>& names) {
  std::vector<model::DeviceModel> devices;
  for (const std::string& name : names) devices.push_back(catalogue.find(name));
  const model::DeviceModel* own = model::find_by_driver_name(catalogue, driver_name);
  if (own == nullptr) return {};
  std::erase(devices, *own);
  devices.insert(devices.begin(), *own);
  return devices;
}

}  // namespace kvroof::sweep
