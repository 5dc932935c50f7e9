// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <limits>
#include <stdexcept>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "profiler/sweep/configuration.hpp"

namespace kvroof::sweep {
namespace {

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

MemoryNeed memory_needed(const validate::Case& one, Backend backend,
                         const validate::Resources& resources) {
  MemoryNeed need{resources.device_bytes, resources.host_bytes};
  // The simulator's arrays are host memory, and beside every 4 bytes lie 8 that order accesses, and
  // an eighth that says what is initialised.
  if (backend == Backend::kSim) need.host += need.device * 25 / 8;
  // The reference works in double on one kv head: rows, masks, and their products.
  need.host += static_cast<std::uint64_t>(one.max_kv_len()) *
               static_cast<std::uint64_t>(one.head_dim) * 8 * 6;
  return need;
}

Fit fit(Configuration& configuration, const Device& device, std::uint64_t host_bytes) {
  Fit fit;
  validate::Case& one = configuration.one;
  try {
    choose_kept(configuration);
    one = validate::method_named(one.method).heeded(one);
    check(one);
    require_countable(one);
    fit.resources = validate::resources_on(one, device.backend(), device.info());
    fit.memory = memory_needed(one, device.backend(), fit.resources);
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
