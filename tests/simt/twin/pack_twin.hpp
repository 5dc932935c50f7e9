// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/compress/backends.hpp"

namespace kvroof::twin {

/// compress::launch_cuda() with the kernel that is written by hand. `problem` has passed
/// compress::validate(), is of f16 keys with head_dim 128 and has chunks to pack; `device` is a
/// CudaDevice. Throws std::runtime_error when the launch is refused.
void launch_pack_twin(const compress::PackProblem& problem, Device& device);

/// A valid problem of f16 keys with head_dim 128, all sequences but the first shorter than it, and
/// the device memory that it points to.
struct PackCase {
  PackCase(Device& device, compress::PackProblem shape, const std::vector<std::uint16_t>& data,
           const std::vector<std::int32_t>& kv_lengths)
      : rows(device, data.size(), "rows"),
        lengths(device, kv_lengths.size(), "kv_lengths"),
        chunks(device,
               static_cast<std::size_t>(shape.batch) * static_cast<std::size_t>(shape.kv_heads) *
                   static_cast<std::size_t>(shape.chunk_capacity) *
                   static_cast<std::size_t>(lane_chunk::chunk_bytes(shape.head_dim, shape.kept)),
               "chunks"),
        problem(shape) {
    rows.upload(data);
    lengths.upload(kv_lengths);
    problem.rows = rows.data();
    problem.kv_lengths = lengths.data();
    problem.chunks = chunks.data();
    compress::validate(problem);
  }

  DeviceBuffer<std::uint16_t> rows;    // [batch, kv_heads, row_capacity, 128]
  DeviceBuffer<std::int32_t> lengths;  // [batch]
  DeviceBuffer<std::byte> chunks;      // [batch, kv_heads, chunk_capacity, chunk_bytes]
  compress::PackProblem problem;
};

/// The shape of a problem over `kv_len` tokens at most, with room for all of its rows and chunks.
inline compress::PackProblem pack_shape(int batch, int kv_heads, int kv_len, int kept) {
  return {.batch = batch,
          .kv_heads = kv_heads,
          .head_dim = 128,
          .kept = kept,
          .row_capacity = kv_len,
          .max_kv_len = kv_len,
          .chunk_capacity = kv_len / lane_chunk::kTokens};
}

/// Rows of `shape` in which every bit pattern is as likely: NaN, infinities and subnormals too.
inline std::vector<std::uint16_t> random_rows(const compress::PackProblem& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint16_t> rows(
      static_cast<std::size_t>(shape.batch) * static_cast<std::size_t>(shape.kv_heads) *
      static_cast<std::size_t>(shape.row_capacity) * static_cast<std::size_t>(shape.head_dim));
  for (std::uint16_t& bits : rows) bits = static_cast<std::uint16_t>(random());
  return rows;
}

}  // namespace kvroof::twin
