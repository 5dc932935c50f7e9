// SPDX-License-Identifier: Apache-2.0
// Times the 2:4 decode, Mustafar's pipeline and cuBLAS's products, in the process of gpu_bench.cpp
// and in its way.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "kernels/baselines/cublas/launch.hpp"
#include "kernels/baselines/mustafar/launch.hpp"
#include "kernels/baselines/two_four/launch.hpp"
#include "kernels/format/two_four.hpp"
#include "tests/bench/gpu_tools.hpp"

namespace kvroof::bench {
namespace {

constexpr int kWindow = 32;
constexpr int kRing = kWindow + lane_chunk::kTokens - 1;

/// What a decode step needs beside the compressed cache.
struct StepBuffers {
  StepBuffers(CudaDevice& device, const Shape& shape)
      : lengths(device, static_cast<std::size_t>(shape.batch), "lengths"),
        window(synthetic_rows(
            device, false,
            static_cast<std::size_t>(shape.batch * shape.kv_heads) * kRing * kHeadDim, 7)),
        queries(synthetic_rows(device, false,
                               static_cast<std::size_t>(shape.batch * shape.query_heads) * kHeadDim,
                               8)),
        outputs(device, queries.size(), "outputs") {
    lengths.upload(std::vector<std::int32_t>(static_cast<std::size_t>(shape.batch), shape.kv_len));
  }
  /// Window, queries and outputs once.
  double floor_bytes(const Shape& shape, int compressed) const {
    return 4.0 * shape.batch * shape.kv_heads * (shape.kv_len - compressed) * kHeadDim +
           4.0 * static_cast<double>(queries.size());
  }

  DeviceBuffer<std::int32_t> lengths;
  DeviceBuffer<std::uint16_t> window, queries, outputs;
};

const float kScale = 1.0f / std::sqrt(static_cast<float>(kHeadDim));

/// `source` as often as it fits into `count` elements, copied from device to device.
template <class T>
DeviceBuffer<T> repeated(CudaDevice& device, const std::vector<T>& source, std::size_t count) {
  DeviceBuffer<T> buffer(device, count, "cache");
  buffer.upload(source);
  for (std::size_t filled = std::min(source.size(), count); filled < count;) {
    const std::size_t more = std::min(filled, count - filled);
    KVROOF_CUDA_CHECK(cudaMemcpyAsync(buffer.data() + filled, buffer.data(), more * sizeof(T),
                                      cudaMemcpyDeviceToDevice, device.stream()));
    filled += more;
  }
  return buffer;
}

// ---- 2:4 ----

/// The chunks of a synthetic head of which the first two of every four survive: what the kernel
/// does depends on no mask.
std::vector<std::byte> two_four_chunks(Operand operand) {
  const std::vector<std::uint16_t>& rows = synthetic_head(operand == Operand::kKeys, 1);
  constexpr std::size_t elements = std::size_t{two_four::kTokens} * kHeadDim;
  std::vector<std::uint8_t> mask(elements);
  for (std::size_t i = 0; i < elements; ++i)
    mask[i] = (operand == Operand::kKeys ? i : i / kHeadDim) % 4 < 2;
  std::vector<std::byte> chunks(rows.size() / elements *
                                static_cast<std::size_t>(two_four::chunk_bytes(kHeadDim)));
  std::span<std::byte> rest(chunks);
  for (std::size_t first = 0; first < rows.size(); first += elements) {
    const auto chunk = rest.first(static_cast<std::size_t>(two_four::chunk_bytes(kHeadDim)));
    two_four::encode(operand, kHeadDim, std::span(rows).subspan(first, elements), mask, chunk);
    rest = rest.subspan(chunk.size());
  }
  return chunks;
}

class TwoFourCaches {
 public:
  TwoFourCaches(CudaDevice& device, const Shape& shape)
      : device_(device),
        shape_(shape),
        compressed_(attention::compressed_tokens(shape.kv_len, kWindow)),
        set_bytes_(static_cast<std::size_t>(shape.batch * shape.kv_heads) *
                   static_cast<std::size_t>(compressed_ / two_four::kTokens) *
                   static_cast<std::size_t>(two_four::chunk_bytes(kHeadDim))),
        sets_(cold_sets(device, 2 * static_cast<std::int64_t>(set_bytes_))),
        keys_(repeated(device, two_four_chunks(Operand::kKeys), all_bytes())),
        values_(repeated(device, two_four_chunks(Operand::kValues), all_bytes())),
        step_(device, shape) {
    plan_ = two_four::make_plan(problem(0), device.info());
    workspace_ = DeviceBuffer<std::byte>(
        device, static_cast<std::size_t>(attention::workspace_bytes(problem(0), plan_)),
        "workspace");
    workspace_.fill(std::byte{0});
  }
  int sets() const { return sets_; }
  const attention::DecodePlan& plan() const { return plan_; }
  void decode(int set) const { two_four::launch(problem(set), plan_, device_); }
  double floor_bytes() const {
    return 2.0 * static_cast<double>(set_bytes_) + step_.floor_bytes(shape_, compressed_);
  }

