// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"
#include "profiler/analysis/prune_head.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"
#include "profiler/validate/device_run.hpp"
#include "profiler/validate/result.hpp"
#include "reference/types.hpp"
#include "traces/trace.hpp"

namespace kvroof::validate {

/// What a run takes on a device, known before anything runs.
struct Resources {
  std::string plan;                // of the attention kernel, for people
  traces::Plan launch;             // of the attention kernel; workspace_bytes set
  std::uint64_t device_bytes = 0;  // arrays in the memory of the device, at the peak
  std::uint64_t host_bytes = 0;    // arrays of this process, inputs included
};

/// One (sequence, kv head) in double precision.
struct HeadTensors {
  reference::Matrix keys;     // [kv_len, head_dim]
  reference::Matrix values;   // [kv_len, head_dim]
  reference::Matrix queries;  // [group, head_dim]
  analysis::Scoring scoring;  // what output-aware rules look at; empty where none does
};
struct HeadMasks {
  reference::Mask keys, values;  // [kv_len, head_dim], true = kept
};

/// How one side of the cache is stored, in the words of records.
struct Storage {
  std::string_view rule;    // what chooses the survivors; of a Method, empty: the case's rule
  std::string_view format;  // what holds them
};

/// One way to store a cache and attend to it, with everything that sweeps, validation and listings
/// need to know of it. The table of them is in method.cpp: a new one is a row there.
struct Method {
  std::string_view name;
  std::string_view summary;               // a phrase for people
  std::vector<std::string_view> kernels;  // names of launches and records, in order; the last
                                          // attends, those before prepare
  Storage keys, values;
  /// Why there is no kernel for the backend, here and in this program; empty where there is one.
  std::string (*why_not_on)(Backend);
  /// The case with everything the method does not heed at a fixed value, so that equal work is an
  /// equal case.
  Case (*heeded)(Case);
  /// Tokens of which the pruned share is dropped when kv_len are cached.
  int (*pruned_tokens)(const Case&, int kv_len);
  /// What survives, as an independent reference chooses it.
  HeadMasks (*masks)(const Case&, const HeadTensors&);
  /// Throws std::invalid_argument with the reason when the method cannot run the case on the
  /// device. For a checked, heeded case.
  Resources (*resources)(const Case&, const DeviceInfo&);
  /// Prepares the cache from dense inputs and attends to it. Throws as the launch functions do.
  DeviceResult (*run)(const Case&, const inputs::KvTensors&, Device&, const DeviceRunHooks&);
  /// Compares what one of the kernels before the last left with the reference.
  KernelResult (*compare_prepared)(std::string_view kernel, const Case&, const inputs::KvTensors&,
                                   const DeviceResult&);
  /// Bytes by part of what one of the kernels reads or writes of the cache, exact from shapes;
  /// queries, outputs, partials and dense are filled in by count_bytes().
  traces::Bytes (*cache_bytes)(std::string_view kernel, const Case&);
};

/// All methods, in the order of listings.
const std::vector<Method>& methods();
/// Throws std::invalid_argument naming the methods there are.
const Method& method_named(std::string_view name);
/// The method that a kernel belongs to; throws std::invalid_argument naming the kernels there are.
const Method& method_of_kernel(std::string_view kernel);
/// Names of all kernels, in the order of listings.
std::vector<std::string_view> kernel_names();

/// Why the method does not do what an option asks for that was given on the command line, a
/// sentence that names the first such option; empty where it does all.
std::string why_unheeded(const Case& asked, const std::function<bool(std::string_view)>& given);

/// How the case stores a side, its rule filled in.
Storage storage_of(const Case& one, Operand side);

/// Whether the kernel computes attention, and does not only prepare the cache.
bool attends(std::string_view kernel);

/// The resources of a case, or throws std::invalid_argument with the reason why there is no kernel
/// for it.
Resources resources_on(const Case& one, Backend backend, const DeviceInfo& device);

/// Bytes by part that a kernel of the case needs, exact from shapes. workspace_bytes: of the plan.
traces::Bytes count_bytes(std::string_view kernel, const Case& one, std::uint64_t workspace_bytes);

/// Operations of the attention on surviving entries, a multiply-add counted as two.
traces::Work count_work(const Case& one);

}  // namespace kvroof::validate
