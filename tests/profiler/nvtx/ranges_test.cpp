// SPDX-License-Identifier: Apache-2.0
#include "profiler/nvtx/ranges.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "kernels/simt/simulator.hpp"
#include "profiler/measure/gpu_measurement.hpp"
#include "profiler/sweep/sweep.hpp"

namespace kvroof::nvtx {
namespace {

using ::testing::HasSubstr;

/// What NVTX told the recorder since the last call. The recorder is in place before the first range
/// of this program.
std::string recorded() {
  static std::size_t read = 0;
  void* library = dlopen(KVROOF_RECORDER, RTLD_NOW);
  if (library == nullptr) return dlerror();
  const auto ranges = reinterpret_cast<const char* (*)()>(dlsym(library, "kvroof_recorded_ranges"));
  const std::string all = ranges();
  const std::string text = all.substr(read);
  read = all.size();
  return text;
}

class Ranges : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("NVTX_INJECTION64_PATH", KVROOF_RECORDER, 1); }
  /// The first range of the program makes the domain, whichever test it is in.
  static void make_domain() {
    { const Range first(kTime); }
    recorded();
  }
};

TEST_F(Ranges, nest_in_the_domain_that_the_documentation_names) {
  {
    const Range outer(kTime);
    const Range inner(std::string("decode"));
  }
  EXPECT_EQ(recorded(), "domain kvroof\npush time\npush decode\npop\npop\n");
}

TEST_F(Ranges, of_a_sweep_mark_each_configuration_and_its_preparation) {
  make_domain();
  simt::Simulator device;
  sweep::Planned planned;
  planned.configuration.one.kv_lengths = {97};
  planned.configuration.one.query_heads = planned.configuration.one.kv_heads = 1;
  planned.fit = sweep::fit(planned.configuration, device, std::uint64_t{1} << 32);
  EXPECT_EQ(sweep::Sweeper(device, {}).run(planned).status, traces::Status::passed);
  EXPECT_EQ(recorded(), "push configuration\npush prepare\npop\npop\n");
}

TEST_F(Ranges, of_a_marked_launch_are_there_each_time_it_is_made) {
  make_domain();
  int launches = 0;
  const std::function<void()> launch = marked("pack_keys", [&] { ++launches; });
  EXPECT_EQ(recorded(), "") << "nothing was launched";
  launch();
  launch();
  EXPECT_EQ(launches, 2);
  EXPECT_EQ(recorded(), "push pack_keys\npop\npush pack_keys\npop\n");
}

TEST_F(Ranges, of_a_measurement_name_the_kernel_in_time_activity_and_count) {
  if (const std::string reason = query_cuda().reason; !reason.empty()) GTEST_SKIP() << reason;
  make_domain();
  CudaDevice device;
  measure::GpuMeasurement measurement(device, {.rule = {.min_samples = 2, .max_samples = 2}});
  const auto launch = [&] { probes::launch_empty(device); };
  const std::vector<measure::Rotation> group = {
      {.kernel = "decode", .launches = {launch}},
      {.kernel = "dense", .launches = {launch}, .time_only = true}};
  const std::vector<measure::Measured> measured = measurement.measure(group);
  const std::string ranges = recorded();
  EXPECT_THAT(ranges, HasSubstr("push time\npush decode\npop\npush decode\npop\npush dense\npop"))
      << "cold and warm of each in turn";
  if (measured[0].counters_reason.empty()) {
    EXPECT_THAT(ranges, HasSubstr("push count\npush decode\npop\n"));
  }
  if (!measured[0].activities_reason.empty()) GTEST_SKIP() << measured[0].activities_reason;
  EXPECT_THAT(ranges, HasSubstr("push activity\npush decode\npop\npush decode\npop\n"));
  EXPECT_EQ(ranges.find("push dense", ranges.find("push activity")), std::string::npos)
      << "it was only to be timed";
}

TEST_F(Ranges, end_when_an_exception_leaves_them) {
  make_domain();
  try {
    const Range range(kCount);
    throw std::runtime_error("a kernel failed");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(recorded(), "push count\npop\n");
}

}  // namespace
}  // namespace kvroof::nvtx
