// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/prediction_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace kvroof::model {
namespace {

using Json = nlohmann::ordered_json;

std::string parameter_line(std::string_view key, std::string_view unit,
                           const Parameter& parameter) {
  return fmt::format("      {:<26} {:>8g} {:<13} {:<11} {} ({})\n", key, parameter.value, unit,
                     to_string(parameter.confidence), parameter.source, parameter.date);
}

std::string term_lines(const Term& term, std::string_view mark) {
  std::string text =
      fmt::format("    {:<8} {:>10.2f} us  {}{}\n", term.name, term.time_us, term.formula, mark);
  for (const UsedParameter& used : term.parameters)
    text += parameter_line(used.key, used.unit, used.parameter);
  return text;
}

Json term_json(const Term& term) {
  Json parameters = Json::array();
  for (const UsedParameter& used : term.parameters) {
    parameters.push_back({{"name", used.key},
                          {"value", used.parameter.value},
                          {"unit", used.unit},
                          {"confidence", to_string(used.parameter.confidence)},
                          {"source", used.parameter.source},
                          {"date", used.parameter.date}});
  }
  return {{"name", term.name},
          {"time_us", term.time_us},
          {"formula", term.formula},
          {"parameters", std::move(parameters)}};
}

Json terms_json(const std::vector<Term>& terms) {
  Json list = Json::array();
  for (const Term& term : terms) list.push_back(term_json(term));
  return list;
}

Json demand_json(const Demand& demand) {
  return {{"alu", demand.alu},
          {"fma", demand.fma},
          {"xu", demand.xu},
          {"lsu", demand.lsu},
          {"mma", demand.mma},
          {"mma_flops", demand.mma_flops},
          {"shared_wavefronts", demand.shared_wavefronts},
          {"l2_bytes", demand.l2_bytes}};
}

}  // namespace

std::string prediction_table(std::span<const Prediction> predictions) {
  std::string text = fmt::format("  {:<14} {:>10} {:>8}  {:<8} {:<12} {}\n", "device", "time us",
                                 "GB/s", "binds", "rests on", "plan");
  for (const Prediction& p : predictions) {
    if (!p.wont_launch.empty()) {
      text += fmt::format("  {:<14} will not launch: {}\n", p.device, p.wont_launch);
      continue;
    }
    text += fmt::format("  {:<14} {:>10.2f} {:>8.0f}  {:<8} {:<12} {}\n", p.device,
                        p.estimate.time_us, p.gb_per_s(), p.estimate.binding_term().name,
                        to_string(p.estimate.weakest()), attention::describe(p.plan));
  }
  return text;
}

std::string prediction_details(const Prediction& p) {
  if (!p.wont_launch.empty()) return {};
  std::string text = fmt::format(
      "  {}: {} of {} block runs simulated, {} block{} per SM ({} is the limit at {} registers "
      "per thread)\n",
      p.device, p.sample.blocks_simulated, p.sample.blocks_total, p.occupancy.blocks_per_sm,
      p.occupancy.blocks_per_sm == 1 ? "" : "s", p.occupancy.limit, p.work.shape.registers);
  for (const Term& term : p.estimate.fixed) text += term_lines(term, ", added");
  for (const Term& term : p.estimate.terms)
    text += term_lines(term, &term == &p.estimate.binding_term() ? ", binds" : "");
  return text;
}

std::string catalogue_table(const Catalogue& catalogue, bool parameters) {
  std::string text;
  for (const DeviceModel& device : catalogue.devices) {
    text +=
        fmt::format("{:<14} {}, compute capability {}.{}, {:.0f} SMs, {:.0f} GB/s\n", device.name,
                    device.title, device.compute_capability_major, device.compute_capability_minor,
                    device.sm_count.value, device.dram_gb_per_s.value);
    if (!parameters) continue;
    for (const ParameterField& field : parameter_fields())
      text += parameter_line(field.key, field.unit, device.*field.member);
  }
  return text;
}

Json prediction_json(const Prediction& p) {
  Json json{{"device", p.device},
            {"model", kModelName},
            {"provenance", "modelled"},
            {"validated", false}};
  if (!p.wont_launch.empty()) {
    json["wont_launch"] = p.wont_launch;
    return json;
  }
  json["time_us"] = p.estimate.time_us;
  json["binding"] = p.estimate.binding_term().name;
  json["weakest_confidence"] = to_string(p.estimate.weakest());
  json["fixed"] = terms_json(p.estimate.fixed);
  json["terms"] = terms_json(p.estimate.terms);
  json["plan"] = {{"blocks", p.plan.blocks},
                  {"warps", p.plan.warps},
                  {"lines", p.plan.lines},
                  {"shared_bytes", p.plan.shared_bytes},
                  {"registers", p.work.shape.registers}};
  json["occupancy"] = {{"blocks_per_sm", p.occupancy.blocks_per_sm}, {"limit", p.occupancy.limit}};
  json["bytes"] = {{"read", p.traffic.read_bytes()},
                   {"written", p.traffic.written_bytes()},
                   {"floor", p.traffic.floor_bytes()},
                   {"dense", p.traffic.dense}};
  json["demand"] = demand_json(p.work.demand);
  json["sample"] = {{"provenance", "simulated"},
                    {"block_runs", p.sample.blocks_simulated},
                    {"blocks", p.sample.blocks_total},
                    {"units", p.sample.units_total}};
  return json;
}

}  // namespace kvroof::model
