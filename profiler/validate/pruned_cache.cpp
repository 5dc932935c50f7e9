// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/pruned_cache.hpp"

#include "kernels/attention/problem.hpp"
#include "profiler/validate/buffers.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/method.hpp"

namespace kvroof::validate {
namespace {

PrunedRows prune_rows(inputs::Dtype dtype, const reference::Matrix& rows,
                      const reference::Mask& mask, int tokens) {
  PrunedRows pruned;
  for (Eigen::Index i = 0; i < tokens * rows.cols(); ++i) {
    pruned.rows.push_back(inputs::to_bits(dtype, static_cast<float>(rows.data()[i])));
    pruned.mask.push_back(mask.data()[i] ? 1 : 0);
  }
  return pruned;
}

}  // namespace

int compressed_tokens(const Case& one, int kv_len) {
  return attention::compressed_tokens(kv_len, one.window);
}
int compressed_capacity(const Case& one) { return compressed_tokens(one, one.max_kv_len()); }
int ring_capacity(const Case& one) { return one.window + lane_chunk::kTokens - 1; }

PrunedHead prune_head(const Case& one, const inputs::KvTensors& inputs, int sequence, int kv_head) {
  const HeadTensors head = head_tensors(one, inputs, sequence, kv_head);
  const HeadMasks masks = method_named(one.method).masks(one, head);
  const int tokens = compressed_tokens(one, one.kv_length(sequence));
  return {prune_rows(inputs.dtype, head.keys, masks.keys, tokens),
          prune_rows(inputs.dtype, head.values, masks.values, tokens)};
}

DeviceBuffer<std::uint16_t> upload_ring(const Case& one, const std::vector<std::uint16_t>& rows,
                                        std::string_view name, Device& device) {
  const auto head_dim = static_cast<std::size_t>(one.head_dim);
  const auto capacity = static_cast<std::size_t>(ring_capacity(one));
  const auto heads = static_cast<std::size_t>(one.batch * one.kv_heads);
  auto ring = allocate<std::uint16_t>(device, heads * capacity * head_dim, name);
  for (std::size_t head = 0; head < heads; ++head) {
    const int length = one.kv_length(static_cast<int>(head) / one.kv_heads);
    for (int token = compressed_tokens(one, length); token < length; ++token) {
      const auto at = static_cast<std::size_t>(token);
      const std::size_t source = head * static_cast<std::size_t>(one.max_kv_len()) + at;
      device.copy_to_device(ring.data() + (head * capacity + at % capacity) * head_dim,
                            rows.data() + source * head_dim, head_dim * 2);
    }
  }
  return ring;
}

}  // namespace kvroof::validate