 private:
  std::size_t all_bytes() const { return static_cast<std::size_t>(sets_) * set_bytes_; }
  attention::DecodeProblem problem(int set) const {
    const auto first = static_cast<std::size_t>(set) * set_bytes_;
    return {.batch = shape_.batch,
            .query_heads = shape_.query_heads,
            .kv_heads = shape_.kv_heads,
            .head_dim = kHeadDim,
            .softmax_scale = kScale,
            .queries = step_.queries.data(),
            .kv_lengths = step_.lengths.data(),
            .max_kv_len = shape_.kv_len,
            .keys = {keys_.data() + first, kHeadDim / 2},
            .values = {values_.data() + first, kHeadDim / 2},
            .chunk_capacity = compressed_ / two_four::kTokens,
            .window_keys = step_.window.data(),
            .window_values = step_.window.data(),
            .window = kWindow,
            .window_capacity = kRing,
            .outputs = step_.outputs.data(),
            .workspace = workspace_.data()};
  }

  CudaDevice& device_;
  Shape shape_;
  int compressed_;
  std::size_t set_bytes_;
  int sets_;
  DeviceBuffer<std::byte> keys_, values_;
  StepBuffers step_;
  attention::DecodePlan plan_;
  DeviceBuffer<std::byte> workspace_;
};

void two_four_decode(benchmark::State& state, CudaDevice& device, const Shape& shape) {
  const TwoFourCaches& caches = prepare([&] { return TwoFourCaches(device, shape); });
  time_launches(state, device, caches.sets(), [&](int set) { caches.decode(set); });
  state.counters["floor_B_per_s"] = rate(caches.floor_bytes());
  state.SetLabel(two_four::describe(caches.plan()));
}

// ---- Mustafar ----

/// The tiles of a whole cache: every head holds the same ones, each in memory of its own.
class TileCache {
 public:
  TileCache(CudaDevice& device, Operand operand, int tokens, double sparsity, int heads, int sets)
      : heads_(heads) {
    const mustafar::EncodedHead& head = encoded_head(operand, tokens, sparsity);
    const auto copies = static_cast<std::size_t>(heads) * static_cast<std::size_t>(sets);
    tiles_ = head.bitmaps.size();
    bitmaps_ = repeated(device, head.bitmaps, copies * tiles_);
    offsets_ = repeated(device, head.offsets, copies * (tiles_ + 1));
    values_ = repeated(device, head.values, copies * head.values.size());
    std::vector<std::int32_t> head_offsets;
    for (std::size_t copy = 0; copy < copies; ++copy) {
      head_offsets.push_back(
          static_cast<std::int32_t>(copy * head.values.size() / mustafar::kPadValues));
    }
    head_offsets_ = repeated(device, head_offsets, copies);
    bytes_ = heads * mustafar::count_bytes(head).total();
  }
  mustafar::TileOperand operand(int set) const {
    const auto first = static_cast<std::size_t>(set) * static_cast<std::size_t>(heads_);
    return {bitmaps_.data() + first * tiles_, offsets_.data() + first * (tiles_ + 1),
            values_.data(), head_offsets_.data() + first};
  }
  int tiles() const { return static_cast<int>(tiles_); }
  std::int64_t set_bytes() const { return bytes_; }

