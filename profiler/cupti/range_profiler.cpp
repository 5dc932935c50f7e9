// SPDX-License-Identifier: Apache-2.0
#include "profiler/cupti/range_profiler.hpp"

#include <fmt/format.h>

#include "profiler/cupti/profiler_host.hpp"

namespace kvroof::cupti {
namespace {

constexpr char kRange[] = "launch";
constexpr std::size_t kSparePasses = 8;  // beyond those CUPTI announced, before it is given up

std::string chip_name(const Api& api, int device) {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Device_GetChipName);
  params.deviceIndex = static_cast<std::size_t>(device);
  check(api, api.cuptiDeviceGetChipName(&params), "asking CUPTI for the name of the chip");
  return params.pChipName;
}

/// Which counters the driver lets this process read.
std::vector<std::uint8_t> availability(const Api& api, CUcontext context) {
  auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_GetCounterAvailability);
  params.ctx = context;
  check(api, api.cuptiProfilerGetCounterAvailability(&params), "asking which counters can be read");
  std::vector<std::uint8_t> image(params.counterAvailabilityImageSize);
  params.pCounterAvailabilityImage = image.data();
  check(api, api.cuptiProfilerGetCounterAvailability(&params), "asking which counters can be read");
  return image;
}

Counters refused(const Error& error) {
  return {{}, error.what(), std::string(remedy_of(error.result()))};
}

}  // namespace

struct RangeProfiler::Session {
  Session(const Api& used, int device, CUcontext of_device, const std::vector<std::string>& extra)
      : api(start(used)),
        readable(availability(api, of_device)),
        host(api, chip_name(api, device), readable),
        context(of_device) {
    resolved = resolve(
        extra,
        [&](const std::string& metric, const std::vector<std::string>& beside) {
          return host.refusal(metric, beside);
        },
        [&](const std::string& metric) { return host.unit(metric); });
    metrics = found_metrics(resolved);
    if (metrics.empty()) {
      const std::string first(metric_rows().front().candidates.front());
      throw Error(
          fmt::format("no counter can be had, {} among them: {}", first, host.refusal(first)));
    }
    config = host.configure(metrics);
    passes = host.num_passes(config);
  }

  static const Api& start(const Api& api) {
    auto params = KVROOF_CUPTI_PARAMS(CUpti_Profiler_Initialize);
    check(api, api.cuptiProfilerInitialize(&params), "starting CUPTI's profiler");
    return api;
  }

  const Api& api;
  std::vector<std::uint8_t> readable;  // counters
  ProfilerHost host;
  std::vector<ResolvedMetric> resolved;
  std::vector<std::string> metrics;
  std::vector<std::uint8_t> config;
  std::size_t passes = 0;
  CUcontext context;
};

