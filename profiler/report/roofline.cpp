// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/roofline.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "profiler/report/record_fields.hpp"
#include "traces/ceilings.hpp"

namespace kvroof::report {
namespace {

using traces::Roof;
using traces::RoofKind;
using traces::RoofLevel;

constexpr double kPercent = 100;
constexpr double kNsPerS = 1e9;

std::string_view title(RoofLevel level) {
  switch (level) {
    case RoofLevel::dram: return "DRAM";
    case RoofLevel::l2: return "L2";
    case RoofLevel::shared: return "shared memory";
    case RoofLevel::tensor: return "tensor cores";
    case RoofLevel::cuda_core: return "CUDA cores";
    case RoofLevel::instruction: return "instruction issue";
    case RoofLevel::launch: return "launch";
    case RoofLevel::latency: return "latency";
  }
  return "";
}

/// The share of writes in what a probe of DRAM moves; nothing for a roof that is no such probe.
std::optional<double> written_share(const Roof& roof) {
  if (roof.name.starts_with("read")) return 0.0;
  if (roof.name.starts_with("copy")) return 0.5;
  if (roof.name.starts_with("write")) return 1.0;
  return std::nullopt;
}

/// The probe of DRAM that mixes reads and writes most like `traffic`; nullptr without probes.
const Roof* nearest_probe(const traces::Ceilings& ceilings, RoofKind kind,
                          const traces::Traffic& traffic) {
  const double share = traffic.write_bytes / (traffic.read_bytes + traffic.write_bytes);
  const Roof* nearest = nullptr;
  double least = 0;
  for (const Roof& roof : ceilings.roofs) {
    const std::optional<double> own = written_share(roof);
    if (roof.level != RoofLevel::dram || roof.kind != kind || !own || !(roof.value > 0)) continue;
    const double distance = std::abs(*own - share);
    if (nearest == nullptr || distance < least) {
      nearest = &roof;
      least = distance;
    }
  }
  return nearest;
}

const Roof* roof_of(const DeviceRecord& record, RoofLevel level) {
  if (!record.ceilings) return nullptr;
  const traces::Traffic* dram = traffic_at(record, traces::MemoryLevel::dram);
  for (const RoofKind kind : {RoofKind::measured, RoofKind::theoretical}) {
    const Roof* probe = level == RoofLevel::dram && dram != nullptr
                            ? nearest_probe(*record.ceilings, kind, *dram)
                            : nullptr;
    if (probe != nullptr) return probe;
    if (const Roof* best = traces::best_roof(*record.ceilings, level, kind)) return best;
  }
  return nullptr;
}

/// As counted, or the sum of the pipes where only these are known, as on the simulator; nothing
/// when they were not counted.
std::optional<double> warp_instructions(const DeviceRecord& record) {
  if (!record.counters) return std::nullopt;
  if (const auto all = record.counters->find("instructions");
      all != record.counters->end() && all->second.value)
    return all->second.value;
  std::optional<double> sum;
  for (const auto& [name, counter] : *record.counters) {
    if (name.starts_with("instructions_") && counter.value) sum = sum.value_or(0) + *counter.value;
  }
  return sum;
}

/// What a record did at a level, in the unit of its roof times seconds; nothing when not known.
std::optional<double> amount(const DeviceRecord& record, RoofLevel level) {
  for (const traces::Traffic& traffic : record.traffic) {
    if (traces::roof_level(traffic.level) == level) return traffic.read_bytes + traffic.write_bytes;
  }
  if (level == RoofLevel::instruction) return warp_instructions(record);
  if (level == RoofLevel::tensor && record.work)
    return record.work->executed_flops.value_or(record.work->useful_flops);
  return std::nullopt;
}

/// flop/byte of DRAM; nothing when not known.
std::optional<double> intensity(const DeviceRecord& record) {
  const traces::Traffic* dram = traffic_at(record, traces::MemoryLevel::dram);
  if (dram == nullptr || !record.work) return std::nullopt;
  return traces::arithmetic_intensity(*record.work, *dram);
}

std::optional<double> ridge(const DeviceRecord& record) {
  if (!record.ceilings) return std::nullopt;
  return traces::ridge_intensity(*record.ceilings, {.kind = RoofKind::theoretical});
}

std::string side_of_ridge(const DeviceRecord& record) {
  const std::optional<double> at = intensity(record);
  const std::optional<double> meet = ridge(record);
  if (!at || !meet) return "";
  return *at < *meet
             ? fmt::format("DRAM side: {:.1f} flop/B, the roofs meet at {:.0f}", *at, *meet)
             : fmt::format("tensor-core side: {:.1f} flop/B, the roofs meet at {:.0f}", *at, *meet);
}

/// The floor of the launch as a share of the time; 0 when not known.
double launch_share(const DeviceRecord& record) {
  for (const traces::NamedTime& floor : record.floors) {
    if (floor.name == "launch") return floor.time_ns / *shown_time_ns(record);
  }
  return 0;
}

std::string use_text(const RoofUse& use) {
  return fmt::format("{}: {:.0f} % of its {} roof{}{}", title(use.level), use.share * kPercent,
                     name_of(use.kind), use.name.empty() ? "" : ", ", use.name);
}

/// Which roofs the percentages of these records divide by.
std::string roofs_note(const std::vector<DeviceRecord>& records) {
  std::set<std::string> used;
  for (const DeviceRecord& record : records) {
    for (const RoofUse& use : roof_uses(record))
      used.insert(fmt::format("{} {}{}{}", title(use.level), use.name, use.name.empty() ? "" : ", ",
                              name_of(use.kind)));
  }
  return fmt::format("Roofs: {}.", fmt::join(used, "; "));
}

std::string model_binding(const Record& record) {
  return record.predictions.empty() ? "" : record.predictions.front().binding;
}

Value share_value(const DeviceRecord& record, RoofLevel level) {
  const std::optional<double> share = roof_share(record, level);
  return share ? Value(*share * kPercent) : Value(Missing{});
}

}  // namespace

std::vector<RoofUse> roof_uses(const DeviceRecord& record) {
  std::vector<RoofUse> uses;
  const std::optional<double> time_ns = shown_time_ns(record);
  if (!time_ns) return uses;
  for (const RoofLevel level : {RoofLevel::dram, RoofLevel::l2, RoofLevel::shared,
                                RoofLevel::tensor, RoofLevel::instruction}) {
    const Roof* roof = roof_of(record, level);
    const std::optional<double> done = amount(record, level);
    if (roof != nullptr && done)
      uses.push_back({level, roof->kind, roof->name, *done / *time_ns * kNsPerS / roof->value});
  }
  return uses;
}

std::optional<double> roof_share(const DeviceRecord& record, RoofLevel level) {
  for (const RoofUse& use : roof_uses(record)) {
    if (use.level == level) return use.share;
  }
  return std::nullopt;
}

std::string roofline_verdict(const DeviceRecord& record) {
  if (!shown_time_ns(record)) return side_of_ridge(record);
  const std::vector<RoofUse> uses = roof_uses(record);
  if (uses.empty()) return "";
  const RoofUse& most =
      *std::max_element(uses.begin(), uses.end(),
                        [](const RoofUse& a, const RoofUse& b) { return a.share < b.share; });
  if (most.share >= kBindingShare) return use_text(most);
  if (const double share = launch_share(record); share >= kBindingShare)
    return fmt::format("launch: {:.0f} % of the time", share * kPercent);
  return fmt::format("latency; most used: {}", use_text(most));
}

Table roofline_table(const std::vector<DeviceRecord>& records) {
  std::vector<DeviceRecord> judged;
  for (const DeviceRecord& record : records) {
    if (record.status == traces::Status::passed && !roofline_verdict(record).empty())
      judged.push_back(record);
  }
  Fields fields = configuration_fields(judged);
  append(fields,
         {{{"time_ns", "time us", kNsPerUs}, shown_time},
          {{"time_provenance", "time is"}, provenance_of_time},
          {{"intensity", "flop/B"}, [](const DeviceRecord& r) { return if_known(intensity(r)); }},
          {{"dram_percent", "DRAM %"},
           [](const DeviceRecord& r) { return share_value(r, RoofLevel::dram); }},
          {{"l2_percent", "L2 %"},
           [](const DeviceRecord& r) { return share_value(r, RoofLevel::l2); }},
          {{"shared_percent", "shared %"},
           [](const DeviceRecord& r) { return share_value(r, RoofLevel::shared); }},
          {{"tensor_percent", "tensor %"},
           [](const DeviceRecord& r) { return share_value(r, RoofLevel::tensor); }},
          {{"issue_percent", "issue %"},
           [](const DeviceRecord& r) { return share_value(r, RoofLevel::instruction); }},
          {{"model_binding", "model binds"},
           [](const DeviceRecord& r) { return text_or_missing(model_binding(r)); }},
          {{"verdict", "bound by"}, [](const DeviceRecord& r) { return roofline_verdict(r); }}});
  Table table = make_table("Roofline", judged, fields);
  fold_constant_columns(table);
  table.notes.push_back(fmt::format(
      "bound by: the roof used most when that is {0:.0f} % or more; else the launch when it is "
      "{0:.0f} % of the time; else latency. Without a time: the side of the ridge. % of the "
      "measured roof where there is one, else of the theoretical one; of DRAM's roofs the one that "
      "mixes reads and writes most alike.",
      kBindingShare * kPercent));
  table.notes.push_back(roofs_note(judged));
  return table;
}

}  // namespace kvroof::report