 private:
  /// Made once for all shapes of this length.
  static const mustafar::EncodedHead& encoded_head(Operand operand, int tokens, double sparsity) {
    static std::map<std::tuple<Operand, int, double>, mustafar::EncodedHead> heads;
    mustafar::EncodedHead& head = heads[{operand, tokens, sparsity}];
    if (head.bitmaps.empty())
      head = mustafar::encode(operand, kHeadDim, pruned_rows(operand, tokens, sparsity));
    return head;
  }
  /// Rows of a synthetic head; of each, the largest magnitudes survive, ties too.
  static std::vector<std::uint16_t> pruned_rows(Operand operand, int tokens, double sparsity) {
    const std::vector<std::uint16_t>& source = synthetic_head(operand == Operand::kKeys, 1);
    std::vector<std::uint16_t> rows(static_cast<std::size_t>(tokens) * kHeadDim);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = source[i % source.size()];
    const auto pruned = static_cast<std::ptrdiff_t>(sparsity * kHeadDim);  // as published
    for (std::size_t first = 0; first < rows.size(); first += kHeadDim) {
      std::vector<std::uint16_t> magnitudes;
      for (std::size_t i = first; i < first + kHeadDim; ++i)
        magnitudes.push_back(rows[i] & kMagnitudeBits);
      const auto threshold = magnitudes.begin() + pruned - 1;
      std::nth_element(magnitudes.begin(), threshold, magnitudes.end());
      for (std::size_t i = first; i < first + kHeadDim; ++i)
        if ((rows[i] & kMagnitudeBits) < *threshold) rows[i] = 0;
    }
    return rows;
  }

  int heads_;
  std::size_t tiles_ = 0;
  std::int64_t bytes_ = 0;
  DeviceBuffer<std::uint64_t> bitmaps_;
  DeviceBuffer<std::int32_t> offsets_, head_offsets_;
  DeviceBuffer<std::uint16_t> values_;
};

class MustafarCaches {
 public:
  MustafarCaches(CudaDevice& device, const Shape& shape, double sparsity)
      : device_(device),
        shape_(shape),
        compressed_(attention::compressed_tokens(shape.kv_len, kWindow)),
        sets_(cold_sets(device, std::int64_t{heads()} * compressed_ * kHeadDim * 2)),
        keys_(device, Operand::kKeys, compressed_, sparsity, heads(), sets_),
        values_(device, Operand::kValues, compressed_, sparsity, heads(), sets_),
        step_(device, shape) {
    workspace_ = DeviceBuffer<std::byte>(
        device, static_cast<std::size_t>(mustafar::workspace_bytes(problem(0))), "workspace");
  }
  int sets() const { return sets_; }
  void decode(int set) const { mustafar::launch(problem(set), device_); }
  double floor_bytes() const {
    return static_cast<double>(keys_.set_bytes() + values_.set_bytes()) +
           step_.floor_bytes(shape_, compressed_);
  }

 private:
  int heads() const { return shape_.batch * shape_.kv_heads; }
  mustafar::Problem problem(int set) const {
    return {.batch = shape_.batch,
            .query_heads = shape_.query_heads,
            .kv_heads = shape_.kv_heads,
            .head_dim = kHeadDim,
            .softmax_scale = kScale,
            .queries = step_.queries.data(),
            .kv_lengths = step_.lengths.data(),
            .max_kv_len = shape_.kv_len,
            .keys = keys_.operand(set),
            .values = values_.operand(set),
            .tile_capacity = keys_.tiles(),
            .window_keys = step_.window.data(),
            .window_values = step_.window.data(),
            .window = kWindow,
            .window_capacity = kRing,
            .outputs = step_.outputs.data(),
            .workspace = workspace_.data()};
  }

