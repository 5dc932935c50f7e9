// SPDX-License-Identifier: Apache-2.0
// Speed of the trace library on a file of 100,000 records like those of a measured sweep: 30
// samples, 30 counters, a model of ten terms. Goals: list <= 1 s on one core, details of one record
// <= 10 ms.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <random>
#include <string>

#include "traces/index.hpp"
#include "traces/read.hpp"
#include "traces/write.hpp"

namespace kvroof::traces {
namespace {

constexpr int kRecords = 100'000;

NamedTime term(int i, double time_ns) {
  return {"term_" + std::to_string(i), time_ns, Provenance::modelled};
}

Record typical_record(int number) {
  std::mt19937 random(static_cast<std::uint32_t>(number));
  std::normal_distribution<double> time_ns(25'000, 300);
  Record record;
  record.utc_time = "2026-11-24T09:30:00Z";
  record.backend = Backend::cuda;
  record.kernel = {"sparse_decode", "bitmap_direct"};
  record.problem = {.batch = 1 + number % 8,
                    .query_heads = 32,
                    .kv_heads = 8,
                    .head_dim = 128,
                    .kv_len = 1024 * (1 + number % 32),
                    .window = 32,
                    .dtype = "f16"};
  record.problem.keys = {0.7, 0.70123, 1'234'567, "per_token_magnitude", "bitmap_tile"};
  record.problem.values = record.problem.keys;
  record.problem.input = "synthetic:outliers";
  record.plan = Plan{.splits = 16,
                     .grid = {16, 8, 1},
                     .block = {128, 1, 1},
                     .shared_bytes = 65'536,
                     .registers_per_thread = 96,
                     .blocks_per_sm = 3,
                     .workspace_bytes = 1 << 20};
  record.validation = Validation{1e-4, 2e-3, 0.31, {0, 3, 77}, 4096, 0, "double, masked dense"};
  record.work = Work{1.25e9, 4.5e9, 5.5e9, Provenance::modelled};
  record.bytes = Bytes{.key_values = 1'000'000,
                       .value_values = 1'000'001,
                       .key_bitmaps = 250'000,
                       .value_bitmaps = 250'000,
                       .indices = 16'000,
                       .padding = 8'192,
                       .window = 131'072,
                       .queries = 8'192,
                       .outputs = 8'192,
                       .partials = 65'536,
                       .dense = 8'388'608};
  for (const MemoryLevel level : {MemoryLevel::dram, MemoryLevel::l2, MemoryLevel::shared}) {
    record.traffic.push_back({level, 2.7e6, 8192, Provenance::measured});
  }
  Prediction prediction{
      .device = "h200", .model = "slowest-term 1", .time_ns = 24'321.5, .binding = "issue"};
  for (int i = 0; i < 10; ++i) prediction.terms.push_back(term(i, 1000.25 * i));
  record.predictions = {prediction};
  for (int i = 0; i < 5; ++i) record.floors.push_back(term(i, 1500.5));
  for (int i = 0; i < 4; ++i) record.phases.push_back(term(i, 5500.75));
  Time time{.name = "cold", .provenance = Provenance::measured, .sm_clock_mhz = 1965};
  for (int i = 0; i < 30; ++i) time.samples_ns.push_back(std::round(time_ns(random) * 10) / 10);
  time.statistics = {30, 25'000, 24'800, 25'200, 24'300, 25'700, 25'003.2, 301.5};
  record.times = {time};
  record.counters.emplace();
  for (int i = 0; i < 30; ++i) {
    (*record.counters)["lts__t_sectors_counter_" + std::to_string(i)] = {1e6 + number + i, "sector",
                                                                         Provenance::measured, ""};
  }
  return record;
}

/// The file, written once and deleted at exit.
class TypicalFile {
 public:
  TypicalFile()
      : path_(std::filesystem::temp_directory_path() /
              ("kvroof-bench-" + std::to_string(::getpid()) + ".jsonl")) {
    Writer writer(path_);
    const std::string environment_id = writer.declare(Environment{});
    for (int i = 0; i < kRecords; ++i) {
      Record record = typical_record(i);
      record.environment_id = environment_id;
      writer.append(record);
    }
  }
  ~TypicalFile() { std::filesystem::remove(path_); }
  TypicalFile(const TypicalFile&) = delete;
  TypicalFile& operator=(const TypicalFile&) = delete;

  static const std::filesystem::path& path() {
    static const TypicalFile file;
    return file.path_;
  }

 private:
  std::filesystem::path path_;
};

void report_bytes(benchmark::State& state) {
  const auto bytes = static_cast<double>(std::filesystem::file_size(TypicalFile::path()));
  state.counters["MB"] = bytes / 1e6;
  state.counters["bytes_per_record"] = bytes / kRecords;
}

void list_100k_records(benchmark::State& state) {
  TypicalFile::path();
  for (auto _ : state) {
    TraceIndex index(TypicalFile::path());
    index.update();
    if (index.rows().size() != kRecords || !index.warnings().empty())
      state.SkipWithError("not all records were listed");
    benchmark::DoNotOptimize(index.rows().data());
  }
  report_bytes(state);
}
BENCHMARK(list_100k_records)->Unit(benchmark::kMillisecond)->Repetitions(5)->Iterations(1);

void fetch_details_of_one_record(benchmark::State& state) {
  TraceIndex index(TypicalFile::path());
  index.update();
  std::size_t row = 0;
  for (auto _ : state) {
    row = (row + 7919) % kRecords;  // a prime step: every record, never the neighbour
    benchmark::DoNotOptimize(index.details(row));
  }
}
BENCHMARK(fetch_details_of_one_record)->Unit(benchmark::kMicrosecond);

void append_one_record(benchmark::State& state) {
  const auto path = TypicalFile::path().string() + ".append";
  {
    Writer writer(path);
    const Record record = typical_record(1);
    for (auto _ : state) writer.append(record);
  }
  std::filesystem::remove(path);
}
BENCHMARK(append_one_record)->Unit(benchmark::kMicrosecond);

void read_all_of_100k_records(benchmark::State& state) {
  TypicalFile::path();
  for (auto _ : state) benchmark::DoNotOptimize(read_trace(TypicalFile::path()).records.size());
  report_bytes(state);
}
BENCHMARK(read_all_of_100k_records)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace kvroof::traces

BENCHMARK_MAIN();
