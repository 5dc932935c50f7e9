// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/format/lane_chunk.hpp"
#include "kernels/value_types.hpp"
#include "reference/prune.hpp"

// Dense rows of the reference <-> chunks of the kernels: the only meeting point of the two.
namespace kvroof::test {

/// 16-bit rows [tokens, head_dim] as the reference wants them.
inline reference::Matrix to_matrix(ValueType type, std::span<const std::uint16_t> rows,
                                   int head_dim) {
  reference::Matrix matrix(static_cast<Eigen::Index>(rows.size()) / head_dim, head_dim);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    matrix.data()[i] =
        type == ValueType::kF16 ? to_float(Half{rows[i]}) : to_float(BFloat16{rows[i]});
  }
  return matrix;
}

/// The chunk of 64 rows [64, head_dim] whose survivors the reference chooses, `kept` per row.
inline std::vector<std::byte> reference_chunk(Operand operand, ValueType type, int kept,
                                              std::span<const std::uint16_t> rows, int head_dim) {
  const reference::Mask mask =
      reference::prune_per_token_magnitude(to_matrix(type, rows, head_dim), kept);
  const std::vector<std::uint8_t> bytes(mask.data(), mask.data() + mask.size());
  std::vector<std::byte> chunk(static_cast<std::size_t>(lane_chunk::chunk_bytes(head_dim, kept)));
  lane_chunk::encode(operand, head_dim, kept, rows, bytes, chunk);
  return chunk;
}

}  // namespace kvroof::test
