// SPDX-License-Identifier: Apache-2.0
#include "kernels/error.hpp"
#include "profiler/inputs/safetensors.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::validate {
namespace {

inputs::KvTensors load_file(Case& one, inputs::Dtype dtype) {
  inputs::KvTensors tensors = inputs::read_safetensors(one.kv_file, dtype);
  if (tensors.query_heads == 0) inputs::add_queries(tensors, one.query_heads, one.seed);
  one.batch = static_cast<int>(tensors.batch);
  one.query_heads = static_cast<int>(tensors.query_heads);
  one.kv_heads = static_cast<int>(tensors.kv_heads);
  one.head_dim = static_cast<int>(tensors.head_dim);
  one.kv_lengths = {static_cast<int>(tensors.kv_len)};
  return tensors;
}

}  // namespace

inputs::KvTensors load_inputs(Case& one) {
  const inputs::Dtype dtype =
      one.value_type == ValueType::kF16 ? inputs::Dtype::kF16 : inputs::Dtype::kBF16;
  if (!one.kv_file.empty()) return load_file(one, dtype);
  check(one);
  return inputs::generate({.dtype = dtype,
                           .batch = one.batch,
                           .query_heads = one.query_heads,
                           .kv_heads = one.kv_heads,
                           .kv_len = one.max_kv_len(),
                           .head_dim = one.head_dim,
                           .seed = one.seed,
                           .outlier_strength = one.outlier_strength});
}

}  // namespace kvroof::validate
