// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "profiler/measure/statistics.hpp"

namespace kvroof::report {
namespace {

using traces::Provenance;
using traces::Record;

constexpr double kPercent = 100;

/// Everything of a record that the same program gives again: name -> value.
using Numbers = std::map<std::string, double>;

void add_bytes(const traces::Bytes& bytes, Numbers& numbers) {
  numbers["bytes.compressed"] = static_cast<double>(traces::compressed_bytes(bytes));
  numbers["bytes.partials"] = static_cast<double>(bytes.partials);
}

Numbers deterministic_numbers(const Record& record) {
  Numbers numbers;
  if (record.bytes && record.bytes->provenance != Provenance::measured)
    add_bytes(*record.bytes, numbers);
  for (const traces::Traffic& traffic : record.traffic) {
    if (traffic.provenance == Provenance::measured) continue;
    const std::string level(name_of(traffic.level));
    numbers["traffic." + level + ".read_bytes"] = traffic.read_bytes;
    numbers["traffic." + level + ".write_bytes"] = traffic.write_bytes;
  }
  if (record.counters) {
    for (const auto& [name, counter] : *record.counters) {
      if (counter.value && counter.provenance != Provenance::measured)
        numbers["counters." + name] = *counter.value;
    }
  }
  for (const traces::Time& time : record.times) {
    if (time.provenance != Provenance::measured)
      numbers["times." + time.name] = time.statistics.median_ns;
  }
  return numbers;
}

/// Differences in what both sides have; a number that one side lacks is no difference.
std::vector<Difference> find_differences(const Record& base, const Record& next) {
  const Numbers old_numbers = deterministic_numbers(base);
  std::vector<Difference> differences;
  for (const auto& [name, value] : deterministic_numbers(next)) {
    const auto found = old_numbers.find(name);
    if (found != old_numbers.end() && found->second != value)
      differences.push_back({name, found->second, value});
  }
  std::stable_sort(differences.begin(), differences.end(), [](const auto& a, const auto& b) {
    return std::abs(a.percent()) > std::abs(b.percent());
  });
  return differences;
}

const traces::Time* measured_time(const Record& record, const std::string& name) {
  for (const traces::Time& time : record.times) {
    if (time.provenance == Provenance::measured && (name.empty() || time.name == name))
      return &time;
  }
  return nullptr;
}

/// A configuration's test before p is adjusted.
struct PendingTest {
  Compared* compared;
  measure::RankTest test;
};

/// Fills compared.time and returns the test when both sides have samples of the same kind.
std::optional<measure::RankTest> test_times(Compared& compared) {
  const traces::Time* base = measured_time(compared.base, "");
  if (base == nullptr) return std::nullopt;
  const traces::Time* next = measured_time(compared.next, base->name);
  if (next == nullptr) return std::nullopt;
  const std::vector<double> old_samples =
      measure::usable_samples(base->samples_ns, base->throttled_samples);
  const std::vector<double> new_samples =
      measure::usable_samples(next->samples_ns, next->throttled_samples);
  TimeComparison time{base->statistics.median_ns, next->statistics.median_ns};
  time.percent = kPercent * (time.next_ns - time.base_ns) / time.base_ns;
  measure::RankTest test = measure::mann_whitney(old_samples, new_samples);
  time.superiority = test.superiority;
  compared.time = time;
  return test;
}

void judge_time(Compared& compared, const measure::RankTest& test, double adjusted_p,
                double least_adjusted_p, double alpha) {
  compared.time->p = adjusted_p;
  if (least_adjusted_p > alpha) {
    compared.verdict = Verdict::cannot_tell;
    compared.why = "too few samples for the number of configurations compared";
  } else if (adjusted_p > alpha) {
    compared.verdict = Verdict::same;
    compared.why = "no significant difference in time";
  } else {
    compared.verdict = test.superiority > 0.5 ? Verdict::worse : Verdict::better;
    compared.why = test.superiority > 0.5 ? "significantly slower" : "significantly faster";
  }
}

/// Holm's step-down: the smallest p times the number of tests, the next times one less, and so on,
/// never falling.
void judge_times(std::vector<PendingTest>& tests, double alpha) {
  std::stable_sort(tests.begin(), tests.end(),
                   [](const auto& a, const auto& b) { return a.test.p < b.test.p; });
  double adjusted = 0;
  const auto count = static_cast<double>(tests.size());
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const double factor = count - static_cast<double>(i);
    adjusted = std::max(adjusted, std::min(1.0, factor * tests[i].test.p));
    judge_time(*tests[i].compared, tests[i].test, adjusted, count * tests[i].test.least_p, alpha);
  }
}

void judge_numbers(Compared& compared) {
  const bool more = std::any_of(compared.differences.begin(), compared.differences.end(),
                                [](const Difference& d) { return d.next > d.base; });
  if (compared.differences.empty()) {
    compared.verdict = Verdict::same;
    return;
  }
  compared.verdict = more ? Verdict::worse : Verdict::better;
  const Difference& largest = compared.differences.front();
  compared.why = fmt::format("{} of {} differ most: {} to {}", largest.name,
                             compared.differences.size(), largest.base, largest.next);
}

/// Decides all but the times.
void judge_without_time(Compared& compared) {
  if (compared.base.status != traces::Status::passed) {
    compared.verdict = Verdict::not_run;
    compared.why = fmt::format("{} in base", name_of(compared.base.status));
  } else if (compared.next.status != traces::Status::passed) {
    compared.verdict = Verdict::broken;
    compared.why = fmt::format("passed in base, {} in new: {}", name_of(compared.next.status),
                               compared.next.reason);
  } else {
    compared.differences = find_differences(compared.base, compared.next);
    judge_numbers(compared);
  }
}

std::map<std::string, DeviceRecord> by_key(const std::vector<DeviceRecord>& records) {
  std::map<std::string, DeviceRecord> found;
  for (const DeviceRecord& record : records)
    found.insert_or_assign(traces::configuration_key(record), record);
  return found;
}

std::string describe(const Record& record) {
  const traces::Problem& p = record.problem;
  std::string text = fmt::format("{} {} x {}/{} heads x {} tokens x {}, {}, sparsity {}",
                                 record.kernel.name, p.batch, p.query_heads, p.kv_heads, p.kv_len,
                                 p.head_dim, p.dtype, p.keys.requested_sparsity);
  for (const auto& [name, value] : record.axes) text += fmt::format(", {} {}", name, value);
  return text;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::better: return "better";
    case Verdict::worse: return "worse";
    case Verdict::cannot_tell: return "cannot tell";
    case Verdict::broken: return "broken";
    case Verdict::not_run: return "not run";
  }
  return "?";
}

