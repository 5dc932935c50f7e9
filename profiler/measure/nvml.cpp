// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/nvml.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace kvroof::measure {
namespace {

// NVML's own numbers (NVML API reference, enums of nvmlClockType_t and clocks event reasons).
constexpr int kSuccess = 0;
constexpr unsigned kSmClock = 1, kMemoryClock = 2;
constexpr unsigned kGpuTemperature = 0;
struct Reason {
  unsigned long long bit;
  const char* text;
};
constexpr std::array<Reason, 5> kThrottles = {{{0x04, "power cap"},
                                               {0x08, "hardware slowdown"},
                                               {0x20, "heat (software)"},
                                               {0x40, "heat (hardware)"},
                                               {0x80, "power brake"}}};

struct MemoryInfo {
  unsigned long long total, free, used;
};

}  // namespace

struct Nvml::Library {
  void* handle = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*by_bus_id)(const char*, void**) = nullptr;
  int (*by_index)(unsigned, void**) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*clock)(void*, unsigned, unsigned*) = nullptr;
  int (*max_clock)(void*, unsigned, unsigned*) = nullptr;
  int (*throttle)(void*, unsigned long long*) = nullptr;
  int (*ecc)(void*, unsigned*, unsigned*) = nullptr;
  int (*mig)(void*, unsigned*, unsigned*) = nullptr;
  int (*persistence)(void*, unsigned*) = nullptr;
  int (*memory)(void*, MemoryInfo*) = nullptr;
  int (*temperature)(void*, unsigned, unsigned*) = nullptr;

  template <class Function>
  bool find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
  }
  /// All that every driver has; the rest may stay null.
  bool load() {
    find(throttle, "nvmlDeviceGetCurrentClocksEventReasons") ||
        find(throttle, "nvmlDeviceGetCurrentClocksThrottleReasons");
    find(ecc, "nvmlDeviceGetEccMode");
    find(mig, "nvmlDeviceGetMigMode");
    find(persistence, "nvmlDeviceGetPersistenceMode");
    find(memory, "nvmlDeviceGetMemoryInfo");
    find(temperature, "nvmlDeviceGetTemperature");
    return find(init, "nvmlInit_v2") && find(shutdown, "nvmlShutdown") &&
           find(by_bus_id, "nvmlDeviceGetHandleByPciBusId_v2") &&
           find(by_index, "nvmlDeviceGetHandleByIndex_v2") &&
           find(driver_version, "nvmlSystemGetDriverVersion") &&
           find(clock, "nvmlDeviceGetClockInfo") && find(max_clock, "nvmlDeviceGetMaxClockInfo");
  }
};

Nvml::Nvml(const std::string& pci_bus_id) : library_(std::make_unique<Library>()) {
  library_->handle = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library_->handle == nullptr) {
    reason_ = "libnvidia-ml.so.1, which comes with the NVIDIA driver, is not here";
  } else if (!library_->load()) {
    reason_ = "the driver's libnvidia-ml.so.1 is too old";
  } else if (const int status = library_->init(); status != kSuccess) {
    reason_ = fmt::format("NVML does not start (error {})", status);
    library_->shutdown = nullptr;
  } else if (const int found = pci_bus_id.empty()
                                   ? library_->by_index(0, &device_)
                                   : library_->by_bus_id(pci_bus_id.c_str(), &device_);
             found != kSuccess) {
    device_ = nullptr;
    reason_ = fmt::format("NVML does not show the GPU {} (error {})", pci_bus_id, found);
  }
}

Nvml::~Nvml() {
  if (library_->handle == nullptr) return;
  if (library_->shutdown != nullptr) library_->shutdown();
  dlclose(library_->handle);
}

std::optional<double> Nvml::clock(bool most, unsigned domain) {
  unsigned mhz = 0;
  if (device_ == nullptr) return std::nullopt;
  const auto function = most ? library_->max_clock : library_->clock;
  if (function(device_, domain, &mhz) != kSuccess) return std::nullopt;
  return mhz;
}

std::optional<ClockReading> Nvml::read() {
  const std::optional<double> sm = clock(false, kSmClock);
  if (!sm) return std::nullopt;
  const std::string reasons = throttle_reasons();
  return ClockReading{*sm, !reasons.empty() && reasons != "none"};
}

std::string Nvml::throttle_reasons() {
  unsigned long long bits = 0;
  if (device_ == nullptr || library_->throttle == nullptr ||
      library_->throttle(device_, &bits) != kSuccess)
    return "";
  std::string text;
  for (const Reason& reason : kThrottles) {
    if ((bits & reason.bit) != 0) text += (text.empty() ? "" : ", ") + std::string(reason.text);
  }
  return text.empty() ? "none" : text;
}

std::string Nvml::driver_version() {
  std::array<char, 96> text{};
  if (device_ == nullptr || library_->driver_version(text.data(), text.size()) != kSuccess)
    return "";
  return text.data();
}

std::optional<double> Nvml::max_sm_clock_mhz() { return clock(true, kSmClock); }
std::optional<double> Nvml::memory_clock_mhz() { return clock(false, kMemoryClock); }

std::optional<bool> Nvml::ecc() {
  unsigned now = 0, next = 0;
  if (device_ == nullptr || library_->ecc == nullptr ||
      library_->ecc(device_, &now, &next) != kSuccess)
    return std::nullopt;
  return now != 0;
}

std::optional<bool> Nvml::mig() {
  unsigned now = 0, next = 0;
  if (device_ == nullptr || library_->mig == nullptr ||
      library_->mig(device_, &now, &next) != kSuccess)
    return std::nullopt;
  return now != 0;
}

std::optional<bool> Nvml::persistence() {
  unsigned on = 0;
  if (device_ == nullptr || library_->persistence == nullptr ||
      library_->persistence(device_, &on) != kSuccess)
    return std::nullopt;
  return on != 0;
}

std::optional<std::uint64_t> Nvml::free_memory_bytes() {
  MemoryInfo info{};
  if (device_ == nullptr || library_->memory == nullptr ||
      library_->memory(device_, &info) != kSuccess)
    return std::nullopt;
  return info.free;
}

std::optional<int> Nvml::temperature_c() {
  unsigned degrees = 0;
  if (device_ == nullptr || library_->temperature == nullptr ||
      library_->temperature(device_, kGpuTemperature, &degrees) != kSuccess)
    return std::nullopt;
  return static_cast<int>(degrees);
}

}  // namespace kvroof::measure
