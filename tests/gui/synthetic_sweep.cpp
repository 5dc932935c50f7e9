// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/synthetic_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

namespace kvroof::gui::test {
namespace {

using namespace traces;

constexpr double kDramBytesPerS = 4.1e12, kL2BytesPerS = 7.5e12, kSharedBytesPerS = 27e12;
constexpr double kTensorFlopPerS = 780e12, kCudaFlopPerS = 58e12, kInstrPerS = 0.95e12,
                 kLaunchNs = 2300;

struct Configuration {
  std::string kernel, variant, rule, format;
  double sparsity = 0;
  std::int64_t batch = 1, kvLen = 1024;
};

Environment environment() {
  Environment e;
  e.device = {.name = "SYNTHETIC TEST DATA (no device)",
              .compute_capability = "9.0",
              .num_sms = 132,
              .memory_bytes = 141ull << 30,
              .l2_bytes = 50ull << 20,
              .shared_bytes_per_sm = 228 * 1024,
              .clocks_locked = true,
              .ecc = true,
              .mig = false};
  e.kvroof_version = "synthetic test data";
  e.git_revision = "none";
  e.compiler = "none";
  e.argv = {"tests/gui", "synthetic_sweep"};
  e.host = "synthetic test data";
  e.cpu = "none";
  e.utc_time = "2026-01-01T00:00:00Z";
  e.l2_policy = "cold: flushed";
  return e;
}

Ceilings ceilings() {
  Ceilings c{.device = "SYNTHETIC TEST DATA (no device)", .roofs = {}};
  const auto add = [&](RoofLevel level, double measured, double theoretical, const char* name) {
    c.roofs.push_back({.level = level,
                       .kind = RoofKind::measured,
                       .name = name,
                       .value = measured,
                       .source = "synthetic test data",
                       .date = "2026-01-01",
                       .spread = 0.01});
    c.roofs.push_back({.level = level,
                       .kind = RoofKind::theoretical,
                       .name = name,
                       .value = theoretical,
                       .source = "synthetic test data",
                       .date = "2026-01-01"});
  };
  add(RoofLevel::dram, kDramBytesPerS, 4.8e12, "read");
  add(RoofLevel::l2, kL2BytesPerS, 9.2e12, "read");
  add(RoofLevel::shared, kSharedBytesPerS, 33e12, "read");
  add(RoofLevel::tensor, kTensorFlopPerS, 989e12, "mma f16");
  add(RoofLevel::cuda_core, kCudaFlopPerS, 67e12, "fma f32");
  add(RoofLevel::instruction, kInstrPerS, 1.0e12, "issue");
  c.roofs.push_back({.level = RoofLevel::launch,
                     .kind = RoofKind::measured,
                     .name = "graph launch",
                     .value = kLaunchNs,
                     .source = "synthetic test data",
                     .date = "2026-01-01"});
  return c;
}

Problem problemOf(const Configuration& c) {
  Problem p{.batch = c.batch,
            .query_heads = 32,
            .kv_heads = 8,
            .head_dim = 128,
            .kv_len = c.kvLen,
            .window = c.sparsity > 0 ? 256 : 0};
  p.dtype = "f16";
  p.input = "synthetic test data";
  p.model = "llama-3-8b shape";
  for (PrunedSide* side : {&p.keys, &p.values}) {
    side->requested_sparsity = c.sparsity;
    side->effective_sparsity = c.sparsity;
    side->rule = c.rule;
    side->format = c.format;
  }
  return p;
}

Bytes bytesOf(const Configuration& c, const Problem& p) {
  const double entries = static_cast<double>(p.batch * p.kv_heads * p.head_dim) *
                         static_cast<double>(std::max<std::int64_t>(0, p.kv_len - p.window));
  const auto whole = [](double value) { return static_cast<std::uint64_t>(value); };
  Bytes b;
  b.dense = static_cast<std::uint64_t>(p.batch * p.kv_heads * p.head_dim * p.kv_len) * 4;
  b.window =
      static_cast<std::uint64_t>(p.batch * p.kv_heads * p.head_dim * std::min(p.window, p.kv_len)) *
      4;
  b.key_values = b.value_values = whole(entries * 2 * (1 - c.sparsity));
  if (c.format == "bitmap_tile") {
    b.key_bitmaps = b.value_bitmaps = whole(entries / 8);
    b.indices = whole(entries / 128 * 2);
    b.padding = whole(entries * 4 * (1 - c.sparsity) * 0.02);
  } else if (c.format == "two_four") {
    b.key_bitmaps = b.value_bitmaps = whole(entries / 8);
  }
  b.queries = b.outputs = static_cast<std::uint64_t>(p.batch * p.query_heads * p.head_dim) * 2;
  b.partials = b.outputs * 8;
  b.provenance = Provenance::modelled;
  return b;
}

double totalBytes(const Bytes& b) {
  return static_cast<double>(compressed_bytes(b) + b.queries + b.outputs + b.partials);
}

double efficiencyOf(const Configuration& c) {
  if (c.kernel == "dense_decode") return 0.88;
  if (c.kernel == "two_four_decode") return 0.78;
  return (c.variant == "prefix" ? 0.72 : 0.6) - 0.25 * c.sparsity * c.sparsity;
}

Statistics statisticsOf(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto quantile = [&](double q) {
    return samples[static_cast<std::size_t>(q * static_cast<double>(samples.size() - 1))];
  };
  double sum = 0;
  for (const double s : samples) sum += s;
  Statistics s{.count = static_cast<std::int64_t>(samples.size()),
               .median_ns = quantile(0.5),
               .q1_ns = quantile(0.25),
               .q3_ns = quantile(0.75),
               .min_ns = samples.front(),
               .max_ns = samples.back(),
               .mean_ns = sum / static_cast<double>(samples.size())};
  if (samples.size() > 1) s.stddev_ns = (s.q3_ns - s.q1_ns) / 1.35;
  return s;
}

class Generator {
 public:
  explicit Generator(const SyntheticSweep& options) : options_(options), random_(options.seed) {}

