// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/compare_pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "kernels/attention/problem.hpp"
#include "kernels/error.hpp"
#include "kernels/format/variable_rows.hpp"
#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/pruned_cache.hpp"
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
        packed_(operand == Operand::kKeys ? result.packed_keys : result.packed_values),
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
        const auto bytes = bytes_of(sequence * one_.kv_heads + kv_head, chunk);
        decode(bytes);
        const std::int64_t before = differences_;
        compare_chunk(rows, wanted, sequence, kv_head, chunk);
        if (differences_ == before) compare_bytes(bytes, sequence, kv_head, chunk);
      } catch (const std::invalid_argument& error) {
        fail(sequence, kv_head, chunk * lane_chunk::kTokens, 0, error.what());
      }
    }
    if (has_offsets()) compare_unused_offsets(sequence, kv_head, chunks);
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
  bool has_offsets() const { return validate::has_offsets(one_, operand_); }

  std::size_t offset(int head, int chunk) const {
    const std::int64_t index = variable_rows::offset_index(head, chunk, chunk_capacity_);
    return std::size_t{packed_.offsets.at(static_cast<std::size_t>(index))} *
           variable_rows::kOffsetBytes;
  }

  std::span<const std::byte> bytes_of(int head, int chunk) const {
    if (has_offsets()) {
      const std::size_t begin = offset(head, chunk), end = offset(head, chunk + 1);
      require(begin <= end && end <= packed_.chunks.size(), "its bytes are {} to {} of {}", begin,
              end, packed_.chunks.size());
      return std::span(packed_.chunks).subspan(begin, end - begin);
    }
    const auto bytes = static_cast<std::size_t>(lane_chunk::chunk_bytes(one_.head_dim, kept_));
    const auto index = static_cast<std::size_t>(head * chunk_capacity_ + chunk);
    return std::span(packed_.chunks).subspan(index * bytes, bytes);
  }

  void decode(std::span<const std::byte> chunk) {
    if (has_offsets()) {
      lane_chunk::decode(operand_, one_.head_dim, chunk, rows_, mask_);
    } else {
      lane_chunk::decode(operand_, one_.head_dim, kept_, chunk, rows_, mask_);
    }
  }

  /// Where what is in a chunk is right: whether its bytes are the host encoder's, padding included.
  void compare_bytes(std::span<const std::byte> got, int sequence, int kv_head, int chunk) {
    std::vector<std::byte> want(got.size());
    if (has_offsets()) {
      want = lane_chunk::encode(operand_, one_.head_dim, rows_, mask_);
    } else {
      lane_chunk::encode(operand_, one_.head_dim, kept_, rows_, mask_, want);
    }
    if (!std::equal(got.begin(), got.end(), want.begin(), want.end()))
      fail(sequence, kv_head, chunk * lane_chunk::kTokens, 0,
           "the chunk holds the right elements in other bytes than the host encoder's");
  }

  /// Chunks follow each other without gaps, head rows too: offsets beyond the last chunk of a head
  /// row name its end, and the next one begins there.
  void compare_unused_offsets(int sequence, int kv_head, int chunks) {
    const int head = sequence * one_.kv_heads + kv_head;
    const std::size_t end = offset(head, chunks);
    bool right =
        offset(0, 0) == 0 && (head == 0 || offset(head, 0) == offset(head - 1, chunk_capacity_));
    for (int chunk = chunks; chunk <= chunk_capacity_; ++chunk)
      right = right && offset(head, chunk) == end;
    if (!right)
      fail(sequence, kv_head, chunks * lane_chunk::kTokens, 0,
           "the offsets do not follow each other without gaps");
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
  const PackedOperand& packed_;
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
