// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/crossover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "profiler/report/fastest_times.hpp"
#include "profiler/report/record_fields.hpp"

namespace kvroof::report {
namespace {

bool is_two_four(const Record& record) {
  return record.problem.keys.format == "two_four" && record.problem.values.format == "two_four";
}

/// Attention, and not the preparation of a cache: only that has work.
bool is_timed_attention(const Record& record) {
  return record.status == traces::Status::passed && record.work && shown_time_ns(record);
}

CrossoverPoint point_of(const DeviceRecord& record) {
  const traces::Problem& problem = record.problem;
  return {.kernel = record.kernel.name,
          .origin = std::string(name_of(record.times.front().provenance)),
          .dtype = problem.dtype,
          .query_heads = problem.query_heads,
          .kv_heads = problem.kv_heads,
          .head_dim = problem.head_dim,
          .batch = problem.batch,
          .kv_len = problem.kv_len,
          .sparsity = problem.keys.requested_sparsity,
          .sparse_ns = *shown_time_ns(record)};
}

/// What points of one problem share.
auto problem_of(const CrossoverPoint& point) {
  return std::tie(point.kernel, point.origin, point.dtype, point.query_heads, point.kv_heads,
                  point.head_dim, point.batch, point.kv_len);
}

std::optional<double> over(const std::optional<double>& rival_ns, double sparse_ns) {
  return rival_ns ? std::optional(*rival_ns / sparse_ns) : std::nullopt;
}

using Points = std::vector<CrossoverPoint>;
using Rival = std::optional<double> CrossoverPoint::*;

/// "faster than dense from sparsity 0.6 on, 1.62x at 0.9"; for points of one problem by sparsity.
std::string sentence(Points::const_iterator first, Points::const_iterator last, Rival rival,
                     const std::string& name) {
  const CrossoverPoint* most = nullptr;
  const CrossoverPoint* from = nullptr;  // the least sparsity from which on all are faster
  for (auto point = first; point != last; ++point) {
    const std::optional<double> gain = over((*point).*rival, point->sparse_ns);
    if (!gain) continue;
    if (most == nullptr || *gain > *over(most->*rival, most->sparse_ns)) most = &*point;
    if (*gain <= 1) {
      from = nullptr;
    } else if (from == nullptr) {
      from = &*point;
    }
  }
  if (most == nullptr) return fmt::format("no time of {}", name);
  const double gain = *over(most->*rival, most->sparse_ns);
  if (gain <= 1) {
    return fmt::format("never faster than {}, {:.2f}x at best (sparsity {})", name, gain,
                       most->sparsity);
  }
  if (from == nullptr) {
    return fmt::format("faster than {} at some sparsities only, {:.2f}x at {}", name, gain,
                       most->sparsity);
  }
  return fmt::format("faster than {} from sparsity {} on, {:.2f}x at {}", name, from->sparsity,
                     gain, most->sparsity);
}

std::vector<std::string> sentences(const Points& points) {
  std::vector<std::string> lines;
  for (auto first = points.begin(); first != points.end();) {
    const auto last = std::find_if(first, points.end(), [&](const CrossoverPoint& point) {
      return problem_of(point) != problem_of(*first);
    });
    lines.push_back(fmt::format("{}, {} x {} tokens: {}; {}.", first->kernel, first->batch,
                                first->kv_len,
                                sentence(first, last, &CrossoverPoint::dense_ns, "dense"),
                                sentence(first, last, &CrossoverPoint::two_four_ns, "2:4")));
    first = last;
  }
  return lines;
}

}  // namespace

std::vector<CrossoverPoint> crossover_points(const std::vector<DeviceRecord>& records) {
  const FastestTimes dense(records, is_dense);
  const FastestTimes two_four(records, is_two_four);
  Points points;
  for (const DeviceRecord& record : records) {
    if (!is_timed_attention(record) || is_dense(record) || is_two_four(record)) continue;
    CrossoverPoint point = point_of(record);
    point.dense_ns = dense.of_problem(record);
    point.two_four_ns = two_four.of_problem(record);
    points.push_back(std::move(point));
  }
  std::stable_sort(points.begin(), points.end(),
                   [](const CrossoverPoint& a, const CrossoverPoint& b) {
                     return std::tuple_cat(problem_of(a), std::tie(a.sparsity)) <
                            std::tuple_cat(problem_of(b), std::tie(b.sparsity));
                   });
  return points;
}

Table crossover_table(const std::string& device, const Points& points) {
  Table table{.caption = fmt::format("Where sparse decode is faster, on {}", device),
              .columns = {{"kernel", "kernel"},
                          {"time_provenance", "times are"},
                          {"dtype", "dtype"},
                          {"query_heads", "q heads"},
                          {"kv_heads", "kv heads"},
                          {"head_dim", "head dim"},
                          {"batch", "batch"},
                          {"kv_len", "kv len"},
                          {"sparsity", "sparsity"},
                          {"sparse_ns", "sparse us", kNsPerUs},
                          {"dense_ns", "dense us", kNsPerUs},
                          {"speedup_over_dense", "x dense"},
                          {"two_four_ns", "2:4 us", kNsPerUs},
                          {"speedup_over_two_four", "x 2:4"}}};
  for (const CrossoverPoint& point : points) {
    table.rows.push_back(
        {point.kernel, point.origin, point.dtype, point.query_heads, point.kv_heads, point.head_dim,
         point.batch, point.kv_len, point.sparsity, point.sparse_ns, if_known(point.dense_ns),
         if_known(over(point.dense_ns, point.sparse_ns)), if_known(point.two_four_ns),
         if_known(over(point.two_four_ns, point.sparse_ns))});
  }
  table.notes = sentences(points);
  return table;
}

}  // namespace kvroof::report