  Record record(const Configuration& c, bool isModelled) {
    Record r{.utc_time = "2026-01-01T00:00:00Z",
             .backend = isModelled ? Backend::sim : Backend::cuda,
             .environment_id = "env-synthetic",
             .ceilings_id = "ceil-synthetic"};
    r.kernel = {c.kernel, c.variant};
    r.problem = problemOf(c);
    r.bytes = bytesOf(c, r.problem);
    const double moved = totalBytes(*r.bytes);
    const double dense = 4.0 * static_cast<double>(r.problem.batch * r.problem.query_heads *
                                                   r.problem.head_dim * r.problem.kv_len);
    r.work = Work{
        .useful_flops = dense * (1 - c.sparsity), .dense_flops = dense, .executed_flops = dense};
    const auto origin = isModelled ? Provenance::simulated : Provenance::measured;
    r.traffic = {{MemoryLevel::dram, moved * 0.98, moved * 0.02, origin},
                 {MemoryLevel::l2, moved * 1.1, moved * 0.03, origin},
                 {MemoryLevel::shared, moved * 2.4, moved * 1.2, origin}};
    const double ideal = std::max(moved / kDramBytesPerS * 1e9, 0.0);
    const double predicted = ideal / 0.85 + kLaunchNs;
    r.predictions.push_back({.device = "synthetic",
                             .model = "synthetic test data",
                             .time_ns = predicted,
                             .terms = {{"dram", ideal},
                                       {"issue", ideal * (0.6 + c.sparsity * 0.7)},
                                       {"launch", kLaunchNs}},
                             .binding = c.sparsity > 0.6 ? "issue" : "dram"});
    r.floors = {{"launch", kLaunchNs, Provenance::measured}};
    const double time = (ideal / efficiencyOf(c) + kLaunchNs + 900) * options_.slowdown;
    if (!isModelled) addTimes(r, time);
    addCounters(r, c, moved);
    addFidelity(r, c);
    return r;
  }

