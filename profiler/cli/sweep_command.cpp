// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "kernels/error.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/cli/sweep_options.hpp"
#include "profiler/cli/trace_files.hpp"
#include "profiler/model/ceilings.hpp"
#include "profiler/report/roofline.hpp"
#include "profiler/report/trace_tables.hpp"
#include "profiler/sweep/modelling.hpp"
#include "profiler/sweep/plan_table.hpp"
#include "profiler/sweep/ranks.hpp"
#include "profiler/sweep/record.hpp"
#include "profiler/sweep/sweep.hpp"
#include "profiler/sweep/time_left.hpp"

namespace kvroof::cli {
namespace {

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

/// Adds what a trace holds; where both know a configuration, the trace is newer.
void add_finished(const std::filesystem::path& path, sweep::Finished& finished) {
  std::vector<std::string> warnings;
  sweep::Finished more = sweep::read_finished(path, warnings);
  warn(warnings);
  more.merge(finished);
  finished = std::move(more);
}

/// What earlier runs left in the trace, and in those of ranks that did not get to gathering.
/// Refuses to mix with a trace that nobody asked to continue.
sweep::Finished read_finished(const SweepArguments& arguments) {
  if (arguments.trace.empty()) {
    require(!arguments.resume, "--resume: needs the trace to continue, -o FILE");
    return {};
  }
  std::vector<std::filesystem::path> paths = sweep::rank_paths(arguments.trace);
  paths.insert(paths.begin(), arguments.trace);
  if (!arguments.resume) {
    std::error_code ignored;
    for (const std::filesystem::path& path : paths) {
      require(!std::filesystem::is_regular_file(path, ignored),
              "-o {}: there is such a file; --resume continues it", path.string());
    }
    return {};
  }
  sweep::Finished finished;
  for (const std::filesystem::path& path : paths) add_finished(path, finished);
  return finished;
}

std::vector<model::DeviceModel> devices_to_model(const SweepArguments& arguments,
                                                 const Device& device) {
  return sweep::devices_to_model(model::default_catalogue(), device.info().name,
                                 arguments.predict_on);
}

/// The roofs of this very device that kvroof ceilings has written, or else those of the catalogue.
std::optional<traces::Ceilings> find_ceilings(const SweepArguments& arguments,
                                              const Device& device) {
  if (!arguments.ceilings.empty()) {
    for (auto& [id, ceilings] : read_trace_argument(arguments.ceilings).ceilings) {
      if (ceilings.device == device.info().name) return ceilings;
    }
    fail("--ceilings {}: holds no ceilings of {}", arguments.ceilings, device.info().name);
  }
  const std::vector<model::DeviceModel> devices = devices_to_model(arguments, device);
  if (devices.empty()) return std::nullopt;
  return model::ceilings_of(devices.front());
}

/// The trace of this process: the one asked for, or one of its own beside it when ranks share the
/// work.
std::optional<sweep::TraceOutput> open_trace(const SweepArguments& arguments, Device& device,
                                             const sweep::Ranks& ranks,
                                             const std::optional<traces::Ceilings>& ceilings,
                                             const Invocation& invocation) {
  if (arguments.trace.empty()) return std::nullopt;
  traces::Environment environment = sweep::describe_run(device, invocation.argv);
  if (device.backend() == Backend::kCuda) sweep::describe_gpu(device, environment);
  std::optional<sweep::TraceOutput> output(std::in_place,
                                           ranks.alone()
                                               ? std::filesystem::path(arguments.trace)
                                               : sweep::rank_path(arguments.trace, ranks.rank()),
                                           std::move(environment), ceilings);
  warn(output->notices());
  return output;
}

/// Runs what is not finished and adds it to `finished`. Ends early when interrupted.
void run_plan(const std::vector<sweep::Planned>& plan, sweep::Finished& finished,
              std::optional<sweep::TraceOutput>& trace, sweep::Sweeper& sweeper) {
  double cost = 0;
  for (const sweep::Planned& planned : plan) {
    if (!is_finished(planned, finished) && planned.fit.skip_reason.empty()) cost += planned.cost;
  }
  sweep::TimeLeft time_left(cost);
  Progress progress(static_cast<int>(plan.size()));
  for (const sweep::Planned& planned : plan) {
    if (interrupted()) break;
    const std::string left = time_left.describe();
    progress.step(
        fmt::format("{}{}{}", left, left.empty() ? "" : "; ", describe(planned.configuration)));
    if (is_finished(planned, finished)) continue;
    traces::Record record = sweeper.run(planned);
    if (trace) trace->append(record);
    finished.insert_or_assign(planned.key, std::move(record));
    if (planned.fit.skip_reason.empty()) time_left.finish(planned.cost);
  }
}

/// The records of a plan, in its order, as far as it got.
std::vector<report::DeviceRecord> results(const std::vector<sweep::Planned>& plan,
                                          const sweep::Finished& finished, const Device& device,
                                          const std::optional<traces::Ceilings>& known) {
  std::shared_ptr<const traces::Ceilings> ceilings;
  if (known) ceilings = std::make_shared<const traces::Ceilings>(*known);
  std::vector<report::DeviceRecord> records;
  for (const sweep::Planned& planned : plan) {
    const auto found = finished.find(planned.key);
    if (found != finished.end()) records.push_back({found->second, device.info().name, ceilings});
  }
  return records;
}

int exit_code_of(const std::vector<report::DeviceRecord>& records) {
  const auto count = [&](traces::Status status) {
    return std::count_if(records.begin(), records.end(),
                         [&](const auto& record) { return record.status == status; });
  };
  if (count(traces::Status::error) > 0) return kExitFailure;
  if (count(traces::Status::failed) > 0) return kExitValidationFailed;
  const bool nothing_ran =
      !records.empty() && count(traces::Status::skipped) == std::ssize(records);
  return nothing_ran ? kExitNothingRan : kExitOk;
}

int show_results(const SweepArguments& arguments, const std::vector<sweep::Planned>& plan,
                 const sweep::Finished& finished, const Device& device,
                 const std::optional<traces::Ceilings>& ceilings) {
  const std::vector<report::DeviceRecord> records = results(plan, finished, device, ceilings);
  write_tables({{report::results_table(records), report::roofline_table(records)},
                report::wide_table(records),
                "configurations"},
               arguments.output);
  if (interrupted()) {
    fmt::print(stderr, "kvroof: interrupted after {} of {} configurations{}\n", records.size(),
               plan.size(), arguments.trace.empty() ? "" : "; --resume continues");
    return kExitInterrupted;
  }
  return exit_code_of(records);
}

/// A device for each rank of a host, and a part of its memory.
std::unique_ptr<Device> open_device(SweepArguments arguments, const sweep::Ranks& ranks) {
  arguments.backend.device += ranks.local_rank();
  return cli::open_device(arguments.backend);
}

/// The whole of a sweep, or the part of it that falls to a rank; the first rank then shows what
/// all have done.
int run_share(const SweepArguments& arguments, const Invocation& invocation,
              const sweep::Ranks& ranks) {
  sweep::Request request = to_request(arguments);
  if (arguments.list) {
    if (ranks.first()) write_output("-", list_text(arguments));
    return kExitOk;
  }
  const std::unique_ptr<Device> device = open_device(arguments, ranks);
  require(arguments.measure.metrics.empty() || device->backend() == Backend::kCuda,
          "--metrics: these are a GPU's counters, and this sweep is on the simulator, whose "
          "counters are all in the trace; leave it out, or use --backend cuda");
  const std::uint64_t memory =
      sweep::available_host_bytes() / static_cast<std::uint64_t>(ranks.local_count());
  const std::vector<sweep::Planned> whole = sweep::make_plan(request, *device, memory);
  if (arguments.dry_run) return ranks.first() ? dry_run(arguments, whole, *device) : kExitOk;
  require(ranks.alone() || !arguments.trace.empty(),
          "mpirun: ranks need a trace to put their results into, -o FILE");

  request.shard = sweep::shard_of_rank(request.shard, ranks.rank(), ranks.count());
  const std::vector<sweep::Planned> plan = sweep::make_plan(request, *device, memory);
  sweep::Finished finished = read_finished(arguments);
  ranks.wait_for_all();  // before the first file of another rank is there
  const std::optional<traces::Ceilings> ceilings = find_ceilings(arguments, *device);
  std::optional<sweep::TraceOutput> trace =
      open_trace(arguments, *device, ranks, ceilings, invocation);
  sweep::SweepOptions options = arguments.options;  // what measures must go before the device does
  if (device->backend() == Backend::kCuda) {
    sweep::MeasureOptions measure = arguments.measure;
    measure.counters = !arguments.no_counters;
    options.complete.push_back(sweep::measure_on_gpu(*device, std::move(measure)));
  }
  options.complete.push_back(sweep::model_times(devices_to_model(arguments, *device)));
  sweep::Sweeper sweeper(*device, std::move(options));
  run_plan(plan, finished, trace, sweeper);

  trace.reset();  // closes the file
  ranks.wait_for_all();
  if (!ranks.first()) return kExitOk;
  if (!arguments.trace.empty()) sweep::gather_ranks(arguments.trace);
  if (!ranks.alone()) add_finished(arguments.trace, finished);
  return show_results(arguments, whole, finished, *device, ceilings);
}

int run_sweep(const SweepArguments& arguments, const Invocation& invocation) {
  require_usable(arguments.output);
  const sweep::Ranks ranks;
  if (ranks.alone()) return run_share(arguments, invocation, ranks);
  try {
    return run_share(arguments, invocation, ranks);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kvroof: rank {} of {}: {}\n", ranks.rank(), ranks.count(), error.what());
    const bool usage = dynamic_cast<const std::invalid_argument*>(&error) != nullptr;
    ranks.abort(usage ? kExitUsage : kExitFailure);
  }
}

}  // namespace

void add_sweep_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "sweep", "Run and validate kernels over all combinations of axes, and keep a trace");
  auto arguments = std::make_shared<SweepArguments>();
  add_sweep_options(*command, *arguments);
  command->callback(
      [arguments, &invocation] { invocation.exit_code = run_sweep(*arguments, invocation); });
}

}  // namespace kvroof::cli
