// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "kernels/error.hpp"
#include "kernels/format/kept.hpp"
#include "kernels/format/lane_chunk.hpp"
#include "kvroof_version.hpp"
#include "profiler/cli/commands.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/cli/output.hpp"
#include "profiler/model/prediction_report.hpp"
#include "profiler/sweep/modelling.hpp"
#include "profiler/validate/case.hpp"

namespace kvroof::cli {
namespace {

using Json = nlohmann::ordered_json;

struct PredictionCommand {
  std::vector<std::string> on = {"h200"};
  std::string devices_file;
  bool list = false;
  bool verbose = false;
  std::string json;
  std::string launch = "graph";
  std::string l2 = "cold";
  validate::Case one;
  std::vector<double> sparsity = {0.5};
  int kept = 0;  // 0: from the sparsity
  std::string dtype = "f16";
  model::PredictOptions options;
};

void add_case_options(CLI::App& command, PredictionCommand& options) {
  validate::Case& one = options.one;
  command.add_option("--batch", one.batch, "Sequences")->capture_default_str();
  command.add_option("--query-heads", one.query_heads, "Heads of the query")->capture_default_str();
  command.add_option("--kv-heads", one.kv_heads, "Heads of the cache")->capture_default_str();
  command.add_option("--head-dim", one.head_dim, "Channels of a head")->capture_default_str();
  command
      .add_option("--kv-len", one.kv_lengths,
                  "Tokens in the cache: one number, or one per sequence, comma-separated")
      ->delimiter(',')
      ->default_str("4096");
  command.add_option("--window", one.window, "Most recent tokens that stay dense")
      ->capture_default_str();
  CLI::Option* sparsity =
      command
          .add_option("--sparsity", options.sparsity,
                      "Share of every row to prune; several, comma-separated, make several cases")
          ->delimiter(',')
          ->default_str("0.5");
  command
      .add_option("--kept", options.kept,
                  "Elements kept of every row, exactly; instead of --sparsity")
      ->check(CLI::PositiveNumber)
      ->excludes(sparsity);
  command.add_option("--dtype", options.dtype, "f16 or bf16")
      ->check(CLI::IsMember({"f16", "bf16"}))
      ->capture_default_str();
  command.add_option("--blocks", one.blocks, "Blocks that share the work; 0: chosen")
      ->capture_default_str();
}

void add_model_options(CLI::App& command, PredictionCommand& options) {
  command.add_option("--on", options.on, "Devices of the catalogue, comma-separated")
      ->delimiter(',')
      ->default_str("h200");
  command.add_option("--devices", options.devices_file,
                     "JSON file with more devices, or other numbers for known ones");
  command.add_flag("--list", options.list,
                   "List the devices and end; with -v all their parameters and sources");
  command
      .add_option("--registers", options.options.registers,
                  "Registers per thread that the compiler gave; the default is the most that the "
                  "kernel's launch bound allows")
      ->check(CLI::Range(1, 255))
      ->capture_default_str();
  command
      .add_option("--sample", options.options.sample.blocks,
                  "Blocks to simulate, the rest is scaled; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--seed", options.options.sample.seed, "Of the simulated masks")
      ->capture_default_str();
  command.add_option("--launch", options.launch, "How kernels are queued: graph or stream")
      ->check(CLI::IsMember({"graph", "stream"}))
      ->capture_default_str();
  command.add_option("--l2", options.l2, "What the second-level cache holds before: cold or warm")
      ->check(CLI::IsMember({"cold", "warm"}))
      ->capture_default_str();
  command.add_flag("-v,--verbose", options.verbose,
                   "Print all terms, with the source of every parameter");
  command.add_option(
      "--json", options.json,
      "Also write the predictions as JSON to this file; - : to stdout, instead of the table");
}

std::vector<validate::Case> selected_cases(const PredictionCommand& options) {
  validate::Case one = options.one;
  one.value_type = options.dtype == "f16" ? ValueType::kF16 : ValueType::kBF16;
  std::vector<validate::Case> cases;
  if (options.kept > 0) {
    one.kept_keys = one.kept_values = options.kept;
    cases.push_back(one);
  } else {
    for (const double sparsity : options.sparsity) {
      one.kept_keys = one.kept_values = kept_from_sparsity(one.head_dim, sparsity);
      cases.push_back(one);
    }
  }
  for (const validate::Case& each : cases) {
    check(each);
    constexpr int grid_limit = 65535;  // of the kernels
    require(each.batch <= grid_limit, "predict: batch must be at most {}, got {}", grid_limit,
            each.batch);
    lane_chunk::require_supported(each.head_dim);
  }
  return cases;
}

model::Catalogue load_catalogue(const PredictionCommand& options) {
  model::Catalogue catalogue = model::default_catalogue();
  if (!options.devices_file.empty()) model::add_devices(catalogue, options.devices_file);
  return catalogue;
}

Json document(const std::vector<std::string>& argv) {
  return {{"kind", "kvroof prediction"},
          {"schema", 1},
          {"kvroof", kVersion},
          {"git", kGitRevision},
          {"argv", argv},
          {"provenance", "modelled"},
          {"status", model::kNotValidated},
          {"cases", Json::array()}};
}

Json case_json(const validate::Case& one, std::span<const model::Prediction> predictions) {
  Json list = Json::array();
  for (const model::Prediction& each : predictions) list.push_back(model::prediction_json(each));
  return {{"batch", one.batch},
          {"query_heads", one.query_heads},
          {"kv_heads", one.kv_heads},
          {"head_dim", one.head_dim},
          {"kv_lengths", one.kv_lengths},
          {"window", one.window},
          {"kept_keys", one.kept_keys},
          {"kept_values", one.kept_values},
          {"dtype", to_string(one.value_type)},
          {"predictions", std::move(list)}};
}

int run_predict(PredictionCommand options, const Invocation& invocation) {
  const model::Catalogue catalogue = load_catalogue(options);
  if (options.list) {
    write_output("-", model::catalogue_table(catalogue, options.verbose));
    return kExitOk;
  }
  std::vector<model::DeviceModel> devices;
  for (const std::string& name : options.on) devices.push_back(catalogue.find(name));
  const std::vector<validate::Case> cases = selected_cases(options);
  options.options.blocks = options.one.blocks;
  options.options.conditions = {
      options.launch == "graph" ? model::LaunchMode::kGraph : model::LaunchMode::kStream,
      options.l2 == "cold" ? model::CacheState::kCold : model::CacheState::kWarm};

  std::string text = fmt::format("Modelled times of one decode step, {} L2, {} launches; {}.\n",
                                 options.l2, options.launch, model::kNotValidated);
  Json json = document(invocation.argv);
  Progress progress(static_cast<int>(cases.size() * devices.size()));
  for (const validate::Case& one : cases) {
    std::vector<model::Prediction> predictions;
    for (const model::DeviceModel& device : devices) {
      if (interrupted()) return kExitInterrupted;
      progress.step(fmt::format("{} on {}", describe(one), device.name));
      predictions.push_back(
          model::predict_decode(sweep::decode_case(one), device, options.options));
    }
    text += fmt::format("{}\n{}", describe(one), model::prediction_table(predictions));
    for (const model::Prediction& each : predictions)
      if (options.verbose) text += model::prediction_details(each);
    json["cases"].push_back(case_json(one, predictions));
  }
  if (options.json != "-") write_output("-", text);
  if (!options.json.empty()) {
    constexpr int indent = 2;
    write_output(options.json,
                 json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  return kExitOk;
}

}  // namespace

void add_predict_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "predict", "Model how long a decode step takes on GPUs that need not be here, term by term");
  auto options = std::make_shared<PredictionCommand>();
  add_case_options(*command, *options);
  add_model_options(*command, *options);
  command->callback(
      [options, &invocation] { invocation.exit_code = run_predict(*options, invocation); });
}

}  // namespace kvroof::cli
