// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <limits>
#include <stdexcept>

#include "kernels/compress/problem.hpp"
#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "profiler/sweep/configuration.hpp"

namespace kvroof::sweep {
namespace {

/// An address that problems may hold while they are only looked at.
template <class T>
T* stand_in() {
  alignas(256) static std::byte memory[256];
  return static_cast<T*>(static_cast<void*>(memory));
}

int chunk_capacity(const validate::Case& one) {
  return attention::compressed_tokens(one.max_kv_len(), one.window) / lane_chunk::kTokens;
}

/// The decode as the kernel's own rules see it.
attention::DecodeProblem decode_problem(const validate::Case& one) {
  return {.batch = one.batch,
          .query_heads = one.query_heads,
          .kv_heads = one.kv_heads,
          .head_dim = one.head_dim,
          .value_type = one.value_type,
          .softmax_scale = 1.0f,
          .queries = stand_in<void>(),
          .kv_lengths = stand_in<std::int32_t>(),
          .max_kv_len = one.max_kv_len(),
          .keys = {stand_in<std::byte>(), one.kept_keys},
          .values = {stand_in<std::byte>(), one.kept_values},
          .chunk_capacity = chunk_capacity(one),
          .window_keys = stand_in<void>(),
          .window_values = stand_in<void>(),
          .window = one.window,
          .window_capacity = one.window + lane_chunk::kTokens - 1,
          .outputs = stand_in<void>(),
          .log_sum_exps = stand_in<float>(),
          .workspace = stand_in<void>()};
}

std::string gib(std::uint64_t bytes) {
  return fmt::format("{:.2f} GiB", static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0));
}

void choose_kept(Configuration& configuration) {
  validate::Case& one = configuration.one;
  if (configuration.kept_asked_for) {
    require(one.kept_keys <= one.head_dim, "kept ({}) is more than head_dim ({})", one.kept_keys,
            one.head_dim);
    one.requested_sparsity = effective_sparsity(one.head_dim, one.kept_keys);
  } else {
    one.kept_keys = kept_from_sparsity(one.head_dim, one.requested_sparsity);
  }
  one.kept_values = one.kept_keys;
}

/// Keeps the arithmetic on sizes below within 64 bits.
void require_countable(const validate::Case& one) {
  constexpr double most = 1e13;
  const double elements = double{1} * one.batch * one.query_heads *
                          (double{1} * one.max_kv_len() + one.window) * one.head_dim;
  require(elements <= most, "out of memory: the cache has {:.1e} elements or more", elements);
}

std::string memory_complaint(const Fit& fit, const DeviceInfo& device, std::uint64_t host_bytes) {
  const auto device_bytes = static_cast<std::uint64_t>(device.memory_bytes);
  if (fit.memory.device > device_bytes) {
    return fmt::format("out of memory: needs {} on the device, {} has {}", gib(fit.memory.device),
                       device.name, gib(device_bytes));
  }
  if (fit.memory.host > host_bytes) {
    return fmt::format("out of memory: needs {} of host memory, {} are free", gib(fit.memory.host),
                       gib(host_bytes));
  }
  return "";
}

}  // namespace

MemoryNeed memory_needed(const Configuration& configuration, Backend backend,
                         std::uint64_t workspace_bytes) {
  const validate::Case& one = configuration.one;
  const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
  const std::uint64_t heads = count(one.batch) * count(one.kv_heads);
  const std::uint64_t rows = heads * count(one.max_kv_len());
  const std::uint64_t channels = count(one.head_dim);
  const std::uint64_t chunks = heads * count(chunk_capacity(one));
  const std::uint64_t chunk_bytes = count(lane_chunk::chunk_bytes(one.head_dim, one.kept_keys) +
                                          lane_chunk::chunk_bytes(one.head_dim, one.kept_values));
  const std::uint64_t ring = heads * count(one.window + lane_chunk::kTokens - 1) * channels * 2 * 2;
  const std::uint64_t queries = count(one.batch) * count(one.query_heads) * (channels * 2 * 2 + 4);
  MemoryNeed need;
  need.device = rows * channels * 2 * 2 + chunks * chunk_bytes + ring + queries + workspace_bytes +
                count(one.batch) * 4;
  // Inputs as f32 for keys and values, one side's 16-bit copy at a time, and the chunks read back.
  need.host = rows * channels * (4 * 2 + 2) + chunks * chunk_bytes + queries * 2;
  // The simulator's arrays are host memory, and beside every 4 bytes lie 8 that order accesses, and
  // an eighth that says what is initialised.
  if (backend == Backend::kSim) need.host += need.device * 25 / 8;
  // The reference works in double on one kv head: rows, masks, and their products.
  need.host += count(one.max_kv_len()) * channels * 8 * 6;
  return need;
}

Fit fit(Configuration& configuration, const Device& device, std::uint64_t host_bytes) {
  Fit fit;
  validate::Case& one = configuration.one;
  try {
    choose_kept(configuration);
    check(one);
    require_countable(one);
    const attention::DecodeProblem problem = decode_problem(one);
    attention::validate(problem);
    fit.plan = attention::make_plan(problem, device.info(), one.blocks);
    fit.workspace_bytes = static_cast<std::uint64_t>(attention::workspace_bytes(problem, fit.plan));
    fit.memory = memory_needed(configuration, device.backend(), fit.workspace_bytes);
    fit.skip_reason = memory_complaint(fit, device.info(), host_bytes);
  } catch (const std::invalid_argument& error) {
    fit.skip_reason = error.what();
  }
  return fit;
}

std::uint64_t available_host_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::uint64_t kib = 0;
  while (file >> name) {
    if (name == "MemAvailable:" && file >> kib) return kib * 1024;
    file.ignore(256, '\n');
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace kvroof::sweep