  CudaDevice& device_;
  Shape shape_;
  int compressed_, sets_;
  TileCache keys_, values_;
  StepBuffers step_;
  DeviceBuffer<std::byte> workspace_;
};

void mustafar_decode(benchmark::State& state, CudaDevice& device, const Shape& shape,
                     double sparsity) {
  const MustafarCaches& caches = prepare([&] { return MustafarCaches(device, shape, sparsity); });
  time_launches(state, device, caches.sets(), [&](int set) { caches.decode(set); });
  state.counters["floor_B_per_s"] = rate(caches.floor_bytes());
}

// ---- cuBLAS ----

class CublasCaches {
 public:
  CublasCaches(CudaDevice& device, const Shape& shape)
      : device_(device),
        shape_(shape),
        elements_(static_cast<std::size_t>(shape.batch * shape.kv_heads) *
                  static_cast<std::size_t>(shape.kv_len) * kHeadDim),
        sets_(cold_sets(device, 4 * static_cast<std::int64_t>(elements_))),
        keys_(synthetic_rows(device, true, static_cast<std::size_t>(sets_) * elements_, 1)),
        values_(synthetic_rows(device, false, static_cast<std::size_t>(sets_) * elements_, 2)),
        step_(device, shape) {
    workspace_ = DeviceBuffer<std::byte>(
        device, static_cast<std::size_t>(cublas::workspace_bytes(problem(0))), "workspace");
    decode(0);  // opens cuBLAS, which a capture forbids
  }
  int sets() const { return sets_; }
  void decode(int set) const { cublas::launch(problem(set), device_); }
  double floor_bytes() const {
    return 4.0 * static_cast<double>(elements_) + step_.floor_bytes(shape_, shape_.kv_len);
  }

 private:
  cublas::Problem problem(int set) const {
    const auto first = static_cast<std::size_t>(set) * elements_;
    return {.batch = shape_.batch,
            .query_heads = shape_.query_heads,
            .kv_heads = shape_.kv_heads,
            .head_dim = kHeadDim,
            .softmax_scale = kScale,
            .queries = step_.queries.data(),
            .kv_len = shape_.kv_len,
            .keys = keys_.data() + first,
            .values = values_.data() + first,
            .capacity = shape_.kv_len,
            .outputs = step_.outputs.data(),
            .workspace = workspace_.data()};
  }

  CudaDevice& device_;
  Shape shape_;
  std::size_t elements_;
  int sets_;
  DeviceBuffer<std::uint16_t> keys_, values_;
  StepBuffers step_;
  DeviceBuffer<std::byte> workspace_;
};

void cublas_decode(benchmark::State& state, CudaDevice& device, const Shape& shape) {
  const std::string reason = cublas::why_unavailable(Backend::kCuda);
  if (!reason.empty()) return state.SkipWithError(reason.c_str());
  const CublasCaches& caches = prepare([&] { return CublasCaches(device, shape); });
  time_launches(state, device, caches.sets(), [&](int set) { caches.decode(set); });
  state.counters["floor_B_per_s"] = rate(caches.floor_bytes());
}

}  // namespace

void register_baselines(CudaDevice& device) {
  for (const Shape shape : kShapes) {
    add("cublas/" + shape.name(),
        [&device, shape](benchmark::State& state) { cublas_decode(state, device, shape); });
    add("decode_2_4/" + shape.name(),
        [&device, shape](benchmark::State& state) { two_four_decode(state, device, shape); });
    for (const double sparsity : {0.5, 0.7}) {
      add(fmt::format("mustafar/{}/sparsity:{}", shape.name(), sparsity),
          [&device, shape, sparsity](benchmark::State& state) {
            mustafar_decode(state, device, shape, sparsity);
          });
    }
  }
}

}  // namespace kvroof::bench
