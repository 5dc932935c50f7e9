// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/platform/platform.hpp"
#include "kernels/simt/simulator.hpp"

namespace kvroof::simt {

/// A simulator with one input and one output array; every test starts from a fresh one.
class Bench {
 public:
  static constexpr std::size_t kWords = 4096;

  explicit Bench(SimulatorOptions options = {.host_threads = 1})
      : simulator_(std::move(options)),
        input_(simulator_, kWords, "input"),
        output_(simulator_, kWords, "output") {
    std::vector<std::uint32_t> values(kWords);
    for (std::uint32_t i = 0; i < kWords; ++i) values[i] = i;
    input_.upload(values);
    output_.fill(std::byte{0});
  }

  Counters run(const std::function<void()>& body, int threads = 32, std::int64_t shared_bytes = 0,
               int blocks = 1) {
    return simulator_.launch({"test", {blocks}, threads, shared_bytes}, body).counters;
  }
  std::vector<std::uint32_t> results() const {
    std::vector<std::uint32_t> values(kWords);
    output_.download(values);
    return values;
  }
  const std::uint32_t* input() const { return input_.data(); }
  std::uint32_t* output() const { return output_.data(); }
  Simulator& simulator() { return simulator_; }

 private:
  Simulator simulator_;
  DeviceBuffer<std::uint32_t> input_, output_;
};

}  // namespace kvroof::simt
