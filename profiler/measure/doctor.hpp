// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvroof::measure {

/// What was found out about a machine; diagnose() judges it.
struct MachineFacts {
  bool built_with_cuda = false;
  std::string device{};  // empty: none can be used
  std::string no_device_reason{};
  int num_devices = 0;  // that the driver shows
  int driver_cuda = 0;  // as CUDA counts: 13000 is 13.0; 0 without a driver
  int runtime_cuda = 0;
  std::string driver_version{};  // "580.159.04"
  std::uint64_t memory_bytes = 0;
  std::optional<std::uint64_t> free_memory_bytes{};

  std::string nvml_reason{};  // why NVML cannot be asked; empty: it can
  std::optional<double> sm_clock_mhz{}, max_sm_clock_mhz{};
  std::string throttle_reasons{};  // "none", or what holds the clock down; empty: not known
  std::optional<bool> persistence{}, ecc{}, mig{};
  std::optional<int> temperature_c{};

  std::string cupti_version{};    // empty: not loaded
  std::string cupti_reason{};     // why not
  std::string counters_reason{};  // why hardware counters cannot be read; empty: they can
  std::string counters_remedy{};  // what CUPTI's result says can be done; "" when it names no cause
  std::string activity_reason{};  // why kernel activity cannot be recorded; empty: it can
  std::string activity_remedy{};
  std::string failure{};  // of CUDA itself, on a device that can be used; empty: none
};

/// good: as it should be. note: works, but read it. broken: something cannot be measured.
enum class Verdict { good, note, broken };

struct Finding {
  std::string subject{};
  Verdict verdict = Verdict::good;
  std::string what{};    // a phrase
  std::string remedy{};  // a sentence; empty when there is nothing to mend
};

/// One finding per subject: build, driver, toolkit, CUPTI, permissions, clocks, memory, in the
/// order in which they depend on each other. Where there is no device, what depends on it is left
/// out; where trying it failed, what came after the failure.
std::vector<Finding> diagnose(const MachineFacts& facts);

}  // namespace kvroof::measure
