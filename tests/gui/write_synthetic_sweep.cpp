// SPDX-License-Identifier: GPL-3.0-or-later
// Writes synthetic test data: write_synthetic_sweep TRACE.jsonl [slowdown] [repetitions]
// [INSPECT.json]
#include <cstdlib>
#include <iostream>

#include "tests/gui/synthetic_sweep.hpp"
#include "traces/trace_error.hpp"
#include "traces/write.hpp"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr
        << "usage: write_synthetic_sweep TRACE.jsonl [slowdown] [repetitions] [INSPECT.json]\n";
    return 2;
  }
  try {
    kvroof::gui::test::SyntheticSweep sweep;
    if (argc > 2) sweep.slowdown = std::atof(argv[2]);
    if (argc > 3) sweep.repetitions = std::atoi(argv[3]);
    if (sweep.repetitions > 1) sweep.numSamples = 9;
    sweep.seed = argc > 2 && sweep.slowdown != 1 ? 2 : 1;
    kvroof::traces::write_trace(argv[1], kvroof::gui::test::makeSyntheticSweep(sweep));
    if (argc > 4) kvroof::gui::test::writeSyntheticInspect(argv[4]);
  } catch (const kvroof::traces::TraceError& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
