// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/ceilings_table.hpp"

#include <fmt/format.h>

namespace kvroof::report {
namespace {

Value known(const std::optional<double>& number) {
  return number ? Value(*number) : Value(Missing{});
}

/// "4.69 TB/s": three digits and the unit that people say.
std::string for_people(const traces::Roof& roof) {
  constexpr double giga = 1e9, tera = 1e12;
  const std::string_view unit = traces::roof_unit(roof.level);
  if (unit == "bytes_per_s") return fmt::format("{:.4g} GB/s", roof.value / giga);
  if (unit == "flop_per_s") return fmt::format("{:.4g} Tflop/s", roof.value / tera);
  if (unit == "instr_per_s") return fmt::format("{:.4g} G instr/s", roof.value / giga);
  return fmt::format("{:.4g} {}", roof.value, unit);
}

}  // namespace

Table ceilings_table(const traces::Ceilings& ceilings) {
  constexpr double percent = 0.01;
  Table table{.caption = "Ceilings of " + ceilings.device,
              .columns = {{"level", "level"},
                          {"name", "what"},
                          {"kind", "kind"},
                          {"for_people", "roof"},
                          {"value", "value"},
                          {"unit", "unit"},
                          {"sm_clock_mhz", "SM MHz"},
                          {"spread", "IQR %", percent},
                          {"date", "date"},
                          {"source", "source"}}};
  for (const traces::Roof& roof : ceilings.roofs) {
    table.rows.push_back({std::string(traces::name_of(roof.level)), roof.name,
                          std::string(traces::name_of(roof.kind)), for_people(roof), roof.value,
                          std::string(traces::roof_unit(roof.level)), known(roof.sm_clock_mhz),
                          known(roof.spread), roof.date, roof.source});
  }
  return table;
}

}  // namespace kvroof::report