double Difference::percent() const {
  if (base == 0) return next > 0 ? std::numeric_limits<double>::infinity() : 0;
  return kPercent * (next - base) / base;
}

Comparison compare(const std::vector<DeviceRecord>& base, const std::vector<DeviceRecord>& next,
                   double alpha) {
  Comparison comparison;
  const std::map<std::string, DeviceRecord> new_records = by_key(next);
  const std::map<std::string, DeviceRecord> old_records = by_key(base);
  for (const DeviceRecord& record : base) {
    const std::string key = traces::configuration_key(record);
    const auto found = new_records.find(key);
    if (found == new_records.end()) {
      comparison.only_in_base.push_back(record);
    } else {
      comparison.matched.push_back({key, record, found->second, Verdict::same, "", {}, {}});
    }
  }
  for (const DeviceRecord& record : next) {
    if (!old_records.contains(traces::configuration_key(record)))
      comparison.only_in_next.push_back(record);
  }
  std::vector<PendingTest> tests;
  for (Compared& compared : comparison.matched) {
    judge_without_time(compared);
    if (compared.verdict == Verdict::broken || compared.verdict == Verdict::not_run) continue;
    const std::optional<measure::RankTest> test = test_times(compared);
    if (test) tests.push_back({&compared, *test});
  }
  judge_times(tests, alpha);
  return comparison;
}

std::vector<std::string> regressions(const Comparison& comparison, double percent) {
  std::vector<std::string> sentences;
  for (const Compared& compared : comparison.matched) {
    const std::string what = describe(compared.next);
    if (compared.verdict == Verdict::broken) {
      sentences.push_back(fmt::format("{}: {}", what, compared.why));
      continue;
    }
    const bool slower =
        compared.time && compared.verdict == Verdict::worse && compared.time->percent > percent;
    if (slower) {
      sentences.push_back(fmt::format("{}: {:.1f} % slower (p {:.2g})", what,
                                      compared.time->percent, compared.time->p.value_or(1)));
    }
    for (const Difference& difference : compared.differences) {
      if (difference.percent() <= percent) continue;
      sentences.push_back(fmt::format("{}: {} {:+.1f} % ({} to {})", what, difference.name,
                                      difference.percent(), difference.base, difference.next));
      break;  // the largest says enough
    }
  }
  return sentences;
}

}  // namespace kvroof::report
