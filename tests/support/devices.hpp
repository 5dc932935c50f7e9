// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/device.hpp"
#include "kernels/simt/simulator.hpp"
#if KVROOF_HAS_CUDA
#include "kernels/cuda/cuda_device.hpp"
#endif

namespace kvroof::test {

/// The backends of this build: the simulator, and CUDA where nvcc was there.
inline std::vector<Backend> built_backends() {
#if KVROOF_HAS_CUDA
  return {Backend::kSim, Backend::kCuda};
#else
  return {Backend::kSim};
#endif
}

/// One sentence why `backend` cannot run here; empty when it can.
inline std::string why_unusable([[maybe_unused]] Backend backend) {
#if KVROOF_HAS_CUDA
  if (backend == Backend::kCuda) return query_cuda().reason;
#endif
  return "";
}

inline std::unique_ptr<Device> open_device(Backend backend) {
  if (backend == Backend::kSim) return std::make_unique<simt::Simulator>();
#if KVROOF_HAS_CUDA
  return std::make_unique<CudaDevice>();
#else
  throw std::logic_error("this build has no CUDA backend");
#endif
}

/// A test that runs on every built backend, and is skipped with the reason where it cannot run.
/// A hazard that a test did not take fails it.
class OnEveryBackend : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    const std::string reason = why_unusable(GetParam());
    if (!reason.empty()) GTEST_SKIP() << reason;
    device_ = open_device(GetParam());
  }
  void TearDown() override {
    if (!device_) return;
    for (const std::string& report : device_->take_reports()) ADD_FAILURE() << report;
  }

  Device& device() { return *device_; }
  bool simulated() const { return GetParam() == Backend::kSim; }

 private:
  std::unique_ptr<Device> device_;
};

inline std::string backend_name(const ::testing::TestParamInfo<Backend>& info) {
  return std::string(to_string(info.param));
}

}  // namespace kvroof::test

/// Runs the tests of `suite`, which derives from OnEveryBackend, on every built backend.
#define KVROOF_ON_EVERY_BACKEND(suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, ::testing::ValuesIn(::kvroof::test::built_backends()), \
                           ::kvroof::test::backend_name)