namespace {

/// The range profiler, on while this lives: between counts it is off and slows nothing down.
class Enabled {
 public:
  Enabled(const Api& used, CUcontext context) : api(used) {
    auto enable = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_Enable);
    enable.ctx = context;
    check(api, api.cuptiRangeProfilerEnable(&enable), "starting the range profiler");
    profiler = enable.pRangeProfilerObject;
  }
  ~Enabled() {
    auto disable = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_Disable);
    disable.pRangeProfilerObject = profiler;
    api.cuptiRangeProfilerDisable(&disable);
  }
  Enabled(const Enabled&) = delete;
  Enabled& operator=(const Enabled&) = delete;

  /// A counter data image with room for one range.
  std::vector<std::uint8_t> make_counter_data(const std::vector<std::string>& metrics) const {
    std::vector<const char*> names;
    for (const std::string& metric : metrics) names.push_back(metric.c_str());
    auto size = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_GetCounterDataSize);
    size.pRangeProfilerObject = profiler;
    size.pMetricNames = names.data();
    size.numMetrics = names.size();
    size.maxNumOfRanges = 1;
    size.maxNumRangeTreeNodes = 1;
    check(api, api.cuptiRangeProfilerGetCounterDataSize(&size), "sizing the counter data");
    std::vector<std::uint8_t> image(size.counterDataSize);
    auto init = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize);
    init.pRangeProfilerObject = profiler;
    init.counterDataSize = image.size();
    init.pCounterData = image.data();
    check(api, api.cuptiRangeProfilerCounterDataImageInitialize(&init),
          "preparing the counter data");
    return image;
  }

  void set_config(const std::vector<std::uint8_t>& config,
                  std::vector<std::uint8_t>& counter_data) {
    auto set = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_SetConfig);
    set.pRangeProfilerObject = profiler;
    set.configSize = config.size();
    set.pConfig = config.data();
    set.counterDataImageSize = counter_data.size();
    set.pCounterDataImage = counter_data.data();
    set.range = CUPTI_UserRange;
    set.replayMode = CUPTI_UserReplay;
    set.maxRangesPerPass = 1;
    set.numNestingLevels = 1;
    set.minNestingLevel = 1;
    set.passIndex = 0;
    set.targetNestingLevel = 1;
    check(api, api.cuptiRangeProfilerSetConfig(&set), "configuring the range profiler");
  }

  /// One pass; true when CUPTI has seen enough.
  bool run_pass(const CountedLaunch& launch) {
    launch.prepare();
    launch.synchronize();
    auto begin = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_Start);
    begin.pRangeProfilerObject = profiler;
    check(api, api.cuptiRangeProfilerStart(&begin), "starting a pass");
    auto push = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_PushRange);
    push.pRangeProfilerObject = profiler;
    push.pRangeName = kRange;
    check(api, api.cuptiRangeProfilerPushRange(&push), "opening the range");
    launch.launch();
    launch.synchronize();
    auto pop = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_PopRange);
    pop.pRangeProfilerObject = profiler;
    check(api, api.cuptiRangeProfilerPopRange(&pop), "closing the range");
    auto end = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_Stop);
    end.pRangeProfilerObject = profiler;
    check(api, api.cuptiRangeProfilerStop(&end), "ending a pass");
    return end.isAllPassSubmitted != 0;
  }

  void decode() {
    auto params = KVROOF_CUPTI_PARAMS(CUpti_RangeProfiler_DecodeData);
    params.pRangeProfilerObject = profiler;
    check(api, api.cuptiRangeProfilerDecodeData(&params), "decoding the counters");
    if (params.numOfRangeDropped != 0) throw Error("CUPTI dropped the counted range");
  }

 private:
  const Api& api;
  CUpti_RangeProfiler_Object* profiler = nullptr;
};

}  // namespace

RangeProfiler::RangeProfiler(const Api& api, int device, CUcontext context,
                             const std::vector<std::string>& extra) {
  try {
    session_ = std::make_unique<Session>(api, device, context, extra);
  } catch (const Error& error) {
    refused_ = refused(error);
  }
}

RangeProfiler::~RangeProfiler() = default;

Counters RangeProfiler::count(const CountedLaunch& launch) {
  if (!session_) return refused_;
  Counters counters;
  std::vector<double> values;
  try {
    Enabled profiler(session_->api, session_->context);
    std::vector<std::uint8_t> data = profiler.make_counter_data(session_->metrics);
    profiler.set_config(session_->config, data);
    for (std::size_t pass = 1; !profiler.run_pass(launch); ++pass) {
      if (pass == session_->passes + kSparePasses)
        throw Error(fmt::format("CUPTI announced {} passes and asks for more without end",
                                session_->passes));
    }
    profiler.decode();
    values = session_->host.evaluate(data, session_->metrics);
  } catch (const Error& error) {
    return refused(error);
  }
  auto value = values.begin();
  for (const ResolvedMetric& one : session_->resolved) {
    traces::Counter counter{{}, one.unit, traces::Provenance::measured, one.reason};
    if (!one.metric.empty()) counter.value = *value++;
    counters.values[one.name] = counter;
  }
  return counters;
}

}  // namespace kvroof::cupti
