// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/gpu_timer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "kernels/baselines/probes/ceilings.hpp"
#include "kernels/cuda/check.hpp"

namespace kvroof::measure {
namespace {

constexpr std::int64_t kFlushMultiple = 4;  // of L2: its replacement is not plain LRU

/// In whole granules of the probe that reads it.
std::size_t flush_bytes(const DeviceInfo& device) {
  const std::int64_t granules = kFlushMultiple * device.l2_bytes / probes::kBandwidthGranule;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, granules) * probes::kBandwidthGranule);
}

}  // namespace

EventTimer::EventTimer(CudaDevice& device) : stream_(device.stream()) {
  KVROOF_CUDA_CHECK(cudaEventCreate(&start_));
  KVROOF_CUDA_CHECK(cudaEventCreate(&stop_));
}

EventTimer::~EventTimer() {
  cudaEventDestroy(start_);
  cudaEventDestroy(stop_);
}

double EventTimer::seconds(const std::function<void()>& enqueue) {
  KVROOF_CUDA_CHECK(cudaEventRecord(start_, stream_));
  enqueue();
  KVROOF_CUDA_CHECK(cudaEventRecord(stop_, stream_));
  KVROOF_CUDA_CHECK(cudaEventSynchronize(stop_));
  float milliseconds = 0.0f;
  KVROOF_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start_, stop_));
  return static_cast<double>(milliseconds) * 1e-3;
}

LaunchGraph::LaunchGraph(CudaDevice& device, const std::function<void()>& enqueue)
    : stream_(device.stream()) {
  cudaGraph_t graph = nullptr;
  KVROOF_CUDA_CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  try {
    enqueue();
  } catch (...) {
    cudaStreamEndCapture(stream_, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    throw;
  }
  KVROOF_CUDA_CHECK(cudaStreamEndCapture(stream_, &graph));
  const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  KVROOF_CUDA_CHECK(status);
}

LaunchGraph::~LaunchGraph() { cudaGraphExecDestroy(executable_); }

void LaunchGraph::replay() { KVROOF_CUDA_CHECK(cudaGraphLaunch(executable_, stream_)); }

L2Flush::L2Flush(CudaDevice& device)
    : device_(device),
      scratch_(device, flush_bytes(device.info()), "L2 flush"),
      sink_(device, 1, "L2 flush, sink") {
  scratch_.fill(std::byte{1});
}

void L2Flush::enqueue() {
  probes::launch_bandwidth({.direction = probes::Direction::read,
                            .source = scratch_.data(),
                            .bytes = static_cast<std::int64_t>(scratch_.size()),
                            .sink = sink_.data()},
                           probes::bandwidth_shapes().front(), device_);
}

std::string pci_bus_id(int ordinal) {
  std::array<char, 32> text{};
  KVROOF_CUDA_CHECK(cudaDeviceGetPCIBusId(text.data(), text.size(), ordinal));
  return text.data();
}

int current_ordinal() {
  int ordinal = 0;
  KVROOF_CUDA_CHECK(cudaGetDevice(&ordinal));
  return ordinal;
}

CUctx_st* current_context() {
  constexpr unsigned since = 12000;  // of the entry point's signature
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  KVROOF_CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuCtxGetCurrent", &function, since,
                                                     cudaEnableDefault, &found));
  CUctx_st* context = nullptr;
  if (found != cudaDriverEntryPointSuccess ||
      reinterpret_cast<int (*)(CUctx_st**)>(function)(&context) != 0 || context == nullptr)
    throw std::runtime_error("the CUDA driver has no context for this thread");
  return context;
}

}  // namespace kvroof::measure
