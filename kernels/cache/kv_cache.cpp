// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache/kv_cache.hpp"

#include <algorithm>

#include "kernels/cache/backends.hpp"
#include "kernels/compress/launch.hpp"
#include "kernels/error.hpp"

namespace kvroof::cache {
namespace {

void require_aligned(const char* what, const void* pointer, std::size_t alignment) {
  require(pointer != nullptr && reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0,
          "cache: {} must be a pointer aligned to {} bytes, got {}", what, alignment, pointer);
}

std::size_t head_count(const CacheConfig& config) {
  return static_cast<std::size_t>(config.batch) * static_cast<std::size_t>(config.kv_heads);
}

int row_capacity(const CacheConfig& config) { return config.window + lane_chunk::kTokens; }

std::size_t window_elements(const CacheConfig& config) {
  return head_count(config) * static_cast<std::size_t>(row_capacity(config)) *
         static_cast<std::size_t>(config.head_dim);
}

std::size_t chunks_bytes(const CacheConfig& config, int chunk_capacity, int kept) {
  return head_count(config) * static_cast<std::size_t>(chunk_capacity) *
         static_cast<std::size_t>(lane_chunk::chunk_bytes(config.head_dim, kept));
}

/// `config`, for the initialisers of KvCache, which allocate by it.
const CacheConfig& validated(const CacheConfig& config) {
  validate(config);
  return config;
}

void launch(const AppendProblem& problem, Device& device) {
  if (device.backend() == Backend::kSim) return append_simt(problem, device);
#if KVROOF_HAS_CUDA
  append_cuda(problem, device);
#else
  fail("cache: this build has no CUDA backend");
#endif
}

void launch(const AdoptProblem& problem, Device& device) {
  if (device.backend() == Backend::kSim) return adopt_simt(problem, device);
#if KVROOF_HAS_CUDA
  adopt_cuda(problem, device);
#else
  fail("cache: this build has no CUDA backend");
#endif
}

}  // namespace

void validate(const CacheConfig& c) {
  require(c.batch > 0 && c.kv_heads > 0,
          "cache: batch and kv_heads must be positive, got {} and {}", c.batch, c.kv_heads);
  constexpr int grid_limit = 65535;  // of gridDim.y and .z
  require(c.batch <= grid_limit && c.kv_heads <= grid_limit,
          "cache: batch and kv_heads must be at most {}, got {} and {}", grid_limit, c.batch,
          c.kv_heads);
  lane_chunk::require_supported(c.head_dim, c.kept_keys);
  lane_chunk::require_supported(c.head_dim, c.kept_values);
  require(c.max_kv_len > 0, "cache: max_kv_len must be positive, got {}", c.max_kv_len);
  constexpr int most_window = 1 << 24;  // far above any use; window + 64 rows must be an int
  require(c.window >= 0 && c.window <= most_window, "cache: window must be 0 to {}, got {}",
          most_window, c.window);
}

KvCache::KvCache(Device& device, const CacheConfig& config)
    : device_(device),
      config_(validated(config)),
      chunk_capacity_(std::max(1, lane_chunk::compressed_tokens(config.max_kv_len, config.window) /
                                      lane_chunk::kTokens)),
      kv_lengths_(device, static_cast<std::size_t>(config.batch), "kv_lengths"),
      window_keys_(device, window_elements(config), "window_keys"),
      window_values_(device, window_elements(config), "window_values"),
      key_chunks_(device, chunks_bytes(config, chunk_capacity_, config.kept_keys), "key_chunks"),
      value_chunks_(device, chunks_bytes(config, chunk_capacity_, config.kept_values),
                    "value_chunks") {
  compress::validate(pack_problem(Operand::kKeys));  // is there an instance?
  clear();
}

void KvCache::append(const void* keys, const void* values) {
  require_aligned("keys", keys, kPieceBytes);
  require_aligned("values", values, kPieceBytes);
  count_replay();
  launch(AppendProblem{dense_window(), keys, values}, device_);
  for (const Operand operand : {Operand::kKeys, Operand::kValues})
    compress::launch(pack_problem(operand), device_);
}

void KvCache::count_replay() {
  require_room(1);
  ++most_tokens_;
}

void KvCache::prefill(const Prompt& prompt) {
  require(most_tokens_ == 0,
          "cache: a prompt fills an empty cache, this one may hold {} tokens; "
          "clear() it first",
          most_tokens_);
  require(prompt.max_length >= 0 && prompt.row_capacity >= prompt.max_length,
          "cache: a prompt of {} tokens cannot lie in {} rows", prompt.max_length,
          prompt.row_capacity);
  require_room(prompt.max_length);
  require_aligned("lengths", prompt.lengths, sizeof(std::int32_t));
  if (prompt.max_length == 0) return;
  require_aligned("keys", prompt.keys, kPieceBytes);
  require_aligned("values", prompt.values, kPieceBytes);
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    compress::PackProblem problem = pack_problem(operand);
    problem.rows = operand == Operand::kKeys ? prompt.keys : prompt.values;
    problem.row_capacity = prompt.row_capacity;
    problem.kv_lengths = prompt.lengths;
    problem.max_kv_len = prompt.max_length;
    problem.newest_only = false;
    compress::launch(problem, device_);
  }
  launch(
      AdoptProblem{dense_window(), prompt.keys, prompt.values, prompt.row_capacity, prompt.lengths},
      device_);
  most_tokens_ = prompt.max_length;
}

void KvCache::clear() {
  kv_lengths_.fill(std::byte{0});
  most_tokens_ = 0;
}

CacheView KvCache::view() const {
  return {kv_lengths_.data(),  key_chunks_.data(),    value_chunks_.data(), chunk_capacity_,
          window_keys_.data(), window_values_.data(), row_capacity(config_)};
}

std::size_t KvCache::bytes() const {
  return kv_lengths_.bytes() + window_keys_.bytes() + window_values_.bytes() + key_chunks_.bytes() +
         value_chunks_.bytes();
}

DenseWindow KvCache::dense_window() const {
  return {.batch = config_.batch,
          .kv_heads = config_.kv_heads,
          .head_dim = config_.head_dim,
          .max_kv_len = config_.max_kv_len,
          .window = config_.window,
          .row_capacity = row_capacity(config_),
          .keys = window_keys_.data(),
          .values = window_values_.data(),
          .kv_lengths = kv_lengths_.data()};
}

compress::PackProblem KvCache::pack_problem(Operand operand) const {
  const bool keys = operand == Operand::kKeys;
  return {.batch = config_.batch,
          .kv_heads = config_.kv_heads,
          .head_dim = config_.head_dim,
          .value_type = config_.value_type,
          .operand = operand,
          .kept = keys ? config_.kept_keys : config_.kept_values,
          .rows = keys ? window_keys_.data() : window_values_.data(),
          .row_capacity = row_capacity(config_),
          .kv_lengths = kv_lengths_.data(),
          .max_kv_len = config_.max_kv_len,
          .window = config_.window,
          .newest_only = true,
          .chunks = keys ? key_chunks_.data() : value_chunks_.data(),
          .chunk_capacity = chunk_capacity_};
}

void KvCache::require_room(int tokens) const {
  require(tokens <= config_.max_kv_len - most_tokens_,
          "cache: {} more tokens do not fit: there may be {} already, the capacity is {}", tokens,
          most_tokens_, config_.max_kv_len);
}

}  // namespace kvroof::cache
