// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <span>
#include <thread>

#include "kernels/error.hpp"
#include "kernels/simt/block.hpp"

namespace kvroof::simt {
namespace {

constexpr int kMaxGridYz = 65535;  // CUDA C++ Programming Guide, technical specifications

void require_geometry(const LaunchConfig& config) {
  require(config.threads >= 1 && config.threads <= kMaxThreads,
          "launch of {}: a block has 1 to {} threads, got {}", config.kernel, kMaxThreads,
          config.threads);
  const Dim3 grid = config.grid;
  require(grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.y <= kMaxGridYz && grid.z <= kMaxGridYz,
          "launch of {}: a grid has at least 1 block in each direction and at most {} in y and z, "
          "got {} x {} x {}",
          config.kernel, kMaxGridYz, grid.x, grid.y, grid.z);
  require(volume(grid) <= std::numeric_limits<std::int32_t>::max(),
          "launch of {}: the simulator takes at most {} blocks, got {}", config.kernel,
          std::numeric_limits<std::int32_t>::max(), volume(grid));
  require(config.shared_bytes >= 0, "launch of {}: shared_bytes must not be negative, got {}",
          config.kernel, config.shared_bytes);
}

int host_threads(const SimulatorOptions& options) {
  if (options.host_threads > 0) return options.host_threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

Simulator::Simulator(SimulatorOptions options) { set_options(std::move(options)); }
Simulator::~Simulator() = default;

void Simulator::set_options(SimulatorOptions options) {
  require(options.host_threads >= 0, "simulator: host_threads must be 0 (all) or more, got {}",
          options.host_threads);
  require(options.step_budget > 0, "simulator: step_budget must be at least 1");
  options_ = std::move(options);
}

// ---- memory ----

void* Simulator::allocate(std::size_t bytes, std::string_view name) {
  return memory_.allocate(bytes, name, options_.device.memory_bytes).data();
}

void Simulator::release(void* memory) noexcept {
  if (memory != nullptr) memory_.release(memory);
}

Allocation& Simulator::require_range(const void* address, std::size_t bytes,
                                     const char* what) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  Allocation* const allocation = memory_.find(at, bytes);
  if (allocation == nullptr) {
    fail("simulated device: {} goes outside device memory: {}", what, memory_.describe(at, bytes));
  }
  return *allocation;
}

void Simulator::copy_to_device(void* destination, const void* source, std::size_t bytes) {
  if (bytes == 0) return;
  Allocation& allocation = require_range(destination, bytes, "a copy to the device");
  std::memcpy(destination, source, bytes);
  allocation.set_range_initialised(
      reinterpret_cast<std::uintptr_t>(destination) - allocation.begin(), bytes);
}

void Simulator::copy_to_host(void* destination, const void* source, std::size_t bytes) {
  if (bytes == 0) return;
  require_range(source, bytes, "a copy to the host");
  std::memcpy(destination, source, bytes);
}

void Simulator::fill(void* destination, std::byte value, std::size_t bytes) {
  if (bytes == 0) return;
  Allocation& allocation = require_range(destination, bytes, "a fill");
  std::memset(destination, static_cast<int>(value), bytes);
  allocation.set_range_initialised(
      reinterpret_cast<std::uintptr_t>(destination) - allocation.begin(), bytes);
}

// ---- launches ----

bool Simulator::fits_device(const LaunchConfig& config, Site site) {
  const std::int64_t limit = options_.device.shared_bytes_per_block;
  if (config.shared_bytes <= limit) return true;
  hazards_.add({HazardKind::kSharedOverLimit, config.kernel, site, {0, 0, 0}, 0, -1}, [&] {
    return fmt::format("{} dynamic shared bytes per block wanted, {} gives {}; nothing was run",
                       config.shared_bytes, options_.device.name, limit);
  });
  return false;
}

std::vector<std::int64_t> Simulator::blocks_in_order(Dim3 grid) const {
  std::vector<std::int64_t> blocks(static_cast<std::size_t>(volume(grid)));
  fill_order<std::int64_t>(blocks, options_.block_order, options_.seed);
  if (options_.runs_block) {
    std::erase_if(blocks, [&](std::int64_t b) { return !options_.runs_block(block_at(grid, b)); });
  }
  return blocks;
}

void Simulator::run_blocks(const LaunchContext& context, const std::vector<std::int64_t>& blocks) {
  const std::size_t wanted = static_cast<std::size_t>(host_threads(options_));
  const std::size_t count = std::max<std::size_t>(1, std::min(wanted, blocks.size()));
  while (workers_.size() < count) workers_.push_back(std::make_unique<Block>());

  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto work = [&](Block& block) {
    block.counters() = {};
    try {
      for (std::size_t i = next++; i < blocks.size(); i = next++) block.run(context, blocks[i]);
    } catch (...) {
      next = blocks.size();
      const std::lock_guard lock(mutex);
      if (thrown == nullptr) thrown = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < count; ++i) helpers.emplace_back([&, i] { work(*workers_[i]); });
    work(*workers_[0]);
  }
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

LaunchRecord Simulator::launch(const LaunchConfig& config, const std::function<void()>& body,
                               Site site) {
  require_geometry(config);
  LaunchRecord record;
  record.config = config;
  if (!fits_device(config, site)) {
    launches_.push_back(record);
    return record;
  }
  const auto start = std::chrono::steady_clock::now();
  if (++launch_tag_ > kRaceLaunchTags) {
    launch_tag_ = 1;
    for (const auto& allocation : memory_.live()) allocation->forget_races();
  }
  for (const auto& allocation : memory_.live()) allocation->forget_touched();
  releases_.clear();
  LaunchContext context;
  context.kernel = config.kernel;
  context.grid = config.grid;
  context.threads = config.threads;
  context.shared_bytes = static_cast<std::size_t>(config.shared_bytes);
  context.checks = options_.checks;
  context.counters = options_.counters;
  context.check_block_races = options_.checks && volume(config.grid) > 1;
  context.lane_order = options_.lane_order;
  context.seed = options_.seed;
  context.step_budget = options_.step_budget;
  context.launch_tag = launch_tag_;
  context.body = &body;
  context.memory = &memory_;
  context.hazards = &hazards_;
  context.releases = &releases_;
  const std::vector<std::int64_t> blocks = blocks_in_order(config.grid);
  run_blocks(context, blocks);
  record.blocks_run = static_cast<std::int64_t>(blocks.size());
  if (options_.counters) {
    for (const auto& worker : workers_) record.counters += std::exchange(worker->counters(), {});
  }
  record.host_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  launches_.push_back(record);
  return record;
}

Counters Simulator::counters() const {
  Counters sum;
  for (const LaunchRecord& record : launches_) sum += record.counters;
  return sum;
}

std::vector<std::string> Simulator::take_reports() {
  std::vector<std::string> reports;
  for (const Hazard& hazard : hazards_.hazards()) reports.push_back(hazard.describe());
  hazards_.clear();
  return reports;
}

void Simulator::reset() {
  launches_.clear();
  hazards_.clear();
}

Simulator& as_simulator(Device& device) {
  auto* const simulator = dynamic_cast<Simulator*>(&device);
  require(simulator != nullptr, "this build of a kernel runs on the simulator, got a {} device",
          to_string(device.backend()));
  return *simulator;
}

}  // namespace kvroof::simt