 private:
  void addTimes(Record& r, double time) {
    std::normal_distribution<double> noise(1, 0.015);
    Time t{.name = "cold", .sm_clock_mhz = 1755};
    for (int i = 0; i < options_.numSamples; ++i) t.samples_ns.push_back(time * noise(random_));
    t.statistics = statisticsOf(t.samples_ns);
    r.times = {t};
    const bool isSparse = r.kernel.name == "sparse_decode";
    r.phases = {{"decode", time * 0.86, Provenance::measured},
                {"merge", time * 0.06, Provenance::measured},
                {"window", time * 0.08, Provenance::measured}};
    if (isSparse) {
      r.phases.insert(r.phases.begin(), {{"prune", time * 0.11, Provenance::measured},
                                         {"pack", time * 0.2, Provenance::measured}});
    }
    double start = 0;
    for (const NamedTime& phase : r.phases) {
      r.activities.push_back({phase.name + "_kernel", phase.name, phase.name == "window" ? 14 : 7,
                              phase.name == "window" ? 0 : start, phase.time_ns});
      if (phase.name != "window") start += phase.time_ns + 300;
    }
  }

  void addCounters(Record& r, const Configuration& c, double moved) {
    const double rows =
        2.0 * static_cast<double>(r.problem.batch * r.problem.kv_heads * r.problem.kv_len);
    r.counters.emplace();
    auto& counters = *r.counters;
    counters["warp_instructions"] = {rows * (c.kernel == "sparse_decode" ? 9 + 12 * c.sparsity : 5),
                                     "instr", r.traffic[0].provenance, ""};
    counters["dram_read"] = {moved * 0.98, "B", r.traffic[0].provenance, ""};
    counters["l2_hit_rate"] = {std::nullopt, "%", r.traffic[0].provenance,
                               "needs two passes, one was asked for"};
  }

  void addFidelity(Record& r, const Configuration& c) {
    std::normal_distribution<double> noise(0, 0.002);
    const double harm = c.rule == "none"                  ? 0
                        : c.rule == "per_token_magnitude" ? 0.06
                        : c.rule == "two_four"            ? 0.11
                                                          : 0.1;
    r.fidelity["output_cosine"] = {std::min(1.0, 1 - harm * c.sparsity * c.sparsity * c.sparsity +
                                                     (harm > 0 ? -std::abs(noise(random_)) : 0)),
                                   "1", Provenance::simulated, ""};
  }

