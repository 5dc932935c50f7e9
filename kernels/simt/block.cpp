// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>
#include <stdexcept>

namespace kvroof::simt {
namespace {

std::uint32_t first_bits(int count) { return count >= kLanes ? 0xffffffffu : (1u << count) - 1u; }

}  // namespace

Block::Block() : threads_(std::make_unique<std::array<Thread, kMaxThreads>>()) {}

// ---- one block ----

void Block::run(const LaunchContext& launch, std::int64_t linear) {
  begin(launch, linear);
  current = next_runnable();
  meter = Meter{};
  Context::switch_to(host_, current->context);
  current = nullptr;
  for (int w = 0; w < warp_count_; ++w) {
    for (const BulkCopy& bulk : warps_[static_cast<std::size_t>(w)].bulk_copies) {
      if (launch.checks)
        shared_.complete_copy(bulk.copy.shared_offset, static_cast<int>(bulk.copy.bytes));
    }
  }
  for (int i = 0; i < launch.threads; ++i) {
    for (const PendingCopy& copy : (*threads_)[static_cast<std::size_t>(i)].async.copies) {
      if (launch.checks) shared_.complete_copy(copy.shared_offset, static_cast<int>(copy.bytes));
    }
    if (!stacks_.intact(i)) {
      throw std::runtime_error(fmt::format(
          "{}: a simulated thread needs more than its {} KiB of stack; use smaller local arrays",
          launch.kernel, FiberStacks::kBytes / 1024));
    }
  }
  if (thrown_ != nullptr) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void Block::begin(const LaunchContext& launch, std::int64_t linear) {
  launch_ = &launch;
  linear_ = linear;
  index_ = block_at(launch.grid, linear);
  alive_ = launch.threads;
  at_barrier_ = 0;
  first_exited_ = -1;
  follow_up_ = false;
  steps_left_ = launch.step_budget;
  host_ = Context{};
  shared_.begin_block(launch.shared_bytes, launch.checks);
  block_since_ = shared_.block_start();
  history_.begin(static_cast<std::uint32_t>(linear));
  warp_count_ = (launch.threads + kLanes - 1) / kLanes;
  order_lanes();
  runnable_warps_ = 0;
  for (int w = 0; w < warp_count_; ++w) {
    Warp& warp = warps_[static_cast<std::size_t>(w)];
    warp.index = w;
    warp.alive = first_bits(launch.threads - w * kLanes);
    warp.stretch_lanes = warp.alive;
    warp.runnable = warp.at_barrier = 0;
    warp.since.fill(block_since_);
    warp.pending.clear();
    warp.bulk_copies.clear();
    warp.accesses.clear();
    warp.cursors.fill({});
    warp.issued = {};
    release_lanes(warp, warp.alive);
  }
  for (int i = 0; i < launch.threads; ++i) {
    Thread& thread = (*threads_)[static_cast<std::size_t>(i)];
    thread.index = i;
    thread.lane = i % kLanes;
    thread.warp = &warps_[static_cast<std::size_t>(i / kLanes)];
    thread.block = this;
    thread.waiting = Waiting::kNo;
    thread.exited = thread.fenced = false;
    thread.loop_path = 0;
    thread.async.copies.clear();
    thread.async.group_ends.clear();
    stacks_.reset(i);
    thread.context.prepare(stacks_.stack(i), FiberStacks::kBytes, &Block::fiber_entry);
  }
}

void Block::order_lanes() {
  const std::uint64_t seed = launch_->seed ^ static_cast<std::uint64_t>(linear_) << 20;
  fill_order<std::uint8_t>(lane_at_, launch_->lane_order, seed);
  fill_order<std::uint8_t>(std::span(warp_at_).first(static_cast<std::size_t>(warp_count_)),
                           launch_->lane_order, seed + 1);
  for (std::uint8_t at = 0; at < kLanes; ++at) position_of_lane_[lane_at_[at]] = at;
  for (int at = 0; at < warp_count_; ++at) {
    position_of_warp_[warp_at_[static_cast<std::size_t>(at)]] = static_cast<std::uint8_t>(at);
  }
}

void Block::fiber_entry() {
  Block& block = *current->block;
  Context::arrived(block.host_);
  try {
    (*block.launch_->body)();
  } catch (...) {
    block.thrown_ = std::current_exception();
  }
  if (block.thrown_ != nullptr) block.abandon();  // not inside the handler, which must end
  block.exit_thread();
}

// ---- taking turns ----

Thread* Block::next_runnable() {
  if (runnable_warps_ == 0) return nullptr;
  Warp* warp = current == nullptr ? nullptr : current->warp;
  if (warp == nullptr || warp->runnable == 0) {
    warp = &warps_[warp_at_[static_cast<std::size_t>(std::countr_zero(runnable_warps_))]];
  }
  const int lane = lane_at_[static_cast<std::size_t>(std::countr_zero(warp->runnable))];
  return &(*threads_)[static_cast<std::size_t>(warp->index * kLanes + lane)];
}

void Block::settle_meter() {
  const auto lane = static_cast<std::size_t>(current->lane);
  for (std::size_t pipe = 0; pipe < kPipes; ++pipe) {
    current->warp->issued[pipe][lane] += static_cast<std::uint32_t>(meter.pipes[pipe]);
  }
  meter.pipes = {};
}

void Block::resume(Thread& next) {
  Thread& from = *current;
  settle_meter();
  from.loop_path = meter.loop_path;
  meter.loop_path = next.loop_path;
  current = &next;
  Context::switch_to(from.context, next.context);
}

void Block::yield_to_first() {
  Thread* const next = next_runnable();
  if (next != current) resume(*next);
}

void Block::wait(Waiting reason, Site site) {
  Thread& thread = *current;
  Warp& warp = *thread.warp;
  thread.waiting = reason;
  thread.site = site;
  warp.runnable &= ~(1u << position_of_lane_[static_cast<std::size_t>(thread.lane)]);
  if (warp.runnable == 0) {
    runnable_warps_ &= ~(1u << position_of_warp_[static_cast<std::size_t>(warp.index)]);
  }
  Thread* const next = next_runnable();
  if (next == nullptr) {
    report_deadlock();
    abandon();
  }
  resume(*next);
}

void Block::release_lanes(Warp& warp, std::uint32_t lanes) {
  for (std::uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(rest));
    warp.runnable |= 1u << position_of_lane_[lane];
    (*threads_)[static_cast<std::size_t>(warp.index * kLanes) + lane].waiting = Waiting::kNo;
  }
  if (lanes != 0) {
    runnable_warps_ |= 1u << position_of_warp_[static_cast<std::size_t>(warp.index)];
  }
}

void Block::abandon() {
  Context::switch_to(current->context, host_);
  std::terminate();  // an abandoned fiber is never resumed
}

void Block::exit_thread() {
  Thread& thread = *current;
  Warp& warp = *thread.warp;
  settle_meter();
  thread.exited = true;
  if (first_exited_ < 0) first_exited_ = thread.index;
  warp.alive &= ~(1u << thread.lane);
  --alive_;
  if (alive_ == 0 || warp.alive == 0) end_stretch(warp);
  if (alive_ == 0) abandon();
  while (perform_complete(warp)) {
  }
  if (at_barrier_ == alive_) release_barrier();
  wait(Waiting::kNo, {});
}

void Block::out_of_steps(Site site) {
  report(HazardKind::kLivelock, site, current->index, [&] {
    return fmt::format("the block has taken {} steps and still runs", launch_->step_budget);
  });
  abandon();
}

// ---- warps meet ----

void Block::rendezvous(Collective kind, Perform perform, std::uint32_t mask, void* operand,
                       Site site) {
  Thread& thread = *current;
  Warp& warp = *thread.warp;
  step(site);
  const std::uint32_t self = 1u << thread.lane;
  if ((mask & self) == 0) [[unlikely]] {
    report(HazardKind::kDivergentCollective, site, thread.index,
           [&] { return fmt::format("the mask {:#010x} leaves out the calling lane", mask); });
    mask |= self;
  }
  warp.operands[static_cast<std::size_t>(thread.lane)] = operand;
  join(warp, {kind, perform, site, mask, self});
  if (perform_complete(warp)) {
    yield_to_first();
  } else {
    wait(Waiting::kCollective, site);
  }
}

void Block::join(Warp& warp, const Rendezvous& arrival) {
  for (Rendezvous& other : warp.pending) {
    if (other.mask != arrival.mask) continue;
    if (other.kind != arrival.kind || !same_place(other.site, arrival.site)) [[unlikely]] {
      report_other_call(other, arrival);
    }
    if (other.kind != arrival.kind) continue;
    other.arrived |= arrival.arrived;
    return;
  }
  warp.pending.push_back(arrival);
}

void Block::report_other_call(const Rendezvous& waiting, const Rendezvous& arrival) {
  follow_up_ = true;
  report(HazardKind::kDivergentCollective, arrival.site, current->index, [&] {
    return fmt::format("lanes {:#010x} of the warp wait for the same mask {:#010x} at {}:{}",
                       waiting.arrived, waiting.mask, waiting.site.file(), waiting.site.line());
  });
}

bool Block::perform_complete(Warp& warp) {
  for (Rendezvous& candidate : warp.pending) {
    if ((candidate.mask & warp.alive & ~candidate.arrived) != 0) continue;
    const Rendezvous complete = candidate;
    candidate = warp.pending.back();
    warp.pending.pop_back();
    complete.perform(*this, warp, complete);
    if (complete.arrived == warp.alive) {
      // Lanes that exited on a path of their own may have run ahead of those that meet here.
      const bool is_whole = (warp.stretch_lanes & ~complete.mask) == 0;
      warp.stretch_lanes = warp.alive;
      if (is_whole) end_stretch(warp);
    }
    release_lanes(warp, complete.arrived);
    return true;
  }
  return false;
}

// ---- the block meets ----

void Block::sync_threads(Site site) {
  Thread& thread = *current;
  step(site);
  if (at_barrier_ == 0) barrier_site_ = site;
  if (!same_place(barrier_site_, site)) [[unlikely]] {
    report(HazardKind::kDivergentBarrier, site, thread.index, [&] {
      return fmt::format("other threads of the block wait at {}:{}", barrier_site_.file(),
                         barrier_site_.line());
    });
  }
  thread.warp->at_barrier |= 1u << thread.lane;
  ++at_barrier_;
  if (at_barrier_ == alive_) {
    release_barrier();
    yield_to_first();
  } else {
    wait(Waiting::kBarrier, site);
  }
}

void Block::release_barrier() {
  if (alive_ < launch_->threads) {
    report(HazardKind::kDivergentBarrier, barrier_site_, first_exited_, [&] {
      return fmt::format("{} of {} threads exited without reaching it", launch_->threads - alive_,
                         launch_->threads);
    });
  }
  block_since_ = shared_.advance();
  at_barrier_ = 0;
  for (int w = 0; w < warp_count_; ++w) {
    Warp& warp = warps_[static_cast<std::size_t>(w)];
    if (warp.at_barrier == 0) continue;
    end_stretch(warp);
    ++counters_.block_barriers;
    warp.since.fill(block_since_);
    release_lanes(warp, std::exchange(warp.at_barrier, 0u));
  }
}

std::string Block::describe_waiting() const {
  std::string text;
  const auto threads = std::span(*threads_).first(static_cast<std::size_t>(launch_->threads));
  for (std::size_t first = 0; first < threads.size();) {
    std::size_t last = first;
    const auto alike = [&](const Thread& other) {
      return other.exited == threads[first].exited && other.site.id() == threads[first].site.id();
    };
    while (last + 1 < threads.size() && alike(threads[last + 1])) ++last;
    const Thread& thread = threads[first];
    if (!text.empty()) text += ", ";
    text += fmt::format("threads {}..{} ", first, last);
    if (thread.exited) {
      text += "have exited";
    } else {
      text += fmt::format("wait at {} {}:{}",
                          thread.waiting == Waiting::kBarrier ? "a barrier" : "a collective",
                          thread.site.file(), thread.site.line());
    }
    first = last + 1;
  }
  return text;
}

void Block::report_deadlock() {
  if (follow_up_) return;
  const auto threads = std::span(*threads_).first(static_cast<std::size_t>(launch_->threads));
  const auto stuck = std::ranges::find_if(threads, [](const Thread& t) { return !t.exited; });
  report(HazardKind::kDeadlock, stuck->site, stuck->index, [&] { return describe_waiting(); });
}

// ---- global memory ----

Allocation* Block::find_global_slow(std::uintptr_t address, std::size_t size) {
  if (cache_generation_ != launch_->memory->generation()) {
    cache_.fill({});
    cache_generation_ = launch_->memory->generation();
  }
  Allocation* const found = launch_->memory->find(address, size);
  if (found != nullptr) {
    cache_[cache_next_] = {found->begin(), found->bytes(), found};
    cache_next_ = (cache_next_ + 1) % cache_.size();
  }
  return found;
}

}  // namespace kvroof::simt
