// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/cuda/cuda_device.hpp"

struct CUctx_st;  // what cuda.h calls CUcontext points to

namespace kvroof::measure {

/// CUDA events around whatever is put on the device's stream.
class EventTimer {
 public:
  explicit EventTimer(CudaDevice& device);
  ~EventTimer();
  EventTimer(const EventTimer&) = delete;
  EventTimer& operator=(const EventTimer&) = delete;

  /// Seconds on the device from the first to the last thing that `enqueue` put there. Waits for it.
  double seconds(const std::function<void()>& enqueue);

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

/// The launches that `enqueue` makes, captured once and replayed as one CUDA graph: the host is not
/// in between.
class LaunchGraph {
 public:
  LaunchGraph(CudaDevice& device, const std::function<void()>& enqueue);
  ~LaunchGraph();
  LaunchGraph(const LaunchGraph&) = delete;
  LaunchGraph& operator=(const LaunchGraph&) = delete;
  void replay();

 private:
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};

/// Evicts what L2 holds by reading a buffer of several times its size. Writing one would leave L2
/// full of lines that whatever runs next has to write to memory.
class L2Flush {
 public:
  explicit L2Flush(CudaDevice& device);
  void enqueue();

 private:
  CudaDevice& device_;
  DeviceBuffer<std::byte> scratch_;
  DeviceBuffer<std::uint32_t> sink_;
};

/// As cudaDeviceGetPCIBusId writes it.
std::string pci_bus_id(int ordinal);
/// The CUDA device that is current for the calling thread.
int current_ordinal();

/// The driver's context of the calling thread. The driver is not linked: its entry point is asked
/// for. Throws std::runtime_error when there is none.
CUctx_st* current_context();

}  // namespace kvroof::measure
