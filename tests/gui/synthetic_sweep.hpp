// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>

#include "traces/trace.hpp"

namespace kvroof::gui::test {

/// Numbers that look like a sweep but come from formulas and a random generator: a fixture of tests
/// and benchmarks, never a measurement. Every text in it that people see says so.
struct SyntheticSweep {
  std::uint64_t seed = 1;
  double slowdown = 1;  // of every time: makes a second trace to compare with
  int repetitions = 1;  // of the whole grid, with other seeds in the problem
  int numSamples = 31;  // raw samples per record
  bool odd = true;      // adds failed, skipped, one-sample, uncounted and above-roof records
};

traces::Trace makeSyntheticSweep(const SyntheticSweep& options = {});

/// Writes an inspect file with outlier channels and a pruned mask.
void writeSyntheticInspect(const std::filesystem::path& path, std::uint64_t seed = 1);

}  // namespace kvroof::gui::test
