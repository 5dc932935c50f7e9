// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "profiler/validate/method.hpp"
#include "profiler/validate/suite_sample.hpp"

namespace kvroof::validate {
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
    next = method_named(next.method).heeded(std::move(next));
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

/// Cases of a method whose kernels know other head_dims and groups than lane chunks do.
void add_instances(CaseList& list, const std::string& method, std::initializer_list<int> head_dims,
                   std::initializer_list<int> groups) {
  for (const int head_dim : head_dims) {
    for (const int group : groups) {
      list.add([&](Case& c) {
        c.method = method;
        c.kv_lengths = {200};
        c.head_dim = head_dim;
        c.query_heads = 2 * group;
        c.kept_keys = c.kept_values = head_dim / 2;
        c.value_type = group % 2 == 0 ? ValueType::kF16 : ValueType::kBF16;
      });
    }
  }
}

void add_lengths_of(CaseList& list, const std::string& method, std::initializer_list<int> lengths) {
  for (const int length : lengths) {
    list.add([&](Case& c) {
      c.method = method;
      c.kv_lengths = {length};
    });
  }
  list.add([&](Case& c) {
    c.method = method;
    c.batch = 5;
    c.kv_lengths = {0, 1, 33, 400, 64};
    c.blocks = 3;
  });
}

/// ThinK's share of channels that stay, of keys and of values in turn fewer, and its window.
void add_think(CaseList& list, std::initializer_list<int> kept,
               std::initializer_list<int> windows) {
  for (const int channels : kept) {
    for (const int window : windows) {
      list.add([&](Case& c) {
        c.method = "think";
        c.kv_lengths = {300};
        c.window = window;
        c.kept_keys = channels;
        c.kept_values = window > 0 ? channels : c.head_dim + 1 - channels;
        c.requested_sparsity = 1.0 - static_cast<double>(c.kept_keys) / c.head_dim;
        c.requested_value_sparsity = 1.0 - static_cast<double>(c.kept_values) / c.head_dim;
      });
    }
  }
}

/// Rules other than the pack kernel's own, sinks, and a cache that grows.
void add_rules(CaseList& list) {
  using prune::Rule;
  const auto add = [&](const char* method, Rule keys, Rule values, int sinks) {
    list.add([&](Case& c) {
      c.method = method;
      c.kv_lengths = {300};
      c.key_rule = keys;
      c.value_rule = values;
      c.sinks = sinks;
      set_sparsity(c, Operand::kKeys, 0.5);
      set_sparsity(c, Operand::kValues, 0.7);
    });
  };
  add("lane_chunk", Rule::kPerTokenOutputAware, Rule::kThink, 0);
  add("lane_chunk", Rule::kThink, Rule::kFourOfEight, 0);
  add("lane_chunk", Rule::kPublished, Rule::kPerChannelOutputAware, 0);
  add("lane_chunk", Rule::kPerTokenMagnitude, Rule::kPerChannelMagnitude, 4);
  add("mustafar", Rule::kPublished, Rule::kPerChannelMagnitude, 4);
  add("mustafar", Rule::kTwoOfFour, Rule::kPerChannelOutputAware, 0);
  list.add([](Case& c) {
    c.batch = 2;
    c.kv_lengths = {97, 200};
    c.appended = 70;
  });
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
  add_lengths_of(list, "dense", {1, 97, 500});
  add_instances(list, "dense", {64, 256}, {3, 12});
  add_think(list, {40, 64}, {0, 32});
  add_lengths_of(list, "two_four", {1, 97, 500});
  add_lengths_of(list, "mustafar", {1, 97, 400});
  add_instances(list, "mustafar", {64, 256}, {3, 12});
  add_instances(list, "cublas", {128}, {3, 4});
  add_rules(list);
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
  add_lengths_of(list, "dense", {1, 15, 16, 17, 48, 49, 127, 1025, 4096});
  add_instances(list, "dense", {64, 128, 256}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16});
  add_lengths_of(list, "think", {1, 32, 33, 500});
  add_instances(list, "think", {64, 128, 256}, {1, 4, 5, 16});
  add_think(list, {1, 8, 51, 64, 77, 128}, {0, 17, 1000});
  add_lengths_of(list, "two_four", {1, 15, 31, 95, 96, 97, 160, 161, 500, 1025, 2048, 4096});
  add_instances(list, "two_four", {128}, {1, 2, 3, 4, 5, 6, 7, 8});
  add_lengths_of(list, "mustafar", {1, 31, 95, 96, 97, 160, 161, 289, 1025});
  add_instances(list, "mustafar", {64, 128, 256}, {1, 4, 5, 8, 16});
  add_instances(list, "cublas", {64, 128, 256}, {1, 2, 3, 4, 5, 8, 16});
  for (const Case& sampled : sampled_cases()) {
    list.add([&](Case& c) {
      const std::uint64_t seed = c.seed;
      c = sampled;
      c.seed = seed;
    });
  }
  return list.take();
}

}  // namespace

std::vector<Case> suite_cases(Suite suite) {
  return suite == Suite::kSmoke ? smoke_cases() : full_cases();
}

}  // namespace kvroof::validate
