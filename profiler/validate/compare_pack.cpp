// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/compare_pack.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/attention/problem.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/rules.hpp"

namespace kvroof::validate {

using attention::compressed_tokens;

reference::Matrix head_matrix(const Case& one, const std::vector<float>& tensor, int sequence,
                              int kv_head) {
  const Eigen::Index kv_len = one.kv_length(sequence);
  const auto row = static_cast<std::size_t>(sequence * one.kv_heads + kv_head);
  const std::size_t first =
      row * static_cast<std::size_t>(one.max_kv_len()) * static_cast<std::size_t>(one.head_dim);
  using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const FloatMatrix>(tensor.data() + first, kv_len, one.head_dim).cast<double>();
}

namespace {

/// Compares chunk after chunk of one operand; the first difference decides the sentence.
class PackComparison {
 public:
  PackComparison(const Case& one, Operand operand, const inputs::KvTensors& inputs,
                 const DeviceResult& result)
      : one_(one),
        operand_(operand),
        inputs_(inputs),
        chunks_(operand == Operand::kKeys ? result.key_chunks : result.value_chunks),
        kept_(one.kept(operand)),
        chunk_capacity_(result.chunk_capacity),
        rows_(static_cast<std::size_t>(lane_chunk::kTokens * one.head_dim)),
        mask_(rows_.size()) {}

  void compare_head(int sequence, int kv_head) {
    const HeadTensors head = head_tensors(one_, inputs_, sequence, kv_head);
    const reference::Matrix& rows = operand_ == Operand::kKeys ? head.keys : head.values;
    const reference::Mask wanted = chunk_mask(one_, operand_, head);
    const int chunks =
        compressed_tokens(one_.kv_length(sequence), one_.window) / lane_chunk::kTokens;
    result_.num_elements += std::int64_t{chunks} * lane_chunk::kTokens * one_.head_dim;
    for (int chunk = 0; chunk < chunks; ++chunk) {
      try {
        decode(sequence, kv_head, chunk);
        compare_chunk(rows, wanted, sequence, kv_head, chunk);
      } catch (const std::invalid_argument& error) {
        fail(sequence, kv_head, chunk * lane_chunk::kTokens, 0, error.what());
      }
    }
  }

  KernelResult take() {
    result_.kernel = operand_ == Operand::kKeys ? "pack_keys" : "pack_values";
    result_.num_failures = differences_;
    if (differences_ > 0) {
      result_.status = Status::kFailed;
      result_.reason =
          fmt::format("{} elements differ; the first at sequence, kv head, token, channel [{}]: {}",
                      differences_, fmt::join(result_.worst_index, ", "), first_);
    }
    return std::move(result_);
  }

 private:
  void decode(int sequence, int kv_head, int chunk) {
    const auto bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one_.head_dim, kept_));
    const auto index =
        static_cast<std::size_t>((sequence * one_.kv_heads + kv_head) * chunk_capacity_ + chunk);
    lane_chunk::decode(operand_, one_.head_dim, kept_,
                       std::span(chunks_).subspan(index * bytes, bytes), rows_, mask_);
  }

  void compare_chunk(const reference::Matrix& rows, const reference::Mask& wanted, int sequence,
                     int kv_head, int chunk) {
    for (int row = 0; row < lane_chunk::kTokens; ++row) {
      const int token = chunk * lane_chunk::kTokens + row;
      for (int channel = 0; channel < one_.head_dim; ++channel) {
        const auto index = static_cast<std::size_t>(row * one_.head_dim + channel);
        if ((mask_[index] != 0) != wanted(token, channel)) {
          fail(sequence, kv_head, token, channel,
               mask_[index] != 0 ? "kept, but should be pruned" : "pruned, but should be kept");
        } else if (mask_[index] != 0) {
          const std::uint16_t bits =
              inputs::to_bits(inputs_.dtype, static_cast<float>(rows(token, channel)));
          if (bits != rows_[index]) {
            fail(sequence, kv_head, token, channel,
                 fmt::format("stored {:#06x}, the input is {:#06x}", rows_[index], bits));
          }
        }
      }
    }
  }

  void fail(int sequence, int kv_head, int token, int channel, const std::string& what) {
    if (differences_++ > 0) return;
    first_ = what;
    result_.worst_index = {sequence, kv_head, token, channel};
  }

  const Case& one_;
  Operand operand_;
  const inputs::KvTensors& inputs_;
  const std::vector<std::byte>& chunks_;
  int kept_;
  int chunk_capacity_;
  std::vector<std::uint16_t> rows_;
  std::vector<std::uint8_t> mask_;
  std::int64_t differences_ = 0;
  std::string first_;
  KernelResult result_;
};

}  // namespace

KernelResult compare_pack(const Case& one, Operand operand, const inputs::KvTensors& inputs,
                          const DeviceResult& result) {
  PackComparison comparison(one, operand, inputs, result);
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head)
      comparison.compare_head(sequence, kv_head);
  }
  return comparison.take();
}

}  // namespace kvroof::validate
