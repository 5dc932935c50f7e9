// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/sample_decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>

#include "kernels/attention/launch.hpp"
#include "kernels/attention/schedule.hpp"
#include "kernels/error.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kernels/simt/simulator.hpp"

namespace kvroof::model {
namespace {

using attention::Deal;
using attention::DecodePlan;
using attention::DecodeProblem;
using attention::PartialLayout;
using attention::RowUnits;

constexpr int kPoolChunks = 32;  // different chunks of an operand; the cache repeats them
constexpr std::uint32_t kNoTicket = 0x40000000u;  // a counter from which no block is the last
constexpr std::uint16_t kOne = 0x3c00;            // 1.0 in f16; a small normal number in bf16

/// The same numbers on every host, unlike std::uniform_int_distribution.
std::uint32_t below(std::mt19937_64& random, std::uint32_t bound) {
  return static_cast<std::uint32_t>((random() >> 32) * bound >> 32);
}

/// `count` values whose bits vary and whose size does not: traffic depends on masks alone.
std::vector<std::uint16_t> random_values(std::mt19937_64& random, std::size_t count) {
  std::vector<std::uint16_t> bits(count);
  for (std::uint16_t& value : bits) {
    const std::uint32_t draw = below(random, 1u << 11);
    value = static_cast<std::uint16_t>(kOne - 0x1000 + (draw & 0x3ff) + ((draw >> 10) << 15));
  }
  return bits;
}

/// Encoded chunks with random masks, one after the other.
std::vector<std::byte> random_chunks(std::mt19937_64& random, Operand operand, int head_dim,
                                     int kept) {
  const auto channels = static_cast<std::size_t>(head_dim);
  const auto size = static_cast<std::size_t>(lane_chunk::chunk_bytes(head_dim, kept));
  std::vector<std::byte> chunks(kPoolChunks * size);
  std::vector<std::uint8_t> mask(lane_chunk::kTokens * channels);
  std::vector<std::uint32_t> order(channels);
  for (std::size_t chunk = 0; chunk < kPoolChunks; ++chunk) {
    std::fill(mask.begin(), mask.end(), std::uint8_t{0});
    for (std::size_t token = 0; token < lane_chunk::kTokens; ++token) {
      std::iota(order.begin(), order.end(), 0u);
      for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(kept); ++i) {
        std::swap(order[i], order[i + below(random, static_cast<std::uint32_t>(head_dim) - i)]);
        mask[token * channels + order[i]] = 1;
      }
    }
    lane_chunk::encode(operand, head_dim, kept, random_values(random, mask.size()), mask,
                       std::span(chunks).subspan(chunk * size, size));
  }
  return chunks;
}

/// Device memory of a decode launch in which only what chosen blocks read is filled.
class SparseCache {
 public:
  SparseCache(const DecodeCase& one, const DecodePlan& plan, simt::Simulator& device,
              std::uint64_t seed)
      : one_(one), plan_(plan), device_(device), random_(seed), problem_(one.problem) {
    const auto rows =
        static_cast<std::size_t>(problem_.batch) * static_cast<std::size_t>(problem_.kv_heads);
    problem_.chunk_capacity =
        std::max(1, attention::compressed_tokens(problem_.max_kv_len, problem_.window) /
                        lane_chunk::kTokens);
    // A longer window than the longest sequence changes nothing but the size of the ring.
    problem_.window = std::min(problem_.window, problem_.max_kv_len);
    problem_.window_capacity = problem_.window + lane_chunk::kTokens - 1;
    for (Side* side : {&keys_, &values_}) {
      const bool keys = side == &keys_;
      side->kept = keys ? problem_.keys.kept : problem_.values.kept;
      side->pool = random_chunks(random_, keys ? Operand::kKeys : Operand::kValues,
                                 problem_.head_dim, side->kept);
      side->chunks =
          DeviceBuffer<std::byte>(device,
                                  rows * static_cast<std::size_t>(problem_.chunk_capacity) *
                                      side->chunk_bytes(problem_.head_dim),
                                  keys ? "key chunks" : "value chunks");
      side->window = DeviceBuffer<std::uint16_t>(device, rows * window_elements(),
                                                 keys ? "window keys" : "window values");
    }
    window_values_ = random_values(random_, window_elements());
    make_vectors();
  }

  const DecodeProblem& problem() const { return problem_; }

  /// Fills what the units [first, end) of the line of all units read.
  void fill(std::int64_t first, std::int64_t end) {
    std::int64_t row_first = 0;
    int row = 0;
    for (int sequence = 0; sequence < problem_.batch; ++sequence) {
      const RowUnits units = attention::row_units(
          one_.kv_lengths[static_cast<std::size_t>(sequence)], problem_.window);
      for (int head = 0; head < problem_.kv_heads; ++head, ++row) {
        const std::int64_t from = std::max<std::int64_t>(first - row_first, 0);
        const std::int64_t to = std::min<std::int64_t>(end - row_first, units.total());
        for (std::int64_t unit = from; unit < to; ++unit) {
          unit < units.chunks ? fill_chunk(row, unit) : fill_window(row);
        }
        row_first += units.total();
      }
    }
  }

