// SPDX-License-Identifier: Apache-2.0
#pragma once

// Read-only bandwidth: every block reads its own stretch of memory once, coalesced, and adds it up.

#include "kernels/baselines/probes/read.hpp"
#include "kernels/platform/platform.hpp"

namespace kvroof::KVROOF_BACKEND::probes {

using kvroof::probes::kReadBlockBytes;
using kvroof::probes::kReadLoads;
using kvroof::probes::kReadThreads;

KVROOF_KERNEL(kReadThreads)
read_kernel(const std::byte* data, std::uint32_t impossible, std::uint32_t* sink) {
  constexpr int word = 16;
  const std::byte* first =
      data + block_index_x() * kReadBlockBytes + thread_index() * static_cast<unsigned>(word);
  U32x4 words[kReadLoads];
  KVROOF_UNROLL
  for (int i = 0; i < kReadLoads; ++i)
    words[i] = load_global<U32x4>(first + i * kReadThreads * word);
  U32 sum = 0u;
  KVROOF_UNROLL
  for (int i = 0; i < kReadLoads; ++i)
    sum = sum ^ words[i].x ^ words[i].y ^ words[i].z ^ words[i].w;
  store_global_if<U32>(sum == impossible, sink, sum);
}

}  // namespace kvroof::KVROOF_BACKEND::probes
