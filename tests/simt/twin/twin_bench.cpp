// SPDX-License-Identifier: Apache-2.0
// Time of the pack kernel against its twin written by hand, measured with CUDA events on one GPU.
// Launches alternate within one queue (facade, twin, twin, facade, ...), so that clocks and
// temperature meet both alike, and follow each other without a gap: the rows do not fit into L2.
//
// usage: kvroof_bench_twin [rounds]
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "kernels/cuda/check.hpp"
#include "kernels/cuda/cuda_device.hpp"
#include "tests/simt/twin/pack_twin.hpp"

namespace kvroof::twin {
namespace {

constexpr int kKvHeads = 8;
constexpr int kKvLen = 65536;  // 128 MiB of rows
constexpr int kPairs = 50;     // of launches in one queue
constexpr unsigned kSeed = 1;

/// CUDA events that bound the launches of one queue.
class Events {
 public:
  explicit Events(int count) : events_(static_cast<std::size_t>(count)) {
    for (cudaEvent_t& event : events_) KVROOF_CUDA_CHECK(cudaEventCreate(&event));
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    for (const cudaEvent_t event : events_) cudaEventDestroy(event);
  }
  void record(std::size_t i, cudaStream_t stream) {
    KVROOF_CUDA_CHECK(cudaEventRecord(events_[i], stream));
  }
  double microseconds_after(std::size_t i) const {
    float milliseconds = 0;
    KVROOF_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, events_[i], events_[i + 1]));
    return 1e3 * static_cast<double>(milliseconds);
  }

 private:
  std::vector<cudaEvent_t> events_;
};

struct Times {
  std::vector<double> facade, twin;  // microseconds
};

bool is_facade(std::size_t launch) { return launch % 4 == 0 || launch % 4 == 3; }

void time_queue(const compress::PackProblem& problem, CudaDevice& device, Events& events,
                Times& times) {
  constexpr std::size_t launches = 2 * kPairs;
  compress::launch_cuda(problem, device);  // the host gets ahead of the device
  events.record(0, device.stream());
  for (std::size_t i = 0; i < launches; ++i) {
    (is_facade(i) ? compress::launch_cuda : launch_pack_twin)(problem, device);
    events.record(i + 1, device.stream());
  }
  device.synchronize();
  for (std::size_t i = 0; i < launches; ++i)
    (is_facade(i) ? times.facade : times.twin).push_back(events.microseconds_after(i));
}

double quantile(std::vector<double> values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

void print_row(const char* name, const std::vector<double>& times) {
  std::printf("%-8s %10.2f %14.2f %14.2f\n", name, quantile(times, 0.5), quantile(times, 0.25),
              quantile(times, 0.75));
}

void run(int rounds) {
  CudaDevice device;
  Events events(2 * kPairs + 1);
  std::printf("%s, measured: pack keys, f16, head_dim 128, %d kv heads x %d tokens, seed %u\n",
              device.info().name.c_str(), kKvHeads, kKvLen, kSeed);
  for (const int kept : {64, 40}) {
    const compress::PackProblem shape = pack_shape(1, kKvHeads, kKvLen, kept);
    PackCase pack(device, shape, random_rows(shape, kSeed), {kKvLen});
    Times warm_up, times;
    time_queue(pack.problem, device, events, warm_up);
    for (int round = 0; round < rounds; ++round) time_queue(pack.problem, device, events, times);
    std::printf("\nkept %d, %zu launches each\n", kept, times.facade.size());
    std::printf("%-8s %10s %14s %14s\n", "kernel", "median/us", "1st quart./us", "3rd quart./us");
    print_row("facade", times.facade);
    print_row("twin", times.twin);
    std::printf("facade / twin  %.4f (of the medians)\n",
                quantile(times.facade, 0.5) / quantile(times.twin, 0.5));
  }
}

}  // namespace
}  // namespace kvroof::twin

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  if (rounds < 1 || argc > 2) {
    std::fprintf(stderr, "usage: kvroof_bench_twin [rounds], rounds at least 1\n");
    return 2;
  }
  try {
    kvroof::twin::run(rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kvroof_bench_twin: %s\n", error.what());
    return 1;
  }
  return 0;
}
