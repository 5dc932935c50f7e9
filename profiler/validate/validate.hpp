// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/device.hpp"
#include "profiler/inputs/kv_tensors.hpp"
#include "profiler/validate/case.hpp"
#include "profiler/validate/device_run.hpp"
#include "profiler/validate/result.hpp"

namespace kvroof::validate {

/// All kernels of one case. A case passes when every kernel does.
struct CaseResult {
  Case one;
  std::string plan;  // of the decode
  std::vector<KernelResult> kernels;
  double seconds = 0.0;  // wall time of the run on the device, the simulator's own time included
  Status status() const;
};

/// The dense inputs of a case: drawn from its seed, or read from its file (whose shapes then
/// replace the case's). Throws inputs::InputError or std::invalid_argument.
inputs::KvTensors load_inputs(Case& one);

/// Runs a case on `device` and compares every kernel with the double-precision reference: the
/// packed masks must be equal and the kept values identical, outputs and log-sum-exps within the
/// error bound of their arithmetic (reference/error_bound.hpp), and the simulator must have nothing
/// to report. A failure of the device becomes status error. Throws std::invalid_argument for a case
/// that check() or the kernels refuse, inputs::InputError for a bad file.
CaseResult validate(const Case& one, Device& device, const DeviceRunHooks& hooks = {});
/// The same with inputs at hand.
CaseResult validate(const Case& one, const inputs::KvTensors& inputs, Device& device,
                    const DeviceRunHooks& hooks = {});

/// Adds what the case asks of others than its method: the masks of its rules by the kernels of
/// kernels/prune, equal to the reference's, and every format that can hold them, encoded and
/// decoded again. Nothing for a method that has rules of its own. Throws as validate() does.
void check_rules(const inputs::KvTensors& inputs, Device& device, CaseResult& result);

}  // namespace kvroof::validate
