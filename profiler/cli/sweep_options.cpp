// SPDX-License-Identifier: Apache-2.0
#include "profiler/cli/sweep_options.hpp"

#include <CLI/CLI.hpp>

#include "kernels/error.hpp"
#include "profiler/cli/number_check.hpp"

namespace kvroof::cli {
namespace {

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
      .add_option(
          "--predict-on", arguments.predict_on,
          "Devices of the catalogue, comma-separated, to model the decode's time for besides "
          "the one of the record; see kvroof predict --list")
      ->delimiter(',');
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

void add_sweep_options(CLI::App& command, SweepArguments& arguments) {
  add_what_options(command, arguments);
  add_how_options(command, arguments);
  add_measure_options(command, arguments);
}

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

}  // namespace kvroof::cli
