// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/device_info.hpp"

namespace kvroof::model {

/// How far a parameter can be trusted, best first.
enum class Confidence {
  kMeasured,    // by a probe of this project, on this device
  kStated,      // by the source
  kFitted,      // to published measurements of this device
  kInferred,    // from a relative of this device, or computed from other numbers
  kFromMemory,  // common knowledge that nobody has looked up again
  kGuessed,
};
std::string_view to_string(Confidence confidence);  // "measured", ..., "from_memory", "guessed"

/// A number of the catalogue and where it comes from.
struct Parameter {
  double value = 0.0;
  Confidence confidence = Confidence::kGuessed;
  std::string source{};
  std::string date{};  // ISO 8601: when the source was read, or the number measured

  bool operator==(const Parameter&) const = default;
};

/// All that the model knows of a GPU. Units are in the names; `per_clk` is per SM and clock, in
/// warp instructions. parameter_fields() says what each means.
struct DeviceModel {
  std::string name;           // of the command line
  std::string title;          // for people
  std::string driver_name{};  // as the driver, and so records, name it; "" when not known
  int compute_capability_major = 0;
  int compute_capability_minor = 0;

  Parameter sm_count, sm_clock_mhz;
  Parameter issue_per_clk, alu_per_clk, fma_per_clk, xu_per_clk, lsu_per_clk;
  Parameter shared_wavefronts_per_clk, dependent_clk;
  Parameter tensor_tflops, mma_sync_share, mma_alu_clk;
  Parameter warps_per_sm, blocks_per_sm, registers_per_sm, shared_kib_per_sm, shared_kib_per_block;
  Parameter l2_mb, l2_gb_per_s, l2_latency_ns;
  Parameter dram_gb_per_s, dram_efficiency, dram_loaded_latency_ns, dram_exponent, dram_latency_ns;
  Parameter trip_factor, overlap_exponent;
  Parameter memory_gb;
  Parameter launch_stream_us, launch_graph_us;

  bool operator==(const DeviceModel&) const = default;
};

/// One number that every device must have.
struct ParameterField {
  std::string_view key;  // in the file
  std::string_view unit;
  std::string_view meaning;
  double least, most;  // accepted values
  bool whole;
  Parameter DeviceModel::*member;
};
std::span<const ParameterField> parameter_fields();

/// The devices that can be predicted for, in the order of the files.
struct Catalogue {
  std::vector<DeviceModel> devices;

  /// Throws std::invalid_argument that lists the names there are.
  const DeviceModel& find(std::string_view name) const;
};

/// The catalogue compiled in: profiler/model/catalogue/devices.json.
const Catalogue& default_catalogue();

/// Adds the devices of a file to `catalogue`; one with a name that is there already replaces it. A
/// device may name another in "like", whose numbers it takes where it states none. docs/model.md
/// shows the format. Throws std::invalid_argument naming file, device and field when the file
/// cannot be read or holds nonsense; `catalogue` is then unchanged.
void add_devices(Catalogue& catalogue, const std::filesystem::path& file);
/// The same from text; `origin` stands for the file in messages.
void add_devices_from_text(Catalogue& catalogue, std::string_view text, std::string_view origin);

/// What plans and the simulator need of it.
DeviceInfo device_info(const DeviceModel& device);

}  // namespace kvroof::model
