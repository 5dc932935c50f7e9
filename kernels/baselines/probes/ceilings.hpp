// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/cuda/cuda_device.hpp"

/// Kernels that do one thing as fast as a device can, or as slowly as it must: what measured
/// ceilings rest on. CUDA only: they are about the hardware, not about an algorithm. All launches
/// are queued on the device's stream; a launch that CUDA refuses throws std::runtime_error.
namespace kvroof::probes {

enum class Direction { read, write, copy };

/// How a bandwidth probe goes over its memory. Which shape is the fastest differs from chip to
/// chip, so that a ceiling is the best of several.
struct BandwidthShape {
  int word_bytes = 16;    // per thread and access: 4, 8 or 16
  int unroll = 8;         // accesses of a thread under way at once: 1, 4 or 8
  int blocks_per_sm = 0;  // that stay and loop; 0: a block per tile, which ends after it
};
/// The shapes that launch_bandwidth() has.
std::span<const BandwidthShape> bandwidth_shapes();

struct BandwidthProblem {
  Direction direction = Direction::read;
  const std::byte* source = nullptr;  // [bytes], device, 16-byte aligned
  std::byte* destination = nullptr;   // [bytes], device, 16-byte aligned; not for read
  std::int64_t bytes = 0;             // a positive multiple of kBandwidthGranule
  int passes = 1;                     // over all bytes, within the launch
  std::uint32_t* sink = nullptr;      // one word; keeps the compiler from dropping the loads
};
inline constexpr std::int64_t kBandwidthGranule = 64 * 1024;
/// Bytes of a probe of device memory: ramps up and down are lost in half a millisecond.
inline constexpr std::int64_t kDramProbeBytes = std::int64_t{2} << 30;

/// Throws std::invalid_argument for a shape there is not or a size that does not fit. Loads bypass
/// L1.
void launch_bandwidth(const BandwidthProblem& problem, const BandwidthShape& shape,
                      CudaDevice& device);

/// One thread follows `steps` links of a chain: links[i] is the index of the next word. The last
/// index is stored in *sink.
void launch_chase(const std::uint32_t* links, int steps, std::uint32_t* sink, CudaDevice& device);

/// A kernel of one warp that does nothing.
void launch_empty(CudaDevice& device);

/// One instruction, or two that take turns, in as many warps and independent chains as hide its
/// latency.
struct InstructionProbe {
  std::string_view name;               // "popc", "lop3 + imad"
  double flops = 0;                    // of one warp instruction, where that is what counts
  double shared_bytes = 0;             // that one warp instruction moves
  std::string_view first{}, second{};  // of a pair: the names of its two probes
};
std::span<const InstructionProbe> instruction_probes();

/// What one launch of a probe executes.
struct InstructionRun {
  std::int64_t warp_instructions = 0;  // of the probe's kind, over the whole device
};
/// Runs probe number `index` on every SM. cycles: [sm_count], device; clocks that each SM's block
/// took.
InstructionRun launch_instructions(std::size_t index, int iterations, std::int64_t* cycles,
                                   std::uint32_t* sink, CudaDevice& device);

}  // namespace kvroof::probes
