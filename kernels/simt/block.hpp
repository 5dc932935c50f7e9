// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "kernels/simt/block_race.hpp"
#include "kernels/simt/counters.hpp"
#include "kernels/simt/dim3.hpp"
#include "kernels/simt/global_memory.hpp"
#include "kernels/simt/hazard.hpp"
#include "kernels/simt/order.hpp"
#include "kernels/simt/shared_memory.hpp"
#include "kernels/simt/thread.hpp"

namespace kvroof::simt {

/// What all blocks of a launch share.
struct LaunchContext {
  std::string kernel;
  Dim3 grid;
  int threads = 0;
  std::size_t shared_bytes = 0;
  bool checks = true, counters = true;
  bool check_block_races = true;
  Order lane_order = Order::kAscending;
  std::uint64_t seed = 0;
  std::uint64_t step_budget = 0;
  std::uint32_t launch_tag = 1;  // 1 .. kRaceLaunchTags
  const std::function<void()>* body = nullptr;
  GlobalMemory* memory = nullptr;
  HazardLog* hazards = nullptr;
  ReleaseLog* releases = nullptr;
};

/// Runs the blocks of a launch on one host thread, one after the other: a fiber for each thread,
/// which runs until it must wait for others.
class Block {
 public:
  Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Runs block number `linear` to its end, or until it cannot go on. Rethrows what device code
  /// throws.
  void run(const LaunchContext& launch, std::int64_t linear);

  const LaunchContext& launch() const { return *launch_; }
  Dim3 index() const { return index_; }
  SharedMemory& shared() { return shared_; }
  BlockHistory& history() { return history_; }
  Counters& counters() { return counters_; }
  std::uint32_t block_since() const { return block_since_; }

  /// For the running thread: waits until all lanes of `mask` that are alive have arrived at this
  /// collective. `operand` is what `perform`, called once for all, finds in warp.operands.
  void rendezvous(Collective kind, Perform perform, std::uint32_t mask, void* operand, Site site);
  /// For the running thread: waits at the barrier of the block.
  void sync_threads(Site site);

  /// One step of the livelock budget; leaves the block when it is used up.
  void step(Site site) {
    if (--steps_left_ == 0) [[unlikely]]
      out_of_steps(site);
  }
  /// The live allocation that holds the bytes, or nullptr; remembers the latest few.
  Allocation* find_global(std::uintptr_t address, std::size_t size) {
    for (const CachedAllocation& cached : cache_) {
      if (address - cached.begin < cached.bytes &&
          size <= cached.bytes - (address - cached.begin)) {
        return cached.allocation;
      }
    }
    return find_global_slow(address, size);
  }

  template <class Details>
  void report(HazardKind kind, Site site, int thread, const Details& details) {
    launch_->hazards->add({kind, launch_->kernel, site, index_, linear_, thread}, details);
  }
  /// Counts a bulk copy: one instruction, every sector of the source.
  void count_bulk_copy(std::uintptr_t from, std::size_t bytes);
  /// Counts an access that found no room in the stream as an instruction of its own.
  void count_ungrouped(int lane, const LaneAccess& access);

 private:
  struct CachedAllocation {
    std::uintptr_t begin = 0;
    std::size_t bytes = 0;
    Allocation* allocation = nullptr;
  };

  static void fiber_entry();
  void begin(const LaunchContext& launch, std::int64_t linear);
  void order_lanes();
  Allocation* find_global_slow(std::uintptr_t address, std::size_t size);

  void release_lanes(Warp& warp, std::uint32_t lanes);
  void wait(Waiting reason, Site site);
  void resume(Thread& next);
  void yield_to_first();
  Thread* next_runnable();
  [[noreturn]] void abandon();
  void exit_thread();
  [[noreturn]] void out_of_steps(Site site);

  void join(Warp& warp, const Rendezvous& arrival);
  [[gnu::cold]] void report_other_call(const Rendezvous& waiting, const Rendezvous& arrival);
  /// Performs what all its lanes have reached; true when there was something.
  bool perform_complete(Warp& warp);
  void release_barrier();
  void report_deadlock();
  std::string describe_waiting() const;

  void settle_meter();
  /// The end of a stretch in which the lanes of the warp ran one by one: counts it.
  void end_stretch(Warp& warp);
  void count_access(const WarpAccess& access);
  void count_global(const WarpAccess& access, GlobalTraffic& traffic);

  const LaunchContext* launch_ = nullptr;
  Dim3 index_;
  std::int64_t linear_ = 0;
  int warp_count_ = 0;
  int alive_ = 0, at_barrier_ = 0;
  int first_exited_ = -1;
  bool follow_up_ = false;  // a fault was reported that explains a deadlock
  std::uint64_t steps_left_ = 0;
  std::uint32_t block_since_ = 1;
  std::uint32_t runnable_warps_ = 0;  // by position in the warp order
  std::array<std::uint8_t, kLanes> lane_at_{}, position_of_lane_{};
  std::array<std::uint8_t, kMaxWarps> warp_at_{}, position_of_warp_{};
  Site barrier_site_;

  SharedMemory shared_;
  BlockHistory history_;
  Counters counters_;
  std::array<CachedAllocation, 4> cache_{};
  std::size_t cache_next_ = 0;
  std::uint64_t cache_generation_ = 0;

  FiberStacks stacks_{kMaxThreads};
  Context host_;
  std::exception_ptr thrown_;
  std::array<Warp, kMaxWarps> warps_;
  std::unique_ptr<std::array<Thread, kMaxThreads>> threads_;
};

}  // namespace kvroof::simt
