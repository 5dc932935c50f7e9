// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/doctor.hpp"

#include <fmt/format.h>

#include <cctype>

namespace kvroof::measure {
namespace {

std::string cuda_version(int version) {
  constexpr int major = 1000;  // CUDA counts 13.1 as 13010
  return fmt::format("{}.{}", version / major, version % major / 10);
}

double gib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0); }

Finding build(const MachineFacts& facts) {
  if (facts.built_with_cuda) return {"build", Verdict::good, "has the CUDA backend", ""};
  return {"build", Verdict::broken, "without the CUDA backend",
          "Configure with -DKVROOF_CUDA=ON where CUDA Toolkit 13.0 or newer is installed."};
}

std::string remedy_without_device(const MachineFacts& facts) {
  if (facts.num_devices > 0)
    return "Choose another with --device; kvroof devices lists what can be used, and why not the "
           "rest.";
  if (facts.driver_cuda == 0)
    return "Install NVIDIA's driver of release 580 or newer; in a container, pass the GPU through "
           "(--gpus all).";
  if (facts.driver_cuda / 1000 < facts.runtime_cuda / 1000)
    return "Install a driver at least as new as the runtime (release 580 for CUDA 13), or build "
           "with an older toolkit.";
  return "See that nvidia-smi lists the GPU and CUDA_VISIBLE_DEVICES does not hide it; in a "
         "container, pass it through (--gpus all).";
}

Finding driver(const MachineFacts& facts) {
  if (facts.device.empty())
    return {"driver", Verdict::broken, facts.no_device_reason, remedy_without_device(facts)};
  return {
      "driver", Verdict::good,
      fmt::format("{}{}CUDA {}, {}", facts.driver_version, facts.driver_version.empty() ? "" : ", ",
                  cuda_version(facts.driver_cuda), facts.device),
      ""};
}

Finding toolkit(const MachineFacts& facts) {
  const std::string versions =
      fmt::format("CUDA runtime {}, driver for {}", cuda_version(facts.runtime_cuda),
                  cuda_version(facts.driver_cuda));
  if (facts.runtime_cuda / 1000 <= facts.driver_cuda / 1000)
    return {"toolkit", Verdict::good, versions, ""};
  return {"toolkit", Verdict::broken, versions,
          "Install a driver at least as new as the runtime, or build with an older toolkit."};
}

/// What CUPTI's result advises, for people; what is true where it advises nothing.
std::string as_sentence(std::string remedy) {
  if (remedy.empty())
    return "CUPTI names no cause; sweeps go on without. A number in brackets is a CUptiResult of "
           "cupti_result.h.";
  remedy.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(remedy.front())));
  return remedy + ".";
}

Finding cupti(const MachineFacts& facts) {
  if (!facts.cupti_reason.empty())
    return {"CUPTI", Verdict::broken, facts.cupti_reason,
            "Without it times are measured and counters are not."};
  if (!facts.activity_reason.empty())
    return {"CUPTI", Verdict::broken, facts.activity_reason, as_sentence(facts.activity_remedy)};
  return {"CUPTI", Verdict::good, fmt::format("API {}", facts.cupti_version), ""};
}

Finding permissions(const MachineFacts& facts) {
  if (facts.counters_reason.empty())
    return {"permissions", Verdict::good, "hardware counters can be read", ""};
  return {"permissions", Verdict::broken, facts.counters_reason,
          as_sentence(facts.counters_remedy)};
}

Finding clocks(const MachineFacts& facts) {
  if (!facts.nvml_reason.empty())
    return {"clocks", Verdict::note, facts.nvml_reason,
            "Times are measured, but nobody can say whether the GPU was throttled."};
  const std::string now = fmt::format(
      "{:.0f} of at most {:.0f} MHz, {}", facts.sm_clock_mhz.value_or(0),
      facts.max_sm_clock_mhz.value_or(0),
      facts.temperature_c ? fmt::format("{} C", *facts.temperature_c) : "temperature not known");
  if (!facts.throttle_reasons.empty() && facts.throttle_reasons != "none")
    return {"clocks", Verdict::note,
            fmt::format("{}; held down by: {}", now, facts.throttle_reasons),
            "Cool the GPU or raise its power limit; samples taken like this are marked."};
  if (facts.persistence == false)
    return {
        "clocks", Verdict::note, now + "; persistence mode off",
        "nvidia-smi -pm 1 (root) keeps the driver loaded, so that first launches are not slow."};
  return {"clocks", Verdict::good, now, ""};
}

Finding memory(const MachineFacts& facts) {
  constexpr double wanted = 0.5;  // of the device: a sweep skips what does not fit
  const std::uint64_t free_bytes = facts.free_memory_bytes.value_or(facts.memory_bytes);
  std::string what =
      fmt::format("{:.1f} of {:.1f} GiB free", gib(free_bytes), gib(facts.memory_bytes));
  if (facts.ecc) what += *facts.ecc ? ", ECC on" : ", ECC off";
  if (facts.mig == true)
    return {"memory", Verdict::note, what + ", MIG on",
            "A MIG slice has a part of the SMs and bandwidth: the catalogue's roofs are of the "
            "whole GPU."};
  if (static_cast<double>(free_bytes) < wanted * static_cast<double>(facts.memory_bytes))
    return {"memory", Verdict::note, what,
            "Another process holds GPU memory and may be using the GPU: nvidia-smi lists it."};
  return {"memory", Verdict::good, what, ""};
}

}  // namespace

std::vector<Finding> diagnose(const MachineFacts& facts) {
  std::vector<Finding> findings = {build(facts)};
  if (!facts.built_with_cuda) return findings;
  findings.push_back(driver(facts));
  if (facts.device.empty()) return findings;
  findings.push_back(toolkit(facts));
  if (!facts.failure.empty()) {
    findings.push_back({"device", Verdict::broken, facts.failure,
                        "The device can be seen and not used: nvidia-smi says who holds it, "
                        "dmesg (Xid) what failed."});
    return findings;
  }
  findings.push_back(cupti(facts));
  if (facts.cupti_reason.empty()) findings.push_back(permissions(facts));
  findings.push_back(clocks(facts));
  findings.push_back(memory(facts));
  return findings;
}

}  // namespace kvroof::measure
