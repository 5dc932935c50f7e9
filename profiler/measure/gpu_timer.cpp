// SPDX-License-Identifier: Apache-2.0
#include "profiler/measure/gpu_timer.hpp"

#include <array>
#include <stdexcept>

#include "kernels/cuda/check.hpp"

namespace kvroof::measure {
namespace {

constexpr std::int64_t kFlushMultiple = 4;  // of L2: its replacement is not plain LRU

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
    : scratch_(device, static_cast<std::size_t>(kFlushMultiple * device.info().l2_bytes),
               "L2 flush") {}

void L2Flush::enqueue() { scratch_.fill(std::byte{++value_}); }

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
