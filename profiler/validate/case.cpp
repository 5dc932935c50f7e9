// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/case.hpp"

#include <algorithm>
#include <limits>

#include "kernels/error.hpp"

namespace kvroof::validate {

int Case::kv_length(int sequence) const {
  return kv_lengths.size() == 1 ? kv_lengths.front()
                                : kv_lengths.at(static_cast<std::size_t>(sequence));
}

int Case::max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }

void check(const Case& one) {
  require(one.batch > 0, "batch must be positive, got {}", one.batch);
  require(one.kv_heads > 0 && one.query_heads > 0 && one.query_heads % one.kv_heads == 0,
          "query heads ({}) must be a positive multiple of kv heads ({})", one.query_heads,
          one.kv_heads);
  require(one.head_dim > 0, "head_dim must be positive, got {}", one.head_dim);
  require(
      one.kv_lengths.size() == 1 || one.kv_lengths.size() == static_cast<std::size_t>(one.batch),
      "kv_len needs one number, or one per sequence ({}), got {}", one.batch,
      one.kv_lengths.size());
  for (const int length : one.kv_lengths)
    require(length >= 0, "kv_len must not be negative, got {}", length);
  require(one.max_kv_len() > 0, "kv_len is 0: there is no token to attend to");
  constexpr int most_window = std::numeric_limits<int>::max() - 63;  // a chunk may wait beside it
  require(one.window >= 0 && one.window <= most_window, "window must be 0 to {}, got {}",
          most_window, one.window);
  constexpr int most_blocks = 65535;  // far above what any GPU runs at once
  require(one.blocks >= 0 && one.blocks <= most_blocks, "blocks must be 0 to {}, got {}",
          most_blocks, one.blocks);
  for (const int kept : {one.kept_keys, one.kept_values}) {
    require(kept >= 1 && kept <= one.head_dim, "kept must be 1 to head_dim ({}), got {}",
            one.head_dim, kept);
  }
}

double host_bytes(const Case& one) {
  constexpr double per_cache_element = 12;  // f32 and 16-bit on the host, 16-bit on the device, of
  constexpr double per_element = 8;         // K and of V each; the reference's copies aside
  const double heads = static_cast<double>(one.batch) * one.kv_heads;
  const double queries = static_cast<double>(one.batch) * one.query_heads;
  const double tokens = 2.0 * heads * one.max_kv_len() * per_cache_element;
  return one.head_dim * (tokens + (2.0 * heads * one.window + queries) * per_element);
}

std::string describe(const Case& one) {
  std::string lengths = fmt::format("{}", fmt::join(one.kv_lengths, ","));
  if (one.kv_lengths.size() > 4) lengths = fmt::format("0..{}", one.max_kv_len());
  return fmt::format("{} x {}/{} heads x {} tokens x {}, window {}, kept {}/{}, {}", one.batch,
                     one.query_heads, one.kv_heads, lengths, one.head_dim, one.window,
                     one.kept_keys, one.kept_values, to_string(one.value_type));
}

namespace {

/// Builds lists of cases that differ from a base in one or two places.
class CaseList {
 public:
  explicit CaseList(Case base) : base_(std::move(base)) {}

  template <class Change>
  void add(Change&& change) {
    Case next = base_;
    next.seed = cases_.size() + 1;
    change(next);
    check(next);
    cases_.push_back(std::move(next));
  }
  std::vector<Case> take() { return std::move(cases_); }

 private:
  Case base_;
  std::vector<Case> cases_;
};

void add_lengths(CaseList& list, std::initializer_list<int> lengths) {
  for (const int length : lengths) list.add([&](Case& c) { c.kv_lengths = {length}; });
}

void add_kept(CaseList& list, std::initializer_list<std::pair<int, int>> kept) {
  for (const auto& [keys, values] : kept) {
    list.add([&](Case& c) {
      c.kv_lengths = {300};
      c.kept_keys = keys;
      c.kept_values = values;
      c.requested_sparsity = 1.0 - static_cast<double>(keys) / c.head_dim;
    });
  }
}

void add_groups(CaseList& list, std::initializer_list<std::pair<int, int>> heads) {
  for (const auto& [query_heads, kv_heads] : heads) {
    list.add([&](Case& c) {
      c.kv_lengths = {300};
      c.query_heads = query_heads;
      c.kv_heads = kv_heads;
    });
  }
}

Case small_base() {
  Case base;
  base.query_heads = 8;
  base.kv_heads = 2;
  return base;
}

std::vector<Case> smoke_cases() {
  CaseList list(small_base());
  add_lengths(list, {1, 32, 96, 97, 200, 500});
  add_kept(list, {{40, 40}, {128, 1}, {1, 128}, {64, 40}});
  add_groups(list, {{1, 1}, {2, 1}, {8, 1}});
  list.add([](Case& c) {
    c.batch = 4;
    c.kv_lengths = {0, 95, 96, 400};
    c.value_type = ValueType::kBF16;
  });
  list.add([](Case& c) {
    c.kv_lengths = {700};
    c.blocks = 5;
    c.window = 0;
  });
  return list.take();
}

std::vector<Case> full_cases() {
  CaseList list(small_base());
  add_lengths(list, {1,   2,   15,  16,  17,  31,  32,  33,  63,  64,  65,   95,   96,   97,  127,
                     128, 129, 159, 160, 161, 255, 287, 288, 289, 511, 1023, 1025, 2048, 3001});
  add_kept(list, {{1, 1},
                  {2, 3},
                  {7, 8},
                  {8, 8},
                  {24, 40},
                  {40, 24},
                  {40, 40},
                  {63, 65},
                  {64, 64},
                  {64, 128},
                  {96, 96},
                  {127, 127},
                  {128, 64},
                  {128, 128}});
  add_groups(list, {{1, 1},
                    {2, 1},
                    {3, 1},
                    {4, 1},
                    {5, 1},
                    {6, 1},
                    {7, 1},
                    {8, 1},
                    {8, 8},
                    {6, 3},
                    {32, 8},
                    {64, 8}});
  for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
    for (const int window : {0, 1, 16, 32, 64, 100, 1000}) {
      list.add([&](Case& c) {
        c.kv_lengths = {450};
        c.window = window;
        c.value_type = type;
      });
    }
    for (const int blocks : {1, 2, 3, 7, 16, 40}) {
      list.add([&](Case& c) {
        c.kv_lengths = {1000};
        c.blocks = blocks;
        c.value_type = type;
      });
    }
    for (const double strength : {0.0, 1.0, 3.0}) {
      list.add([&](Case& c) {
        c.kv_lengths = {600};
        c.outlier_strength = strength;
        c.value_type = type;
      });
    }
    list.add([&](Case& c) {
      c.batch = 7;
      c.kv_lengths = {0, 1, 31, 96, 95, 1000, 64};
      c.value_type = type;
    });
    for (const int kept : {64, 40}) {  // Llama-3-8B
      list.add([&](Case& c) {
        c.query_heads = 32;
        c.kv_heads = 8;
        c.kv_lengths = {4096};
        c.kept_keys = c.kept_values = kept;
        c.requested_sparsity = kept == 64 ? 0.5 : 0.7;
        c.value_type = type;
      });
    }
  }
  return list.take();
}

}  // namespace

std::vector<Case> suite_cases(Suite suite) {
  return suite == Suite::kSmoke ? smoke_cases() : full_cases();
}

}  // namespace kvroof::validate
