// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>

#include "profiler/inputs/error.hpp"
#include "profiler/inputs/safetensors.hpp"
#include "profiler/inputs/synthetic.hpp"
#include "profiler/validate/validate.hpp"

namespace kvroof::validate {
namespace {

int to_int(const std::string& file, const char* what, std::int64_t value) {
  constexpr int most = std::numeric_limits<int>::max();
  if (value > most)
    throw inputs::InputError(
        fmt::format("{}: {} must be at most {}, got {}", file, what, most, value));
  return static_cast<int>(value);
}

inputs::KvTensors load_file(Case& one, inputs::Dtype dtype) {
  inputs::KvTensors tensors = inputs::read_safetensors(one.kv_file, dtype);
  if (tensors.query_heads == 0) inputs::add_queries(tensors, one.query_heads, one.seed);
  one.batch = to_int(one.kv_file, "batch", tensors.batch);
  one.query_heads = to_int(one.kv_file, "query_heads", tensors.query_heads);
  one.kv_heads = to_int(one.kv_file, "kv_heads", tensors.kv_heads);
  one.head_dim = to_int(one.kv_file, "head_dim", tensors.head_dim);
  one.kv_lengths = {to_int(one.kv_file, "kv_len", tensors.kv_len)};
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