  /// Sets the ticket counters of all heads of all rows.
  void set_tickets(std::uint32_t before) {
    std::vector<std::uint32_t> counters(
        static_cast<std::size_t>(problem_.batch) * static_cast<std::size_t>(problem_.query_heads),
        before);
    const PartialLayout layout(problem_, plan_);
    device_.copy_to_device(layout.counters(workspace_.data()), counters.data(),
                           counters.size() * sizeof(std::uint32_t));
  }
  /// The same for one row.
  void set_row_ticket(std::int64_t row, std::uint32_t before) {
    const PartialLayout layout(problem_, plan_);
    const std::vector<std::uint32_t> counters(static_cast<std::size_t>(layout.group), before);
    device_.copy_to_device(layout.counters(workspace_.data()) + row * layout.group, counters.data(),
                           counters.size() * sizeof(std::uint32_t));
  }

 private:
  struct Side {
    int kept = 0;
    std::vector<std::byte> pool;
    DeviceBuffer<std::byte> chunks;
    DeviceBuffer<std::uint16_t> window;
    std::size_t chunk_bytes(int head_dim) const {
      return static_cast<std::size_t>(lane_chunk::chunk_bytes(head_dim, kept));
    }
  };

  std::size_t window_elements() const {
    return static_cast<std::size_t>(problem_.window_capacity) *
           static_cast<std::size_t>(problem_.head_dim);
  }

  void make_vectors() {
    const auto heads =
        static_cast<std::size_t>(problem_.batch) * static_cast<std::size_t>(problem_.query_heads);
    const std::size_t elements = heads * static_cast<std::size_t>(problem_.head_dim);
    queries_ = DeviceBuffer<std::uint16_t>(device_, elements, "queries");
    queries_.upload(random_values(random_, elements));
    lengths_ = DeviceBuffer<std::int32_t>(device_, one_.kv_lengths.size(), "kv_lengths");
    lengths_.upload(one_.kv_lengths);
    outputs_ = DeviceBuffer<std::uint16_t>(device_, elements, "outputs");
    log_sums_ = DeviceBuffer<float>(device_, heads, "log_sum_exps");
    workspace_ = DeviceBuffer<std::byte>(
        device_, static_cast<std::size_t>(attention::workspace_bytes(problem_, plan_)),
        "workspace");
    problem_.queries = queries_.data();
    problem_.kv_lengths = lengths_.data();
    problem_.keys.chunks = keys_.chunks.data();
    problem_.values.chunks = values_.chunks.data();
    problem_.window_keys = keys_.window.data();
    problem_.window_values = values_.window.data();
    problem_.outputs = outputs_.data();
    problem_.log_sum_exps = one_.problem.log_sum_exps == nullptr ? nullptr : log_sums_.data();
    problem_.workspace = workspace_.data();
    set_tickets(0);
  }

  void fill_chunk(int row, std::int64_t chunk) {
    for (Side* side : {&keys_, &values_}) {
      const std::size_t size = side->chunk_bytes(problem_.head_dim);
      const auto slot =
          static_cast<std::size_t>(std::int64_t{row} * problem_.chunk_capacity + chunk);
      const std::size_t source = below(random_, kPoolChunks) * size;
      device_.copy_to_device(side->chunks.data() + slot * size, side->pool.data() + source, size);
    }
  }
  void fill_window(int row) {
    for (Side* side : {&keys_, &values_}) {
      device_.copy_to_device(
          side->window.data() + static_cast<std::size_t>(row) * window_elements(),
          window_values_.data(), window_elements() * sizeof(std::uint16_t));
    }
  }

  const DecodeCase& one_;
  const DecodePlan& plan_;
  simt::Simulator& device_;
  std::mt19937_64 random_;
  DecodeProblem problem_;
  Side keys_, values_;
  std::vector<std::uint16_t> window_values_;
  DeviceBuffer<std::uint16_t> queries_, outputs_;
  DeviceBuffer<std::int32_t> lengths_;
  DeviceBuffer<float> log_sums_;
  DeviceBuffer<std::byte> workspace_;
};

/// Simulates chosen blocks of one launch.
class Sampler {
 public:
  Sampler(const DecodeCase& one, const DecodePlan& plan, const DeviceInfo& info,
          const SampleOptions& options)
      : plan_(plan),
        seed_(options.seed),
        schedule_(decode_schedule(one, plan)),
        deal_{schedule_.units, std::int64_t{plan.blocks} * plan.warps},
        device_({.device = info,
                 .host_threads = options.host_threads,
                 .checks = false,
                 .runs_block = [this](simt::Dim3 block) { return chosen_.contains(block.x); }}),
        cache_(one, plan, device_, options.seed) {}

