// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "traces/trace.hpp"

namespace kvroof::traces::testing {

/// Seeded trace values in which every field varies: absent, empty, extreme, and text that JSON must
/// escape.
class RandomTrace {
 public:
  explicit RandomTrace(std::uint32_t seed) : random_(seed) {}

  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  double number() {
    switch (integer(0, 7)) {
      case 0: return 0.0;
      case 1: return -0.0;
      case 2: return 0.1;
      case 3: return std::numeric_limits<double>::max();
      case 4: return std::numeric_limits<double>::denorm_min();
      default:
        return std::ldexp(std::uniform_real_distribution<double>(-1, 1)(random_),
                          static_cast<int>(integer(-60, 60)));
    }
  }

  std::string text() {
    static const std::array<std::string, 9> texts{
        "",
        "bitmap_tile",
        "a \"quoted\" \\ word",
        "two\nlines\tand a tab",
        "comma, semicolon; pipe | end",
        "\u00fc\u4e16\U0001F600",
        std::string("nul \0 inside", 12),
        "/slash~tilde",
        "a text that is longer than what a string keeps inside itself"};
    return texts[static_cast<std::size_t>(integer(0, texts.size() - 1))];
  }

  bool coin() { return integer(0, 1) == 1; }
  std::uint64_t bits() { return std::uniform_int_distribution<std::uint64_t>()(random_); }

  template <class Enum>
  Enum any(Enum last) {
    return static_cast<Enum>(integer(0, static_cast<std::int64_t>(last)));
  }
  Provenance provenance() { return any(Provenance::modelled); }

  template <class Make>
  auto maybe(Make make) -> std::optional<decltype(make())> {
    if (coin()) return make();
    return std::nullopt;
  }
  template <class Make>
  auto several(Make make) -> std::vector<decltype(make())> {
    std::vector<decltype(make())> list;
    for (std::int64_t n = integer(0, 3); n > 0; --n) list.push_back(make());
    return list;
  }
  std::optional<double> maybe_number() {
    return maybe([&] { return number(); });
  }
  std::optional<std::int64_t> maybe_count() {
    return maybe([&] { return integer(0, std::int64_t{1} << 40); });
  }

  PrunedSide side() { return {number(), maybe_number(), maybe_count(), text(), text()}; }

  Problem problem() {
    return {.batch = integer(0, 9),
            .query_heads = integer(1, 64),
            .kv_heads = integer(1, 8),
            .head_dim = 128,
            .kv_len = integer(0, std::numeric_limits<std::int64_t>::max()),
            .lengths = maybe([&] {
              return LengthSummary{integer(0, 9), number(), integer(0, 9), integer(0, 9)};
            }),
            .window = integer(0, 256),
            .dtype = text(),
            .keys = side(),
            .values = side(),
            .seed = bits(),
            .input = text(),
            .model = maybe([&] { return text(); })};
  }

  Statistics statistics() {
    return {integer(0, 99), number(), number(), number(),
            number(),       number(), number(), maybe_number()};
  }
  Time time() {
    return {.name = text(),
            .provenance = provenance(),
            .statistics = statistics(),
            .num_throttled = integer(0, 3),
            .samples_ns = several([&] { return number(); }),
            .throttled_samples = several([&] { return integer(0, 99); }),
            .sm_clock_mhz = maybe_number()};
  }
  NamedTime named_time() { return {text(), number(), provenance()}; }
  Counter counter() { return {maybe_number(), text(), provenance(), text()}; }
  std::map<std::string, Counter> counters() {
    std::map<std::string, Counter> all;
    for (std::int64_t n = integer(0, 4); n > 0; --n) all[text()] = counter();
    return all;
  }
  Prediction prediction() {
    return {.device = text(),
            .model = text(),
            .validated = coin(),
            .time_ns = maybe_number(),
            .wont_launch = text(),
            .terms = several([&] { return named_time(); }),
            .binding = text(),
            .error_share = maybe_number()};
  }
  Bytes bytes() {
    return {bits(), bits(), bits(), bits(), bits(), bits(),
            bits(), bits(), bits(), bits(), bits(), provenance()};
  }
  Plan plan() {
    return {.splits = integer(1, 64),
            .grid = {integer(1, 9), integer(1, 9), integer(1, 9)},
            .block = {integer(1, 9), 1, 1},
            .shared_bytes = bits(),
            .registers_per_thread = maybe_count(),
            .blocks_per_sm = maybe_count(),
            .workspace_bytes = maybe([&] { return bits(); })};
  }
  Validation validation() {
    return {number(),       number(),       number(), several([&] { return integer(0, 99); }),
            integer(0, 99), integer(0, 99), text()};
  }

  Record record() {
    Record record;
    record.utc_time = text();
    record.backend = any(Backend::cuda);
    record.status = any(Status::timeout);
    record.reason = text();
    record.kernel = {text(), text()};
    record.problem = problem();
    for (std::int64_t n = integer(0, 2); n > 0; --n) record.axes[text()] = text();
    record.plan = maybe([&] { return plan(); });
    record.validation = maybe([&] { return validation(); });
    record.coverage = maybe([&] { return Coverage{integer(0, 9), integer(0, 9)}; });
    record.work = maybe([&] { return Work{number(), number(), maybe_number(), provenance()}; });
    record.bytes = maybe([&] { return bytes(); });
    record.traffic = several([&] {
      return Traffic{any(MemoryLevel::shared), number(), number(), provenance()};
    });
    record.predictions = several([&] { return prediction(); });
    record.floors = several([&] { return named_time(); });
    record.phases = several([&] { return named_time(); });
    record.times = several([&] { return time(); });
    record.fidelity = counters();
    record.counters = maybe([&] { return counters(); });
    record.counters_reason = text();
    record.activities_reason = text();
    record.activities = several(
        [&] { return Activity{text(), text(), integer(0, 3), number(), number(), provenance()}; });
    return record;
  }

  Environment environment() {
    Environment environment;
    environment.device = {.name = text(),
                          .compute_capability = text(),
                          .num_sms = integer(0, 148),
                          .memory_bytes = bits(),
                          .l2_bytes = bits(),
                          .shared_bytes_per_sm = bits(),
                          .max_sm_clock_mhz = maybe_number(),
                          .memory_clock_mhz = maybe_number(),
                          .clocks_locked = maybe([&] { return coin(); }),
                          .ecc = maybe([&] { return coin(); }),
                          .mig = maybe([&] { return coin(); })};
    environment.driver_version = maybe([&] { return text(); });
    environment.cuda_runtime_version = maybe([&] { return text(); });
    environment.cupti_version = maybe([&] { return text(); });
    environment.kvroof_version = text();
    environment.git_revision = text();
    environment.git_dirty = coin();
    environment.compiler = text();
    environment.argv = several([&] { return text(); });
    environment.host = text();
    environment.cpu = text();
    environment.utc_time = text();
    environment.seed = bits();
    environment.l2_policy = text();
    return environment;
  }

  Ceilings ceilings() {
    return {
        .device = text(),
        .roofs = several([&] {
          return Roof{
              any(RoofLevel::latency), any(RoofKind::measured), text(), number(), text(), text(),
              maybe_number(),          maybe_number()};
        }),
        .unknown = ""};
  }

 private:
  std::mt19937 random_;
};

}  // namespace kvroof::traces::testing
