// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/profiler_host.hpp"

#include <fmt/format.h>

namespace kvroof::cupti {
namespace {

std::vector<const char*> pointers(const std::vector<std::string>& names) {
  std::vector<const char*> result;
  for (const std::string& name : names) result.push_back(name.c_str());
  return result;
}

}  // namespace

std::vector<std::string> supported_chips(const Api& api) {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_GetSupportedChips);
  check(api, api.cuptiProfilerHostGetSupportedChips(&params), "listing the chips CUPTI knows");
  return {params.ppChipNames, params.ppChipNames + params.numChips};
}

ProfilerHost::ProfilerHost(const Api& api, const std::string& chip,
                           std::span<const std::uint8_t> availability)
    : api_(api), chip_(chip), availability_(availability) {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_Initialize);
  params.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
  params.pChipName = chip.c_str();
  params.pCounterAvailabilityImage = availability.empty() ? nullptr : availability.data();
  check(api, api.cuptiProfilerHostInitialize(&params),
        fmt::format("this CUPTI does not know the chip {}", chip).c_str());
  host_ = params.pHostObject;
}

ProfilerHost::~ProfilerHost() {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_Deinitialize);
  params.pHostObject = host_;
  api_.cuptiProfilerHostDeinitialize(&params);
}

std::string ProfilerHost::refusal(const std::string& metric,
                                  const std::vector<std::string>& beside) const {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_GetMetricProperties);
  params.pHostObject = host_;
  params.pMetricName = metric.c_str();
  if (api_.cuptiProfilerHostGetMetricProperties(&params) != CUPTI_SUCCESS)
    return "this chip has no metric of that name";
  try {
    std::vector<std::string> all = beside;
    all.push_back(metric);
    ProfilerHost(api_, chip_, availability_).configure(all);
  } catch (const Error& error) {
    return fmt::format(
        "CUPTI knows it and does not count it, or not with the others; a metric may lack its "
        "rollup, as .sum in dram__bytes_read.sum ({})",
        error.what());
  }
  return "";
}

std::string ProfilerHost::unit(const std::string& metric) const {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_GetMetricProperties);
  params.pHostObject = host_;
  params.pMetricName = metric.c_str();
  if (api_.cuptiProfilerHostGetMetricProperties(&params) != CUPTI_SUCCESS) return "";
  return params.pDimUnit == nullptr ? "" : params.pDimUnit;
}

std::vector<std::uint8_t> ProfilerHost::configure(const std::vector<std::string>& metrics) {
  const std::vector<const char*> names = pointers(metrics);
  auto add = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics);
  add.pHostObject = host_;
  add.ppMetricNames = const_cast<const char**>(names.data());
  add.numMetrics = names.size();
  check(api_, api_.cuptiProfilerHostConfigAddMetrics(&add), "scheduling the metrics");
  auto size = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_GetConfigImageSize);
  size.pHostObject = host_;
  check(api_, api_.cuptiProfilerHostGetConfigImageSize(&size), "sizing the configuration");
  std::vector<std::uint8_t> image(size.configImageSize);
  auto get = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_GetConfigImage);
  get.pHostObject = host_;
  get.configImageSize = image.size();
  get.pConfigImage = image.data();
  check(api_, api_.cuptiProfilerHostGetConfigImage(&get), "building the configuration");
  return image;
}

std::size_t ProfilerHost::num_passes(std::vector<std::uint8_t>& config) const {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_GetNumOfPasses);
  params.configImageSize = config.size();
  params.pConfigImage = config.data();
  check(api_, api_.cuptiProfilerHostGetNumOfPasses(&params), "counting the passes");
  return params.numOfPasses;
}

std::vector<double> ProfilerHost::evaluate(std::span<const std::uint8_t> counter_data,
                                           const std::vector<std::string>& metrics) const {
  const std::vector<const char*> names = pointers(metrics);
  std::vector<double> values(metrics.size());
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues);
  params.pHostObject = host_;
  params.pCounterDataImage = counter_data.data();
  params.counterDataImageSize = counter_data.size();
  params.rangeIndex = 0;
  params.ppMetricNames = const_cast<const char**>(names.data());
  params.numMetrics = names.size();
  params.pMetricValues = values.data();
  check(api_, api_.cuptiProfilerHostEvaluateToGpuValues(&params), "evaluating the metrics");
  return values;
}

}  // namespace kvroof::cupti