  DecodeSample whole() {
    cache_.fill(0, schedule_.units);
    std::vector<int> all(static_cast<std::size_t>(plan_.blocks));
    std::iota(all.begin(), all.end(), 0);
    DecodeSample sample = start();
    sample.demand = run({all.begin(), all.end()}, sample);
    sample.per_unit = sample.demand.scaled(1.0 / static_cast<double>(schedule_.units));
    return sample;
  }

  DecodeSample part(int blocks) {
    const std::set<int> some = choose(blocks);
    std::int64_t units = 0;
    for (const int block : some) {
      cache_.fill(first_unit(block), first_unit(block + 1));
      units += first_unit(block + 1) - first_unit(block);
    }
    require(units > 0, "sample: the {} blocks chosen have no work", some.size());
    cache_.set_tickets(kNoTicket);
    DecodeSample sample = start();
    sample.per_unit = run(some, sample).scaled(1.0 / static_cast<double>(units));
    sample.demand = sample.per_unit.scaled(static_cast<double>(schedule_.units));
    if (schedule_.shared_rows > 0) {
      sample.per_merge = merge(sample);
      sample.demand += sample.per_merge.scaled(static_cast<double>(schedule_.shared_rows));
    }
    return sample;
  }

 private:
  /// A block of each of `count` equal stretches of the grid, drawn: evenly spaced blocks would all
  /// stand at the same place of their rows where rows and grid have a common period.
  std::set<int> choose(int count) {
    std::mt19937_64 random(seed_);
    std::set<int> blocks;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t first = i * plan_.blocks / count;
      const std::int64_t end = (i + 1) * plan_.blocks / count;
      blocks.insert(
          static_cast<int>(first + below(random, static_cast<std::uint32_t>(end - first))));
    }
    return blocks;
  }
  std::int64_t first_unit(int block) const {
    return deal_.first(std::int64_t{block} * plan_.warps);
  }

  DecodeSample start() const {
    return {.blocks_total = plan_.blocks,
            .units_total = schedule_.units,
            .rows_merged = schedule_.shared_rows};
  }

  Demand run(std::set<int> blocks, DecodeSample& sample) {
    chosen_ = std::move(blocks);
    device_.reset();
    attention::launch(cache_.problem(), plan_, device_);
    if (const std::vector<std::string> reports = device_.take_reports(); !reports.empty()) {
      throw std::runtime_error(
          fmt::format("simulating a sample of the decode kernel: {}", reports.front()));
    }
    const simt::LaunchRecord& record = device_.launches().back();
    sample.blocks_simulated += static_cast<int>(record.blocks_run);
    sample.host_seconds += record.host_seconds;
    return demand_of(record.counters);
  }

  /// One merge of a row: a block of it that comes last against the same block that does not.
  Demand merge(DecodeSample& sample) {
    std::int64_t row = 0;
    std::int64_t first = 0;
    while (blocks_of(first, schedule_.row_ends[static_cast<std::size_t>(row)]) < 2) {
      first = schedule_.row_ends[static_cast<std::size_t>(row++)];
    }
    const std::int64_t end = schedule_.row_ends[static_cast<std::size_t>(row)];
    const int block = deal_.owner(first) / plan_.warps;
    cache_.fill(first_unit(block), first_unit(block + 1));
    cache_.set_tickets(kNoTicket);
    Demand merge = run({block}, sample).scaled(-1.0);
    cache_.set_tickets(kNoTicket);
    cache_.set_row_ticket(row, static_cast<std::uint32_t>(blocks_of(first, end) - 1));
    merge += run({block}, sample);
    return merge;
  }
  int blocks_of(std::int64_t first, std::int64_t end) const {
    return attention::blocks_with_units(deal_, plan_.warps, static_cast<int>(first),
                                        static_cast<int>(end));
  }

  DecodePlan plan_;
  std::uint64_t seed_;
  DecodeSchedule schedule_;
  Deal deal_;
  std::set<int> chosen_;
  simt::Simulator device_;
  SparseCache cache_;
};

}  // namespace

DecodeSample sample_decode(const DecodeCase& one, const DecodePlan& plan, const DeviceInfo& device,
                           const SampleOptions& options) {
  require(options.blocks >= 0, "sample: blocks must not be negative, got {}", options.blocks);
  require(one.kv_lengths.size() == static_cast<std::size_t>(one.problem.batch),
          "sample: {} lengths for a batch of {}", one.kv_lengths.size(), one.problem.batch);
  Sampler sampler(one, plan, device, options);
  const bool all = options.blocks == 0 || options.blocks >= plan.blocks;
  return all ? sampler.whole() : sampler.part(options.blocks);
}

}  // namespace kvroof::model
