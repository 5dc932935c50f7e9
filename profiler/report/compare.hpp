// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "profiler/report/table.hpp"
#include "profiler/report/trace_tables.hpp"

namespace kvroof::report {

enum class Verdict {
  same,         // deterministic and equal, or no significant difference in times
  better,       // less of everything that differs, or significantly faster
  worse,        // more of something, or significantly slower
  cannot_tell,  // too few samples, or one side has no time
  broken,       // passed in base and does not in new
  not_run,      // did not pass in base, so there is nothing to compare with
};
std::string_view name_of(Verdict verdict);

/// One number that simulation or a formula gave, where it differs. Compared exactly.
struct Difference {
  std::string name;
  double base = 0;
  double next = 0;
  /// (next - base) / base in percent; infinite when base is 0.
  double percent() const;
};

/// Times of one configuration.
struct TimeComparison {
  double base_ns = 0;  // medians
  double next_ns = 0;
  double percent = 0;         // change of the median; above 0 is slower
  std::optional<double> p{};  // Mann-Whitney U, two-sided; adjusted for the number of tests
  std::optional<double> superiority{};  // share of pairs in which new is slower, 0.5 when alike
};

struct Compared {
  std::string key;
  DeviceRecord base;
  DeviceRecord next;
  Verdict verdict = Verdict::same;
  std::string why;
  std::vector<Difference> differences;  // largest change first
  std::optional<TimeComparison> time;
};

struct Comparison {
  std::vector<Compared> matched;
  std::vector<DeviceRecord> only_in_base;
  std::vector<DeviceRecord> only_in_next;
};

/// Matches configurations by traces::configuration_key(), the latest record of each. Bytes, traffic
/// and counters that are simulated or modelled, and modelled times, are compared exactly. Measured
/// times are compared by the Mann-Whitney U test at the level `alpha`, p adjusted by Holm
/// (Scandinavian Journal of Statistics 6(2), 1979) for the number of configurations tested, so that
/// comparing many alike ones reports a difference in at most a share alpha of tries. Where the
/// samples are too few for any p to fall below it, the verdict is cannot_tell.
Comparison compare(const std::vector<DeviceRecord>& base, const std::vector<DeviceRecord>& next,
                   double alpha = 0.05);

/// Sentences about what got worse by more than `percent`: a broken configuration, a significantly
/// slower one, or more bytes, traffic or counts. Empty when there is no regression.
std::vector<std::string> regressions(const Comparison& comparison, double percent);

/// A row per matched configuration, and what only one side has in the notes.
Table comparison_table(const Comparison& comparison);

}  // namespace kvroof::report
