// SPDX-License-Identifier: Apache-2.0
// Times the decodes of an unpruned cache, in the process of gpu_bench.cpp and in its way.

#include <fmt/format.h>

#include <cmath>

#include "kernels/baselines/dense/launch.hpp"
#include "tests/bench/gpu_tools.hpp"

namespace kvroof::bench {
namespace {

struct DenseShape {
  int batch, query_heads, kv_heads, kv_len, head_dim, key_channels;
  ValueType value_type = ValueType::kF16;
};

/// Caches of one shape, one behind the other, and what a decode step over one of them needs.
class DenseCaches {
 public:
  DenseCaches(CudaDevice& device, const DenseShape& shape)
      : device_(device),
        shape_(shape),
        key_elements_(rows() * shape.key_channels),
        value_elements_(rows() * shape.head_dim) {
    sets_ = cold_sets(device, 2 * (key_elements_ + value_elements_));
    keys_ = synthetic_rows(device, true, static_cast<std::size_t>(sets_ * key_elements_), 1);
    values_ = synthetic_rows(device, false, static_cast<std::size_t>(sets_ * value_elements_), 2);
    queries_ = synthetic_rows(device, false, query_elements(), 3);
    outputs_ = DeviceBuffer<std::uint16_t>(device, query_elements(), "outputs");
    const auto batch = static_cast<std::size_t>(shape.batch);
    lengths_ = DeviceBuffer<std::int32_t>(device, batch, "lengths");
    lengths_.upload(std::vector<std::int32_t>(batch, shape.kv_len));
    std::vector<std::int32_t> channels;  // the first ones
    for (int row = 0; row < shape.batch * shape.kv_heads; ++row) {
      for (int channel = 0; channel < shape.key_channels; ++channel) channels.push_back(channel);
    }
    channels_ = DeviceBuffer<std::int32_t>(device, channels.size(), "channels");
    channels_.upload(channels);
    plan_ = dense::make_plan(problem(0), device.info());
    workspace_ = DeviceBuffer<std::byte>(
        device, static_cast<std::size_t>(dense::workspace_bytes(problem(0), plan_)), "workspace");
    workspace_.fill(std::byte{0});
  }

  int sets() const { return sets_; }
  const dense::DensePlan& plan() const { return plan_; }
  void launch(int set) { dense::launch(problem(set), plan_, device_); }
  /// What has to cross the DRAM interface once: keys, values, queries and outputs.
  double floor_bytes() const {
    return 2.0 * static_cast<double>(key_elements_ + value_elements_) +
           4.0 * static_cast<double>(query_elements());
  }

 private:
  std::int64_t rows() const { return std::int64_t{shape_.batch} * shape_.kv_heads * shape_.kv_len; }
  std::size_t query_elements() const {
    return static_cast<std::size_t>(shape_.batch) * static_cast<std::size_t>(shape_.query_heads) *
           static_cast<std::size_t>(shape_.head_dim);
  }
  dense::DenseProblem problem(int set) const {
    const bool reduced = shape_.key_channels < shape_.head_dim;
    const std::uint16_t* keys = keys_.data() + set * key_elements_;
    dense::DenseProblem problem{
        .batch = shape_.batch,
        .query_heads = shape_.query_heads,
        .kv_heads = shape_.kv_heads,
        .head_dim = shape_.head_dim,
        .value_type = shape_.value_type,
        .softmax_scale = 1.0f / std::sqrt(static_cast<float>(shape_.head_dim)),
        .queries = queries_.data(),
        .kv_lengths = lengths_.data(),
        .max_kv_len = shape_.kv_len,
        .keys = keys,
        .values = values_.data() + set * value_elements_,
        .key_capacity = reduced ? lane_chunk::kTokens - 1 : shape_.kv_len,  // none of them is read
        .value_capacity = shape_.kv_len,
        .outputs = outputs_.data(),
        .workspace = workspace_.data()};
    if (reduced) problem.reduced_keys = {keys, channels_.data(), shape_.key_channels};
    problem.reduced_capacity = shape_.kv_len;
    return problem;
  }

  CudaDevice& device_;
  DenseShape shape_;
  std::int64_t key_elements_, value_elements_;
  int sets_ = 0;
  dense::DensePlan plan_;
  DeviceBuffer<std::uint16_t> keys_, values_, queries_, outputs_;
  DeviceBuffer<std::int32_t> lengths_, channels_;
  DeviceBuffer<std::byte> workspace_;
};

void dense_decode(benchmark::State& state, CudaDevice& device, const DenseShape& shape) {
  DenseCaches& caches = prepare([&] { return DenseCaches(device, shape); });
  time_launches(state, device, caches.sets(), [&](int set) { caches.launch(set); });
  state.counters["floor_B_per_s"] = rate(caches.floor_bytes());
  state.SetLabel(dense::describe(caches.plan()));
}

void add_dense(CudaDevice& device, const std::string& name, const DenseShape& shape) {
  add(fmt::format("{}/batch:{}/kv_len:{}/heads:{}:{}/head_dim:{}", name, shape.batch, shape.kv_len,
                  shape.query_heads, shape.kv_heads, shape.head_dim),
      [&device, shape](benchmark::State& state) { dense_decode(state, device, shape); });
}

}  // namespace

void register_dense(CudaDevice& device) {
  for (const Shape shape : kShapes) {
    for (const auto& [name, channels] : {std::pair{"dense", kHeadDim}, {"think", kHeadDim / 2}}) {
      add_dense(device, name,
                {shape.batch, shape.query_heads, shape.kv_heads, shape.kv_len, kHeadDim, channels});
    }
  }
  add_dense(device, "dense", {8, 128, 8, 32768, 128, 128});
  add_dense(device, "dense", {8, 32, 8, 32768, 64, 64});
  add_dense(device, "dense", {8, 32, 8, 16384, 256, 256});
  add_dense(device, "dense", {8, 128, 8, 16384, 256, 256});
}

}  // namespace kvroof::bench
