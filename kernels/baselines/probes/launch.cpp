// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "kernels/baselines/probes/backends.hpp"
#include "kernels/error.hpp"

namespace kvroof::probes {

void launch_read(const std::byte* data, std::int64_t bytes, std::uint32_t impossible,
                 std::uint32_t* sink, Device& device) {
  require(bytes > 0 && bytes % kReadBlockBytes == 0 &&
              bytes / kReadBlockBytes <= std::numeric_limits<int>::max(),
          "read probe: bytes must be a positive multiple of {}, got {}", kReadBlockBytes, bytes);
  const auto blocks = static_cast<int>(bytes / kReadBlockBytes);
  if (device.backend() == Backend::kSim)
    return launch_read_simt(data, blocks, impossible, sink, device);
#if KVROOF_HAS_CUDA
  launch_read_cuda(data, blocks, impossible, sink, device);
#else
  fail("read probe: this build has no CUDA backend");
#endif
}

}  // namespace kvroof::probes
