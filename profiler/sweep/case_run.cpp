// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/case_run.hpp"

#include <fmt/format.h>

#include "profiler/nvtx/ranges.hpp"

namespace kvroof::sweep {

Deadline::Deadline(double seconds) : seconds_(seconds) {}

void Deadline::check(std::string_view stage) const {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  if (seconds_ > 0 && elapsed.count() > seconds_) {
    throw TimedOut(fmt::format("given up before {} after {:.1f} s; the limit was {} s", stage,
                               elapsed.count(), seconds_));
  }
}

CaseRun run_case(const validate::Case& one, Device& device, const Deadline& deadline) {
  const nvtx::Range range(nvtx::kPrepare);
  const bool simulated = device.backend() == Backend::kSim;
  if (simulated) simt::as_simulator(device).reset();
  device.take_reports();  // what came before is not this case's
  CaseRun run;
  run.one = one;
  deadline.check("drawing the inputs");
  run.inputs = validate::load_inputs(run.one);
  deadline.check("packing");
  run.result = validate::run_on_device(
      run.one, run.inputs, device,
      {.before_decode = [&](Device&, attention::DecodeProblem&) { deadline.check("the decode"); },
       .before_dense = [&](Device&, dense::DenseProblem&) { deadline.check("the decode"); }});
  if (simulated) run.launches = simt::as_simulator(device).launches();
  run.reports = device.take_reports();
  return run;
}

}  // namespace kvroof::sweep
