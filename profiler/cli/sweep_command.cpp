// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "kernels/error.hpp"
#include "profiler/cli/backend_options.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/number_check.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/cli/table_output.hpp"
#include "profiler/cli/trace_files.hpp"
#include "profiler/report/trace_tables.hpp"
#include "profiler/sweep/gpu_measure.hpp"
#include "profiler/sweep/plan_table.hpp"
#include "profiler/sweep/record.hpp"
#include "profiler/sweep/sweep.hpp"
#include "profiler/sweep/time_left.hpp"

namespace kvroof::cli {
namespace {

struct SweepArguments {
  std::vector<std::string> axes;
  std::vector<std::string> models;
  std::string model_file;
  bool list = false;
  bool dry_run = false;
  sweep::SweepOptions options;
  std::string trace;
  bool resume = false;
  std::string shard = "0/1";
  std::string ceilings;
  sweep::MeasureOptions measure;
  bool no_counters = false;
  BackendOptions backend;
  TableOutput output;
};

std::vector<sweep::Geometry> known_geometries(const SweepArguments& arguments) {
  std::vector<sweep::Geometry> geometries = sweep::built_in_geometries();
  if (!arguments.model_file.empty())
    sweep::merge_geometries(geometries, sweep::read_geometries(arguments.model_file));
  return geometries;
}

sweep::Request to_request(const SweepArguments& arguments) {
  sweep::Request request;
  for (const std::string& axis : arguments.axes) request.axes.push_back(sweep::parse_axis(axis));
  const std::vector<sweep::Geometry> geometries = known_geometries(arguments);
  for (const std::string& model : arguments.models) {
    for (const sweep::Geometry& chosen : request.geometries)
      require(chosen.name != model, "--model: {} is there twice", model);
    request.geometries.push_back(sweep::find_geometry(geometries, model));
  }
  request.shard = sweep::parse_shard(arguments.shard);
  return request;
}

std::string list_text(const SweepArguments& arguments) {
  std::string text = "Axes (-a), and what is taken where none is given:\n";
  for (const sweep::AxisKind& kind : sweep::axis_kinds()) {
    text += fmt::format("  {:<17} {:<7} {}\n", kind.name, kind.preset.empty() ? "-" : kind.preset,
                        kind.help);
  }
  text += "Models (--model):\n";
  for (const sweep::Geometry& geometry : known_geometries(arguments)) {
    text +=
        fmt::format("  {:<17} {} query heads, {} kv heads, {} channels; {}\n", geometry.name,
                    geometry.query_heads, geometry.kv_heads, geometry.head_dim, geometry.source);
  }
  return text;
}

int dry_run(const SweepArguments& arguments, const std::vector<sweep::Planned>& plan,
            Device& device) {
  const std::optional<double> seconds_per_cost = sweep::probe_seconds_per_cost(device);
  Tables tables{{}, sweep::plan_table(plan, seconds_per_cost), "configurations"};
  report::Table shown = tables.wide;
  fold_constant_columns(shown);
  double cost = 0;
  int skipped = 0;
  for (const sweep::Planned& planned : plan) {
    cost += planned.fit.skip_reason.empty() ? planned.cost : 0;
    skipped += planned.fit.skip_reason.empty() ? 0 : 1;
  }
  shown.notes.push_back(
      fmt::format("{} configurations, {} of them skipped; nothing was run.{}", plan.size(), skipped,
                  seconds_per_cost ? fmt::format(" About {} on this machine, by a small probe.",
                                                 sweep::clock_time(cost * *seconds_per_cost))
                                   : ""));
  tables.for_people = {shown};
  write_tables(tables, arguments.output);
  return kExitOk;
}

void warn(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) fmt::print(stderr, "kvroof: {}\n", sentence);
}

/// What earlier runs left in the trace. Refuses to mix with a trace that nobody asked to continue.
sweep::Finished read_finished(const SweepArguments& arguments) {
  if (!arguments.resume) {
    std::error_code ignored;
    require(arguments.trace.empty() || !std::filesystem::exists(arguments.trace, ignored) ||
                !std::filesystem::is_regular_file(arguments.trace, ignored),
            "-o {}: there is such a file; --resume continues it", arguments.trace);
    return {};
  }
  require(!arguments.trace.empty(), "--resume: needs the trace to continue, -o FILE");
  std::vector<std::string> warnings;
  sweep::Finished finished = sweep::read_finished(arguments.trace, warnings);
  warn(warnings);
  return finished;
}

/// The roofs of this very device that kvroof ceilings has written.
std::optional<traces::Ceilings> read_ceilings(const std::string& path, const Device& device) {
  if (path.empty()) return std::nullopt;
  for (auto& [id, ceilings] : read_trace_argument(path).ceilings) {
    if (ceilings.device == device.info().name) return ceilings;
  }
  fail("--ceilings {}: holds no ceilings of {}", path, device.info().name);
}

std::optional<sweep::TraceOutput> open_trace(const SweepArguments& arguments, Device& device,
                                             const Invocation& invocation) {
  std::optional<traces::Ceilings> ceilings = read_ceilings(arguments.ceilings, device);
  if (arguments.trace.empty()) return std::nullopt;
  traces::Environment environment = sweep::describe_run(device, invocation.argv);
  if (device.backend() == Backend::kCuda) sweep::describe_gpu(device, environment);
  std::optional<sweep::TraceOutput> output(std::in_place, arguments.trace, std::move(environment),
                                           std::move(ceilings));
  warn(output->notices());
  return output;
}

/// Runs what is not finished and returns the records of the whole plan, as far as it got.
std::vector<traces::Record> run_plan(const std::vector<sweep::Planned>& plan,
                                     const sweep::Finished& finished,
                                     std::optional<sweep::TraceOutput>& trace,
                                     sweep::Sweeper& sweeper) {
  double cost = 0;
  for (const sweep::Planned& planned : plan) {
    if (!is_finished(planned, finished) && planned.fit.skip_reason.empty()) cost += planned.cost;
  }
  sweep::TimeLeft time_left(cost);
  Progress progress(static_cast<int>(plan.size()));
  std::vector<traces::Record> records;
  for (const sweep::Planned& planned : plan) {
    if (interrupted()) break;
    const std::string left = time_left.describe();
    progress.step(
        fmt::format("{}{}{}", left, left.empty() ? "" : "; ", describe(planned.configuration)));
    if (is_finished(planned, finished)) {
      records.push_back(finished.at(planned.key));
      continue;
    }
    traces::Record record = sweeper.run(planned);
    if (trace) trace->append(record);
    records.push_back(std::move(record));
    if (planned.fit.skip_reason.empty()) time_left.finish(planned.cost);
  }
  return records;
}

int exit_code(const std::vector<traces::Record>& records) {
  int code = kExitOk;
  for (const traces::Record& record : records) {
    if (record.status == traces::Status::error) return kExitFailure;
    if (record.status == traces::Status::failed) code = kExitValidationFailed;
  }
  return code;
}

void write_results(const std::vector<traces::Record>& records, const Device& device,
                   const TableOutput& output) {
  std::vector<report::DeviceRecord> rows;
  for (const traces::Record& record : records) rows.push_back({record, device.info().name});
  write_tables({{report::results_table(rows)}, report::wide_table(rows), "configurations"}, output);
}

int run_sweep(SweepArguments& arguments, const Invocation& invocation) {
  require_usable(arguments.output);
  const sweep::Request request = to_request(arguments);
  if (arguments.list) {
    write_output("-", list_text(arguments));
    return kExitOk;
  }
  const std::unique_ptr<Device> device = open_device(arguments.backend);
  const std::vector<sweep::Planned> plan =
      sweep::make_plan(request, *device, sweep::available_host_bytes());
  if (arguments.dry_run) return dry_run(arguments, plan, *device);

  const sweep::Finished finished = read_finished(arguments);
  std::optional<sweep::TraceOutput> trace = open_trace(arguments, *device, invocation);
  sweep::SweepOptions options = arguments.options;  // what measures must go before the device does
  if (device->backend() == Backend::kCuda) {
    arguments.measure.counters = !arguments.no_counters;
    options.complete.push_back(sweep::measure_on_gpu(*device, arguments.measure));
  }
  sweep::Sweeper sweeper(*device, std::move(options));
  const std::vector<traces::Record> records = run_plan(plan, finished, trace, sweeper);
  write_results(records, *device, arguments.output);
  if (interrupted()) {
    fmt::print(stderr, "kvroof: interrupted after {} of {} configurations{}\n", records.size(),
               plan.size(), trace ? "; --resume continues" : "");
    return kExitInterrupted;
  }
  return exit_code(records);
}

void add_what_options(CLI::App& command, SweepArguments& arguments) {
  command
      .add_option("-a,--axis", arguments.axes,
                  "Values of an axis: name=value, name=[a,b,c], name=[start:stop:stride] with stop "
                  "included, or name[pow2]=[start:stop:stride]; once per axis, see --list")
      ->allow_extra_args(false);
  command
      .add_option("--model", arguments.models,
                  "Heads and channels of a published model, or of several, comma-separated")
      ->delimiter(',');
  command.add_option("--model-file", arguments.model_file,
                     "JSON file with more models: {\"models\": [{\"name\", \"query_heads\", "
                     "\"kv_heads\", \"head_dim\", \"source\"}]}");
  command.add_flag("--list", arguments.list, "List axes and models, and run nothing");
  command.add_flag("--dry-run", arguments.dry_run,
                   "Show the plan, the memory it needs, what will be skipped and why, and about "
                   "how long it will take; run nothing");
}

void add_how_options(CLI::App& command, SweepArguments& arguments) {
  constexpr double most_seconds = 1e9;
  constexpr std::int64_t most_rows = 1'000'000'000;
  command.add_option("-o,--output", arguments.trace,
                     "Trace to write, JSON Lines: a record per configuration, when it is finished");
  command.add_flag("--resume", arguments.resume,
                   "Continue the trace: run what is not in it, and again what ended in an error or "
                   "a timeout");
  command
      .add_option("--shard", arguments.shard,
                  "Run one share of the plan, i/n with 0 <= i < n, as for Slurm's --array=0-(n-1)")
      ->capture_default_str();
  command
      .add_option("--timeout", arguments.options.timeout_seconds,
                  "Seconds for a configuration, looked at between its stages; 0: no limit")
      ->check(number_in(0, most_seconds))
      ->capture_default_str();
  command
      .add_option(
          "--check-rows", arguments.options.check_rows,
          "(sequence, kv head) rows to compare with the reference, spread evenly; 0: all of "
          "a small cache, as many as make 2^23 key elements, at least 2, of a large one")
      ->check(CLI::Range(std::int64_t{0}, most_rows))
      ->capture_default_str();
  add_backend_options(command, arguments.backend);
  add_table_options(command, arguments.output);
}

/// Of the CUDA backend, which measures.
void add_measure_options(CLI::App& command, SweepArguments& arguments) {
  constexpr double most_seconds = 1e6;
  constexpr std::int64_t most_samples = 1'000'000;
  measure::StoppingRule& rule = arguments.measure.rule;
  command.add_option("--ceilings", arguments.ceilings,
                     "Trace with this device's roofs, of kvroof ceilings -o; records name them");
  command
      .add_option("--metrics", arguments.measure.metrics,
                  "On CUDA: more hardware counters by CUPTI's names, comma-separated")
      ->delimiter(',');
  command.add_flag("--no-counters", arguments.no_counters, "On CUDA: times only");
  command
      .add_option("--noise", rule.noise,
                  "On CUDA: sample until the median is this certain, as inter-quartile range / "
                  "(median * sqrt(samples))")
      ->check(number_in(0, 1))
      ->capture_default_str();
  command.add_option("--min-samples", rule.min_samples, "On CUDA: at least so many, unthrottled")
      ->check(CLI::Range(std::int64_t{1}, most_samples))
      ->capture_default_str();
  command.add_option("--max-samples", rule.max_samples, "On CUDA: at most so many")
      ->check(CLI::Range(std::int64_t{1}, most_samples))
      ->capture_default_str();
  command
      .add_option("--sample-seconds", rule.timeout_seconds,
                  "On CUDA: stop sampling the kernels of a case after this time")
      ->check(number_in(0, most_seconds))
      ->capture_default_str();
}

}  // namespace

void add_sweep_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "sweep", "Run and validate kernels over all combinations of axes, and keep a trace");
  auto arguments = std::make_shared<SweepArguments>();
  add_what_options(*command, *arguments);
  add_how_options(*command, *arguments);
  add_measure_options(*command, *arguments);
  command->callback(
      [arguments, &invocation] { invocation.exit_code = run_sweep(*arguments, invocation); });
}

}  // namespace kvroof::cli
