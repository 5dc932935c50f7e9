// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "traces/index.hpp"
#include "traces/trace.hpp"

/// Which fields an object has, under which name and in which order: the only place that says so.
/// The encoder, the decoder and the index decoder are archives that walk these lists, so they
/// cannot drift apart.
///
/// An archive offers
///   required(name, value)  must be in the file
///   field(name, value)     may be missing: not known, or empty
///   heavy(name, value)     as field(), left out by the index
///   constant(name, text)   written for readers of the file; must be equal when it is there
/// Summary lists a subset of the fields of Record in the same order.
namespace kvroof::traces {

namespace detail {
template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;
}

template <class Archive, detail::Like<PrunedSide> T>
void describe(Archive& a, T& side) {
  a.field("requested_sparsity", side.requested_sparsity);
  a.field("effective_sparsity", side.effective_sparsity);
  a.field("kept", side.kept);
  a.field("rule", side.rule);
  a.field("format", side.format);
}

template <class Archive, detail::Like<LengthSummary> T>
void describe(Archive& a, T& lengths) {
  a.field("min", lengths.min);
  a.field("mean", lengths.mean);
  a.field("max", lengths.max);
  a.field("total", lengths.total);
}

template <class Archive, detail::Like<Problem> T>
void describe(Archive& a, T& problem) {
  a.required("batch", problem.batch);
  a.required("query_heads", problem.query_heads);
  a.required("kv_heads", problem.kv_heads);
  a.required("head_dim", problem.head_dim);
  a.required("kv_len", problem.kv_len);
  a.field("lengths", problem.lengths);
  a.field("window", problem.window);
  a.field("dtype", problem.dtype);
  a.field("keys", problem.keys);
  a.field("values", problem.values);
  a.field("seed", problem.seed);
  a.field("input", problem.input);
  a.field("model", problem.model);
}

template <class Archive, detail::Like<Kernel> T>
void describe(Archive& a, T& kernel) {
  a.required("name", kernel.name);
  a.field("variant", kernel.variant);
}

template <class Archive, detail::Like<Plan> T>
void describe(Archive& a, T& plan) {
  a.field("splits", plan.splits);
  a.field("grid", plan.grid);
  a.field("block", plan.block);
  a.field("shared_bytes", plan.shared_bytes);
  a.field("registers_per_thread", plan.registers_per_thread);
  a.field("blocks_per_sm", plan.blocks_per_sm);
  a.field("workspace_bytes", plan.workspace_bytes);
}

template <class Archive, detail::Like<Validation> T>
void describe(Archive& a, T& validation) {
  a.required("max_abs_error", validation.max_abs_error);
  a.required("max_rel_error", validation.max_rel_error);
  a.required("tolerance_share", validation.tolerance_share);
  a.field("num_checked", validation.num_checked);
  a.field("num_mismatched", validation.num_mismatched);
  a.heavy("worst_index", validation.worst_index);
  a.heavy("reference", validation.reference);
}

template <class Archive, detail::Like<Coverage> T>
void describe(Archive& a, T& coverage) {
  a.required("blocks_simulated", coverage.blocks_simulated);
  a.required("blocks_total", coverage.blocks_total);
}

template <class Archive, detail::Like<Statistics> T>
void describe(Archive& a, T& statistics) {
  a.field("count", statistics.count);
  a.required("median_ns", statistics.median_ns);
  a.required("q1_ns", statistics.q1_ns);
  a.required("q3_ns", statistics.q3_ns);
  a.required("min_ns", statistics.min_ns);
  a.required("max_ns", statistics.max_ns);
  a.required("mean_ns", statistics.mean_ns);
  a.field("stddev_ns", statistics.stddev_ns);
}

template <class Archive, detail::Like<Time> T>
void describe(Archive& a, T& time) {
  a.required("name", time.name);
  a.required("provenance", time.provenance);
  a.required("statistics", time.statistics);
  a.field("num_throttled", time.num_throttled);
  a.field("sm_clock_mhz", time.sm_clock_mhz);
  a.heavy("samples_ns", time.samples_ns);
  a.heavy("throttled_samples", time.throttled_samples);
}

template <class Archive, detail::Like<NamedTime> T>
void describe(Archive& a, T& time) {
  a.required("name", time.name);
  a.required("time_ns", time.time_ns);
  a.required("provenance", time.provenance);
}

template <class Archive, detail::Like<Work> T>
void describe(Archive& a, T& work) {
  a.required("useful_flops", work.useful_flops);
  a.required("dense_flops", work.dense_flops);
  a.field("executed_flops", work.executed_flops);
  a.required("provenance", work.provenance);
}

template <class Archive, detail::Like<Traffic> T>
void describe(Archive& a, T& traffic) {
  a.required("level", traffic.level);
  a.required("read_bytes", traffic.read_bytes);
  a.required("write_bytes", traffic.write_bytes);
  a.required("provenance", traffic.provenance);
}

template <class Archive, detail::Like<Bytes> T>
void describe(Archive& a, T& bytes) {
  a.field("key_values", bytes.key_values);
  a.field("value_values", bytes.value_values);
  a.field("key_bitmaps", bytes.key_bitmaps);
  a.field("value_bitmaps", bytes.value_bitmaps);
  a.field("indices", bytes.indices);
  a.field("padding", bytes.padding);
  a.field("window", bytes.window);
  a.field("queries", bytes.queries);
  a.field("outputs", bytes.outputs);
  a.field("partials", bytes.partials);
  a.required("dense", bytes.dense);
  a.required("provenance", bytes.provenance);
}

template <class Archive, detail::Like<Counter> T>
void describe(Archive& a, T& counter) {
  a.field("value", counter.value);
  a.required("unit", counter.unit);
  a.required("provenance", counter.provenance);
  a.field("reason", counter.reason);
}

template <class Archive, detail::Like<Prediction> T>
void describe(Archive& a, T& prediction) {
  a.required("device", prediction.device);
  a.field("model", prediction.model);
  a.required("validated", prediction.validated);
  a.field("time_ns", prediction.time_ns);
  a.field("wont_launch", prediction.wont_launch);
  a.field("binding", prediction.binding);
  a.field("error_share", prediction.error_share);
  a.heavy("terms", prediction.terms);
}

template <class Archive, detail::Like<Activity> T>
void describe(Archive& a, T& activity) {
  a.required("name", activity.name);
  a.field("phase", activity.phase);
  a.field("stream", activity.stream);
  a.required("start_ns", activity.start_ns);
  a.required("duration_ns", activity.duration_ns);
  a.required("provenance", activity.provenance);
}

template <class Archive, detail::Like<Record> T>
void describe(Archive& a, T& record) {
  a.field("utc_time", record.utc_time);
  a.required("backend", record.backend);
  a.required("status", record.status);
  a.field("reason", record.reason);
  a.field("environment_id", record.environment_id);
  a.field("ceilings_id", record.ceilings_id);
  a.required("kernel", record.kernel);
  a.required("problem", record.problem);
  a.field("axes", record.axes);
  a.field("plan", record.plan);
  a.field("validation", record.validation);
  a.field("coverage", record.coverage);
  a.field("work", record.work);
  a.field("bytes", record.bytes);
  a.field("traffic", record.traffic);
  a.field("predictions", record.predictions);
  a.field("floors", record.floors);
  a.field("phases", record.phases);
  a.field("times", record.times);
  a.field("fidelity", record.fidelity);
  a.field("counters", record.counters);
  a.field("counters_reason", record.counters_reason);
  a.field("activities", record.activities);
  a.field("activities_reason", record.activities_reason);
}

/// Read only: `first(name, value)` takes the first element of a list, if there is one.
template <class Archive>
void describe(Archive& a, Summary& summary) {
  a.field("utc_time", summary.utc_time);
  a.required("backend", summary.backend);
  a.required("status", summary.status);
  a.field("reason", summary.reason);
  a.field("environment_id", summary.environment_id);
  a.field("ceilings_id", summary.ceilings_id);
  a.required("kernel", summary.kernel);
  a.required("problem", summary.problem);
  a.field("axes", summary.axes);
  a.field("validation", summary.validation);
  a.field("coverage", summary.coverage);
  a.field("work", summary.work);
  a.field("bytes", summary.bytes);
  a.field("traffic", summary.traffic);
  a.first("predictions", summary.prediction);
  a.field("phases", summary.phases);
  a.first("times", summary.time);
  a.field("fidelity", summary.fidelity);
}

template <class Archive, detail::Like<Device> T>
void describe(Archive& a, T& device) {
  a.required("name", device.name);
  a.field("compute_capability", device.compute_capability);
  a.field("num_sms", device.num_sms);
  a.field("memory_bytes", device.memory_bytes);
  a.field("l2_bytes", device.l2_bytes);
  a.field("shared_bytes_per_sm", device.shared_bytes_per_sm);
  a.field("max_sm_clock_mhz", device.max_sm_clock_mhz);
  a.field("memory_clock_mhz", device.memory_clock_mhz);
  a.field("clocks_locked", device.clocks_locked);
  a.field("ecc", device.ecc);
  a.field("mig", device.mig);
}

template <class Archive, detail::Like<Environment> T>
void describe(Archive& a, T& environment) {
  a.required("device", environment.device);
  a.field("driver_version", environment.driver_version);
  a.field("cuda_runtime_version", environment.cuda_runtime_version);
  a.field("cupti_version", environment.cupti_version);
  a.field("kvroof_version", environment.kvroof_version);
  a.field("git_revision", environment.git_revision);
  a.field("git_dirty", environment.git_dirty);
  a.field("compiler", environment.compiler);
  a.field("argv", environment.argv);
  a.field("host", environment.host);
  a.field("cpu", environment.cpu);
  a.field("utc_time", environment.utc_time);
  a.field("seed", environment.seed);
  a.field("l2_policy", environment.l2_policy);
}

template <class Archive, detail::Like<Roof> T>
void describe(Archive& a, T& roof) {
  a.required("level", roof.level);
  a.required("kind", roof.kind);
  a.field("name", roof.name);
  a.required("value", roof.value);
  a.constant("unit", roof_unit(roof.level));
  a.field("source", roof.source);
  a.field("date", roof.date);
  a.field("sm_clock_mhz", roof.sm_clock_mhz);
  a.field("spread", roof.spread);
}

template <class Archive, detail::Like<Ceilings> T>
void describe(Archive& a, T& ceilings) {
  a.required("device", ceilings.device);
  a.required("roofs", ceilings.roofs);
}

}  // namespace kvroof::traces