  const SyntheticSweep& options_;
  std::mt19937_64 random_;
};

void addOddRecords(Trace& trace, Generator& generator) {
  const Configuration base{
      "sparse_decode", "prefix", "per_token_magnitude", "bitmap_tile", 0.7, 8, 8192};
  Record failed = generator.record(
      {"sparse_decode", "table", "per_token_magnitude", "bitmap_tile", 0.5, 8, 16384}, false);
  failed.status = Status::failed;
  failed.reason = "12 of 32768 values beyond tolerance (synthetic test data)";
  failed.validation = Validation{.max_abs_error = 0.3,
                                 .max_rel_error = 0.9,
                                 .tolerance_share = 14,
                                 .worst_index = {0, 1, 2},
                                 .num_checked = 32768,
                                 .num_mismatched = 12,
                                 .reference = "none"};
  trace.records.push_back(failed);
  Record skipped = generator.record(base, false);
  skipped.status = Status::skipped;
  skipped.reason = "needs more memory than the device has (synthetic test data)";
  skipped.times.clear();
  skipped.predictions.clear();
  skipped.bytes.reset();
  skipped.work.reset();
  skipped.traffic.clear();
  skipped.problem.kv_len = 1048576;
  trace.records.push_back(skipped);
  Record uncounted = generator.record(
      {"sparse_decode", "prefix", "per_token_magnitude", "bitmap_tile", 0.7, 4, 4096}, false);
  uncounted.counters.reset();
  uncounted.counters_reason = "counters need privileges (synthetic test data)";
  uncounted.traffic.clear();
  trace.records.push_back(uncounted);
  Record single = generator.record(
      {"sparse_decode", "prefix", "per_token_magnitude", "bitmap_tile", 0.7, 4, 2048}, false);
  single.times[0].samples_ns.resize(1);
  single.times[0].statistics = statisticsOf(single.times[0].samples_ns);
  trace.records.push_back(single);
  Record above = generator.record({"dense_decode", "", "none", "dense", 0, 1, 2048}, false);
  for (double* ns : {&above.times[0].statistics.median_ns, &above.times[0].statistics.q1_ns,
                     &above.times[0].statistics.q3_ns})
    *ns = 1500;
  trace.records.push_back(above);
}

}  // namespace

Trace makeSyntheticSweep(const SyntheticSweep& options) {
  Trace trace;
  trace.environments["env-synthetic"] = environment();
  trace.ceilings["ceil-synthetic"] = ceilings();
  Generator generator(options);
  for (int repetition = 0; repetition < options.repetitions; ++repetition) {
    const auto add = [&](const Configuration& c, bool isModelled) {
      trace.records.push_back(generator.record(c, isModelled));
      trace.records.back().problem.seed = static_cast<std::uint64_t>(repetition);
    };
    for (const std::int64_t batch : {1, 8})
      for (const std::int64_t kvLen : {2048, 4096, 8192, 16384, 32768, 65536, 131072}) {
        add({"dense_decode", "", "none", "dense", 0, batch, kvLen}, false);
        add({"two_four_decode", "", "two_four", "two_four", 0.5, batch, kvLen}, false);
        for (const double sparsity : {0.3, 0.5, 0.6, 0.7, 0.8, 0.9}) {
          add({"sparse_decode", "prefix", "per_token_magnitude", "bitmap_tile", sparsity, batch,
               kvLen},
              false);
          if (batch == 1)
            add({"sparse_decode", "prefix", "per_channel_magnitude", "bitmap_tile", sparsity, batch,
                 kvLen},
                true);
        }
      }
  }
  if (options.odd) addOddRecords(trace, generator);
  return trace;
}

void writeSyntheticInspect(const std::filesystem::path& path, std::uint64_t seed) {
  constexpr int kTokens = 256, kChannels = 128;
  std::mt19937_64 random(seed);
  std::ofstream out(path);
  out << R"({"format":"kvroof-inspect","schema":1,"source":"synthetic test data","rule":"per_token_magnitude 70 %","planes":[)";
  bool isFirst = true;
  for (const char* side : {"keys", "values"}) {
    std::exponential_distribution<double> magnitude(1);
    std::vector<double> cells(kTokens * kChannels);
    for (int t = 0; t < kTokens; ++t)
      for (int c = 0; c < kChannels; ++c) {
        const bool isOutlier = side[0] == 'k' && (c % 41 == 7 || c % 59 == 23);
        cells[static_cast<std::size_t>(t * kChannels + c)] =
            magnitude(random) * (isOutlier ? 6 : 1);
      }
    out << (isFirst ? "" : ",") << R"({"side":")" << side << R"(","layer":3,"head":0,"num_tokens":)"
        << kTokens << R"(,"num_channels":)" << kChannels << R"(,"magnitudes":[)";
    for (std::size_t i = 0; i < cells.size(); ++i) out << (i ? "," : "") << cells[i];
    out << R"(],"kept":[)";
    for (int t = 0; t < kTokens; ++t) {
      std::vector<double> row(cells.begin() + t * kChannels, cells.begin() + (t + 1) * kChannels);
      std::nth_element(row.begin(), row.begin() + kChannels * 7 / 10, row.end());
      for (int c = 0; c < kChannels; ++c)
        out << (t || c ? "," : "")
            << (cells[static_cast<std::size_t>(t * kChannels + c)] >= row[kChannels * 7 / 10] ? 1
                                                                                              : 0);
    }
    out << "]}";
    isFirst = false;
  }
  out << "]}\n";
}

}  // namespace kvroof::gui::test
