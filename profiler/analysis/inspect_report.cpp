// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "profiler/analysis/inspect.hpp"

namespace kvroof::analysis {
namespace {

using nlohmann::ordered_json;

const char* side_name(Operand side) { return side == Operand::kKeys ? "keys" : "values"; }

/// "17 (12.1x), 81 (11.5x), 3 more".
std::string outlier_text(const std::vector<OutlierChannel>& outliers) {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, outliers.size()); ++i)
    text +=
        fmt::format("{}{} ({:.1f}x)", i == 0 ? "" : ", ", outliers[i].channel, outliers[i].ratio);
  if (outliers.size() > most) text += fmt::format(", {} more", outliers.size() - most);
  return text;
}

double largest_mean(const std::vector<Magnitude>& lines) {
  double largest = 0;
  for (const Magnitude& line : lines) largest = std::max(largest, line.mean);
  return largest;
}

/// Four digits are enough for a picture and keep the file small. What is not finite is null.
ordered_json short_number(double number) {
  if (!std::isfinite(number)) return nullptr;
  return std::strtod(fmt::format("{:.4g}", number).c_str(), nullptr);
}

ordered_json numbers(const reference::Matrix& cells) {
  ordered_json list = ordered_json::array();
  for (Eigen::Index i = 0; i < cells.size(); ++i) list.push_back(short_number(cells.data()[i]));
  return list;
}

ordered_json lines_json(const std::vector<Magnitude>& lines) {
  ordered_json mean = ordered_json::array();
  ordered_json rms = ordered_json::array();
  ordered_json max = ordered_json::array();
  for (const Magnitude& line : lines) {
    mean.push_back(short_number(line.mean));
    rms.push_back(short_number(line.rms));
    max.push_back(short_number(line.max));
  }
  return {{"mean", mean}, {"rms", rms}, {"max", max}};
}

ordered_json statistics_json(const InspectedHead& head) {
  const HeadMagnitudes& of = head.magnitudes;
  ordered_json outliers = ordered_json::array();
  for (const OutlierChannel& outlier : of.outliers)
    outliers.push_back({{"channel", outlier.channel}, {"ratio", short_number(outlier.ratio)}});
  return {{"mean", of.all.mean},
          {"rms", of.all.rms},
          {"max", of.all.max},
          {"median_channel_mean", of.median_channel_mean},
          {"channel_evenness", of.channel_evenness},
          {"token_evenness", of.token_evenness},
          {"num_not_finite", of.num_not_finite},
          {"kept_share", head.kept_share},
          {"outlier_channels", outliers},
          {"channels", lines_json(of.channels)},
          {"tokens", lines_json(of.tokens)}};
}

}  // namespace

report::Table head_table(const Inspection& inspection) {
  report::Table table{.caption = fmt::format("{}, {} tokens", inspection.source, inspection.kv_len),
                      .columns = {{"side", "side"},
                                  {"kv_head", "head"},
                                  {"mean_magnitude", "mean |x|"},
                                  {"rms", "rms"},
                                  {"max_magnitude", "max |x|"},
                                  {"max_over_median_channel", "strongest channel / median"},
                                  {"num_outlier_channels", "outliers"},
                                  {"outlier_channels", "outlier channels"},
                                  {"channel_evenness", "channel evenness"},
                                  {"token_evenness", "token evenness"},
                                  {"num_not_finite", "not finite"},
                                  {"kept_share", "kept"}}};
  for (const InspectedHead& head : inspection.heads) {
    const HeadMagnitudes& of = head.magnitudes;
    const report::Value ratio =
        of.median_channel_mean > 0
            ? report::Value(largest_mean(of.channels) / of.median_channel_mean)
            : report::Value(report::Missing{});
    table.rows.push_back({side_name(head.side), head.kv_head, of.all.mean, of.all.rms, of.all.max,
                          ratio, static_cast<std::int64_t>(of.outliers.size()),
                          outlier_text(of.outliers), of.channel_evenness, of.token_evenness,
                          of.num_not_finite, head.kept_share});
  }
  table.notes = {
      "Evenness: 1 when all channels (tokens) have the same energy, 1 / n when one of n "
      "has it all.",
      "Kept by " + inspection.rule + "."};
  return table;
}

report::Table line_table(const Inspection& inspection) {
  report::Table table{.columns = {{"side", "side"},
                                  {"kv_head", "head"},
                                  {"line", "line"},
                                  {"index", "index"},
                                  {"mean_magnitude", "mean |x|"},
                                  {"rms", "rms"},
                                  {"max_magnitude", "max |x|"}}};
  for (const InspectedHead& head : inspection.heads) {
    const auto add = [&](const char* line, const std::vector<Magnitude>& of) {
      for (std::size_t i = 0; i < of.size(); ++i) {
        table.rows.push_back({side_name(head.side), head.kv_head, line,
                              static_cast<std::int64_t>(i), of[i].mean, of[i].rms, of[i].max});
      }
    };
    add("channel", head.magnitudes.channels);
    add("token", head.magnitudes.tokens);
  }
  return table;
}

std::string inspect_json(const Inspection& inspection) {
  ordered_json planes = ordered_json::array();
  for (const InspectedHead& head : inspection.heads) {
    planes.push_back({{"side", side_name(head.side)},
                      {"layer", 0},
                      {"head", head.kv_head},
                      {"num_tokens", head.cells.rows()},
                      {"num_channels", head.cells.cols()},
                      {"tokens_per_cell", inspection.tokens_per_cell},
                      {"magnitudes", numbers(head.cells)},
                      {"kept", numbers(head.kept_share_cells)},
                      {"statistics", statistics_json(head)}});
  }
  return ordered_json{{"format", "kvroof-inspect"},
                      {"schema", 1},
                      {"source", inspection.source},
                      {"rule", inspection.rule},
                      {"planes", planes}}
             .dump() +
         "\n";
}

}  // namespace kvroof::analysis
