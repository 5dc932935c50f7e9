// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/simt/block_race.hpp"
#include "kernels/simt/counters.hpp"
#include "kernels/simt/dim3.hpp"
#include "kernels/simt/global_memory.hpp"
#include "kernels/simt/hazard.hpp"
#include "kernels/simt/order.hpp"
#include "kernels/simt/site.hpp"

namespace kvroof::simt {

class Block;
struct LaunchContext;

struct SimulatorOptions {
  DeviceInfo device = h200_device_info();  // its limits hold
  int host_threads = 0;                    // 0: all cores
  Order lane_order = Order::kAscending;
  Order block_order = Order::kAscending;
  std::uint64_t seed = 0;  // of the seeded orders
  bool checks = true;      // initialisation and races; bounds and alignment are always checked
  bool counters = true;
  /// Memory accesses, collectives and rounds of iterations() that one block may take, all threads
  /// together, before it is given up as a livelock.
  std::uint64_t step_budget = std::uint64_t{1} << 28;
  /// Runs only the blocks for which this holds; empty: all. Counters then cover those blocks.
  std::function<bool(Dim3 block)> runs_block{};
};

struct LaunchConfig {
  std::string kernel;  // the name in reports
  Dim3 grid;
  int threads = 0;                // of a block
  std::int64_t shared_bytes = 0;  // dynamic shared memory of a block
};

/// One launch that has run.
struct LaunchRecord {
  LaunchConfig config;
  std::int64_t blocks_run = 0;
  Counters counters;        // simulated
  double host_seconds = 0;  // measured: what the simulation took
};

/// A GPU in software: memory, launches, counts and reports. Not for use from several host threads.
class Simulator final : public Device {
 public:
  explicit Simulator(SimulatorOptions options = {});
  ~Simulator() override;

  Backend backend() const override { return Backend::kSim; }
  const DeviceInfo& info() const override { return options_.device; }
  void* allocate(std::size_t bytes, std::string_view name) override;
  void release(void* memory) noexcept override;
  void copy_to_device(void* destination, const void* source, std::size_t bytes) override;
  void copy_to_host(void* destination, const void* source, std::size_t bytes) override;
  void fill(void* destination, std::byte value, std::size_t bytes) override;
  void synchronize() override {}
  /// The hazards, which it forgets.
  std::vector<std::string> take_reports() override;

  const SimulatorOptions& options() const { return options_; }
  void set_options(SimulatorOptions options);

  /// Runs `body` once in every simulated thread. More shared memory than the device has is a
  /// hazard, and nothing runs. Throws std::invalid_argument for a grid or block that no device
  /// takes, and what `body` throws.
  LaunchRecord launch(const LaunchConfig& config, const std::function<void()>& body,
                      Site site = Site::current());

  /// All launches since reset(), in order.
  const std::vector<LaunchRecord>& launches() const { return launches_; }
  /// Sum over launches().
  Counters counters() const;
  std::vector<Hazard> hazards() const { return hazards_.hazards(); }
  /// Forgets launches and hazards; memory stays.
  void reset();

 private:
  bool fits_device(const LaunchConfig& config, Site site);
  std::vector<std::int64_t> blocks_in_order(Dim3 grid) const;
  void run_blocks(const LaunchContext& context, const std::vector<std::int64_t>& blocks);
  Allocation& require_range(const void* address, std::size_t bytes, const char* what) const;

  SimulatorOptions options_;
  GlobalMemory memory_;
  HazardLog hazards_;
  ReleaseLog releases_;
  std::uint32_t launch_tag_ = 0;
  std::vector<LaunchRecord> launches_;
  std::vector<std::unique_ptr<Block>> workers_;  // one for each host thread
};

/// The simulator behind a device; throws std::invalid_argument when it is another backend.
Simulator& as_simulator(Device& device);

}  // namespace kvroof::simt
