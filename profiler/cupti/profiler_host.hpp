// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "profiler/cupti/api.hpp"

namespace kvroof::cupti {

/// Chips that this CUPTI knows by name ("GH100"); needs no GPU. Throws std::runtime_error.
std::vector<std::string> supported_chips(const Api& api);

/// What CUPTI knows about the metrics of one chip. Needs no GPU.
class ProfilerHost {
 public:
  /// `availability` is the image of counters that the driver lets this device count; empty: all.
  /// Throws std::runtime_error for a chip that CUPTI does not know.
  ProfilerHost(const Api& api, const std::string& chip,
               std::span<const std::uint8_t> availability = {});
  ~ProfilerHost();
  ProfilerHost(const ProfilerHost&) = delete;
  ProfilerHost& operator=(const ProfilerHost&) = delete;

  /// Why the metric, rollup and submetric included ("dram__bytes_read.sum"), cannot be counted on
  /// the chip with those `beside` it; "" when it can. All are scheduled to find out: CUPTI
  /// describes metrics that it then refuses, alone or in company, and one that it refuses costs all
  /// others.
  std::string refusal(const std::string& metric, const std::vector<std::string>& beside = {}) const;
  /// The unit of its values, "" when CUPTI names none.
  std::string unit(const std::string& metric) const;

  /// Schedules the metrics and returns the configuration image. Once per object.
  std::vector<std::uint8_t> configure(const std::vector<std::string>& metrics);
  /// Passes over the kernel that the configuration needs.
  std::size_t num_passes(std::vector<std::uint8_t>& config) const;
  /// Values of the metrics in range 0 of a counter data image.
  std::vector<double> evaluate(std::span<const std::uint8_t> counter_data,
                               const std::vector<std::string>& metrics) const;

 private:
  const Api& api_;
  std::string chip_;
  std::span<const std::uint8_t> availability_;  // must outlive this
  CUpti_Profiler_Host_Object* host_ = nullptr;
};

}  // namespace kvroof::cupti
