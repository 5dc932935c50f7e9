// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "profiler/measure/clocks.hpp"

namespace kvroof::measure {

/// What the driver's management library (NVML) knows of one GPU. The library is opened when asked
/// for: this program is not linked with it, so it starts without a driver.
class Nvml final : public ClockSource {
 public:
  /// `pci_bus_id` as cudaDeviceGetPCIBusId writes it; "" is the first GPU. Never throws: reason()
  /// says what is missing.
  explicit Nvml(const std::string& pci_bus_id = "");
  ~Nvml() override;
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// Empty when the GPU can be asked.
  const std::string& reason() const { return reason_; }

  std::optional<ClockReading> read() override;
  std::string throttle_reasons();  // "power cap, heat"; "none"; "" when they cannot be read

  // Nothing where the driver does not say.
  std::string driver_version();
  std::optional<double> max_sm_clock_mhz();
  std::optional<double> memory_clock_mhz();
  std::optional<bool> ecc();
  std::optional<bool> mig();
  std::optional<bool> persistence();
  std::optional<std::uint64_t> free_memory_bytes();
  std::optional<int> temperature_c();

 private:
  struct Library;
  std::optional<double> clock(bool most, unsigned domain);

  std::unique_ptr<Library> library_;
  void* device_ = nullptr;
  std::string reason_;
};

}  // namespace kvroof::measure
