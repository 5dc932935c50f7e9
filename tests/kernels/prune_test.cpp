// SPDX-License-Identifier: Apache-2.0
#include "kernels/prune/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "reference/prune.hpp"
#include "tests/support/convert.hpp"
#include "tests/support/devices.hpp"

// The mask kernels against the reference: equal, bit for bit.
namespace kvroof::prune {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Rows = std::vector<std::uint16_t>;
using Masks = std::vector<std::uint64_t>;

constexpr std::uint64_t kUntouched = 0xeeeeeeeeeeeeeeeeu;

/// A launch, and how the reference is asked the same.
struct Prune {
  Rule rule = Rule::kPerTokenMagnitude;
  Operand operand = Operand::kKeys;
  ValueType type = ValueType::kF16;
  int head_dim = 128;
  double sparsity = 0.5;
  int kv_heads = 1;
  std::vector<std::int32_t> kv_lengths = {64};
  int sinks = 0;
  int window = 0;
  int group = 2;  // query heads per kv head
  int num_queries = 3;
  int spare_rows = 2;  // beyond the longest sequence

  int kept() const { return kept_count(rule, head_dim, sparsity).kept; }
  int max_kv_len() const { return *std::max_element(kv_lengths.begin(), kv_lengths.end()); }
  int capacity() const { return max_kv_len() + spare_rows; }
  std::size_t heads() const { return kv_lengths.size() * static_cast<std::size_t>(kv_heads); }
  std::size_t row_words() const { return static_cast<std::size_t>(head_dim / 64); }
  std::size_t num_rows() const { return heads() * static_cast<std::size_t>(capacity()); }
};

struct Inputs {
  Rows rows;                   // [heads, capacity, head_dim]
  Rows queries;                // [heads, group, num_queries, head_dim]
  std::vector<float> weights;  // [heads, capacity]
};

using Bits = std::function<std::uint16_t(std::mt19937&)>;

std::uint16_t any_bits(std::mt19937& random) { return static_cast<std::uint16_t>(random()); }
/// 1, 1.25, 1.5 or 1.75 of either sign in f16, and something as close in bf16: ties everywhere.
std::uint16_t few_magnitudes(std::mt19937& random) {
  return static_cast<std::uint16_t>(0x3c00 + 0x100 * (random() % 4) + 0x8000 * (random() % 2));
}
/// Finite numbers of all sizes: sums of their squares do not fit 53 bits.
std::uint16_t any_finite(std::mt19937& random) {
  return static_cast<std::uint16_t>(random() % 0x7c00 + 0x8000 * (random() % 2));
}
/// Numbers around 1.
std::uint16_t ordinary(std::mt19937& random) {
  return static_cast<std::uint16_t>(0x3000 + random() % 0x1400 + 0x8000 * (random() % 2));
}

Inputs draw(const Prune& prune, const Bits& bits, unsigned seed) {
  std::mt19937 random(seed);
  const auto head_dim = static_cast<std::size_t>(prune.head_dim);
  Inputs inputs;
  inputs.rows.resize(prune.num_rows() * head_dim);
  inputs.queries.resize(prune.heads() * static_cast<std::size_t>(prune.group * prune.num_queries) *
                        head_dim);
  for (std::uint16_t& value : inputs.rows) value = bits(random);
  for (std::uint16_t& value : inputs.queries) value = bits(random);
  for (std::size_t i = 0; i < prune.num_rows(); ++i)
    inputs.weights.push_back(static_cast<float>(random() % 7) / 8.0f);
  return inputs;
}

template <class T>
DeviceBuffer<T> upload(Device& device, const std::vector<T>& host, const char* name) {
  DeviceBuffer<T> buffer(device, host.size(), name);
  buffer.upload(host);
  return buffer;
}

/// Masks [heads, capacity, head_dim / 64] in memory that held kUntouched before.
Masks pruned(const Prune& prune, const Inputs& inputs, Device& device) {
  auto rows = upload(device, inputs.rows, "rows");
  auto queries = upload(device, inputs.queries, "queries");
  auto weights = upload(device, inputs.weights, "weights");
  auto lengths = upload(device, prune.kv_lengths, "kv_lengths");
  auto masks = upload(device, Masks(prune.num_rows() * prune.row_words(), kUntouched), "masks");
  PruneProblem problem{.batch = static_cast<int>(prune.kv_lengths.size()),
                       .kv_heads = prune.kv_heads,
                       .head_dim = prune.head_dim,
                       .value_type = prune.type,
                       .operand = prune.operand,
                       .rule = prune.rule,
                       .kept = prune.kept(),
                       .rows = rows.data(),
                       .row_capacity = prune.capacity(),
                       .kv_lengths = lengths.data(),
                       .max_kv_len = prune.max_kv_len(),
                       .sinks = prune.sinks,
                       .window = prune.window,
                       .queries = queries.data(),
                       .query_heads = prune.kv_heads * prune.group,
                       .num_queries = prune.num_queries,
                       .weights = weights.data(),
                       .masks = masks.data()};
  DeviceBuffer<std::byte> workspace(device, static_cast<std::size_t>(workspace_bytes(problem)),
                                    "workspace");
  problem.workspace = workspace.data();
  launch(problem, device);
  device.synchronize();
  Masks result(masks.size());
  masks.download(result);
  return result;
}

reference::Mask reference_rule(const Prune& prune, const reference::Matrix& rows,
                               const reference::Matrix& queries, const reference::Vector& weights) {
  const auto [kept, of] = kept_count(prune.rule, prune.head_dim, prune.sparsity);
  switch (prune.rule) {
    case Rule::kNone: return reference::Mask::Constant(rows.rows(), rows.cols(), true);
    case Rule::kPerTokenMagnitude: return reference::prune_per_token_magnitude(rows, kept);
    case Rule::kPublished: return reference::prune_per_token_published(rows, prune.sparsity);
    case Rule::kPerTokenOutputAware: return reference::prune_keys_output_aware(rows, queries, kept);
    case Rule::kTwoOfFourTokens:
    case Rule::kPerChannelMagnitude:
      return reference::prune_values_per_channel_magnitude(rows, kept, of);
    case Rule::kPerChannelOutputAware:
      return reference::prune_values_per_channel_output_aware(rows, weights, kept, of);
    case Rule::kThink:
      return prune.operand == Operand::kKeys ? reference::prune_keys_think(rows, queries, kept)
                                             : reference::prune_values_think(rows, kept);
    default: return reference::prune_n_of_m(rows, kept, of);
  }
}

/// What pruned() should give.
Masks expected(const Prune& prune, const Inputs& inputs) {
  Masks result(prune.num_rows() * prune.row_words(), kUntouched);
  const auto capacity = static_cast<std::size_t>(prune.capacity());
  const auto head_dim = static_cast<std::size_t>(prune.head_dim);
  const std::size_t head_queries =
      static_cast<std::size_t>(prune.group * prune.num_queries) * head_dim;
  for (std::size_t head = 0; head < prune.heads(); ++head) {
    const int length = prune.kv_lengths[head / static_cast<std::size_t>(prune.kv_heads)];
    const int count = prunable_tokens(length, prune.sinks, prune.window);
    reference::Mask mask = reference::Mask::Constant(length, prune.head_dim, true);
    if (count > 0) {
      const auto rows = test::to_matrix(
          prune.type,
          std::span(inputs.rows).subspan(head * capacity * head_dim, capacity * head_dim),
          prune.head_dim);
      const auto queries = test::to_matrix(
          prune.type, std::span(inputs.queries).subspan(head * head_queries, head_queries),
          prune.head_dim);
      const Eigen::VectorXf weights = Eigen::Map<const Eigen::VectorXf>(
          inputs.weights.data() + head * capacity, prune.capacity());
      mask.middleRows(prune.sinks, count) =
          reference_rule(prune, rows.middleRows(prune.sinks, count), queries,
                         weights.segment(prune.sinks, count).cast<double>());
    }
    for (Eigen::Index t = 0; t < length; ++t) {
      for (std::size_t w = 0; w < prune.row_words(); ++w) {
        std::uint64_t word = 0;
        for (std::size_t c = 0; c < 64; ++c)
          word |= std::uint64_t{mask(t, static_cast<Eigen::Index>(64 * w + c))} << c;
        result[(head * capacity + static_cast<std::size_t>(t)) * prune.row_words() + w] = word;
      }
    }
  }
  return result;
}

class PruneKernels : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult equals_reference(const Prune& prune, const Inputs& inputs) {
    const Masks got = pruned(prune, inputs, device());
    const Masks want = expected(prune, inputs);
    const auto [at, wanted] = std::mismatch(got.begin(), got.end(), want.begin());
    if (at == got.end()) return ::testing::AssertionSuccess();
    const auto word = static_cast<std::size_t>(at - got.begin());
    return ::testing::AssertionFailure()
           << to_string(prune.rule) << (prune.operand == Operand::kKeys ? " keys" : " values")
           << ", " << to_string(prune.type) << ", head_dim " << prune.head_dim << ", sparsity "
           << prune.sparsity << ": row " << word / prune.row_words() << ", word "
           << word % prune.row_words() << ": got " << std::hex << *at << ", wanted " << *wanted;
  }
  ::testing::AssertionResult equals_reference(const Prune& prune, const Bits& bits, unsigned seed) {
    return equals_reference(prune, draw(prune, bits, seed));
  }
  /// Every rule of both sides; `change` may set the rest.
  void expect_equal_for_every_rule(const Bits& bits, const std::function<void(Prune&)>& change) {
    unsigned seed = 0;
    for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
      for (const Rule rule : rules_of(operand)) {
        Prune prune;
        prune.rule = rule;
        prune.operand = operand;
        change(prune);
        EXPECT_TRUE(equals_reference(prune, bits, ++seed));
      }
    }
  }
};
KVROOF_ON_EVERY_BACKEND(PruneKernels);

TEST_P(PruneKernels, write_the_masks_of_the_reference_for_any_bit_patterns) {
  for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
    for (const int head_dim : {64, 128, 256}) {
      expect_equal_for_every_rule(any_bits, [&](Prune& prune) {
        prune.type = type;
        prune.head_dim = head_dim;
      });
    }
  }
}

TEST_P(PruneKernels, write_the_masks_of_the_reference_at_every_sparsity) {
  for (const double sparsity : {0.0, 0.3, 0.7, 0.9, 0.99})
    expect_equal_for_every_rule(ordinary, [&](Prune& prune) { prune.sparsity = sparsity; });
}

TEST_P(PruneKernels, break_ties_as_the_reference_does) {
  for (const double sparsity : {0.5, 0.7})
    expect_equal_for_every_rule(few_magnitudes, [&](Prune& prune) { prune.sparsity = sparsity; });
}

TEST_P(PruneKernels, treat_zeros_infinities_and_NaN_as_the_reference_does) {
  const std::uint16_t infinity = 0x7c00;
  for (const int share : {2, 8, 200}) {  // one in so many is special
    expect_equal_for_every_rule(
        [&](std::mt19937& random) -> std::uint16_t {
          constexpr std::uint16_t special[] = {0, 0x8000, infinity, 0xfc00, 0x7c01, 0xfe00, 1};
          if (random() % static_cast<unsigned>(share) == 0) return special[random() % 7];
          return ordinary(random);
        },
        [](Prune&) {});
  }
  expect_equal_for_every_rule([](std::mt19937&) { return std::uint16_t{0}; }, [](Prune&) {});
  expect_equal_for_every_rule([](std::mt19937&) { return std::uint16_t{0x7e00}; }, [](Prune&) {});
}

TEST_P(PruneKernels, treat_strange_attention_weights_as_the_reference_does) {
  Prune prune;
  prune.rule = Rule::kPerChannelOutputAware;
  prune.operand = Operand::kValues;
  prune.kv_lengths = {128};
  Inputs inputs = draw(prune, any_bits, 3);
  const float special[] = {0.0f, -0.0f, -2.5f, INFINITY, -INFINITY, NAN, 1e-45f, 3.4e38f, 1.0f};
  for (std::size_t i = 0; i < inputs.weights.size(); ++i) inputs.weights[i] = special[i * 5 % 9];
  EXPECT_TRUE(equals_reference(prune, inputs));
}

TEST_P(PruneKernels, sum_in_the_order_of_tokens_and_queries) {
  // Channels hold the same numbers in another order: equal sums, but for the last bits.
  for (const Operand operand : {Operand::kKeys, Operand::kValues}) {
    Prune prune;
    prune.rule = Rule::kThink;
    prune.operand = operand;
    prune.kv_lengths = {256};  // a power of two: an odd stride permutes its rows
    prune.spare_rows = 0;
    prune.num_queries = 32;
    Inputs inputs = draw(prune, any_finite, 5);
    const auto shuffle_rows = [&](Rows& rows) {
      const std::size_t count = rows.size() / 128;
      for (std::size_t c = 1; c < 128; ++c)
        for (std::size_t t = 0; t < count; ++t)
          rows[t * 128 + c] = rows[(t * (2 * c + 1) + c) % count * 128];
    };
    shuffle_rows(inputs.rows);
    shuffle_rows(inputs.queries);
    EXPECT_TRUE(equals_reference(prune, inputs));
  }
}

TEST_P(PruneKernels, keep_sinks_window_and_what_does_not_fill_a_group_dense) {
  for (const auto& [sinks, window] :
       std::vector<std::pair<int, int>>{{0, 32}, {4, 0}, {3, 17}, {64, 64}, {1000, 1}, {1, 1000}}) {
    expect_equal_for_every_rule(ordinary, [&, s = sinks, w = window](Prune& prune) {
      prune.sinks = s;
      prune.window = w;
      prune.kv_lengths = {200};
    });
  }
}

TEST_P(PruneKernels, take_ragged_batches_and_leave_rows_beyond_a_sequence_alone) {
  expect_equal_for_every_rule(ordinary, [](Prune& prune) {
    prune.kv_heads = 3;
    prune.kv_lengths = {130, 0, 63, 64, 1, 65};
    prune.sinks = 1;
    prune.group = 1;
    prune.spare_rows = 5;
  });
}

TEST_P(PruneKernels, do_nothing_without_tokens) {
  expect_equal_for_every_rule(ordinary, [](Prune& prune) { prune.kv_lengths = {0, 0}; });
}

TEST_P(PruneKernels, cost_what_their_page_says) {
  if (!simulated()) GTEST_SKIP() << "instructions are counted by the simulator only";
  const auto cost = [&](Rule rule, Operand operand) {  // warp instructions per row
    Prune prune;
    prune.rule = rule;
    prune.operand = operand;
    prune.kv_lengths = {256};
    prune.num_queries = 32;
    auto& simulator = simt::as_simulator(device());
    simulator.reset();
    pruned(prune, draw(prune, ordinary, 1), device());
    std::uint64_t count = 0;
    for (const std::uint64_t of_pipe : simulator.launches().back().counters.instructions)
      count += of_pipe;
    return static_cast<double>(count) / 256;
  };
  const auto expect = [](double got, double page) { EXPECT_NEAR(got, page, 0.02 * page); };
  expect(cost(Rule::kThink, Operand::kValues), 43);
  expect(cost(Rule::kTwoOfFour, Operand::kKeys), 161);
  expect(cost(Rule::kFourOfEight, Operand::kKeys), 257);
  expect(cost(Rule::kEightOfSixteen, Operand::kKeys), 449);
  expect(cost(Rule::kTwoOfFourTokens, Operand::kValues), 137);
  expect(cost(Rule::kPerChannelMagnitude, Operand::kValues), 809);
  expect(cost(Rule::kPerChannelOutputAware, Operand::kValues), 1233);
  expect(cost(Rule::kPublished, Operand::kKeys), 326);
  expect(cost(Rule::kPerTokenMagnitude, Operand::kKeys), 372);
  expect(cost(Rule::kPerTokenOutputAware, Operand::kKeys), 4717);
}

TEST_P(PruneKernels, refuse_an_invalid_problem_with_a_sentence_and_launch_nothing) {
  alignas(16) static std::byte memory[64];
  static const std::int32_t lengths[] = {640};
  const PruneProblem good{.batch = 1,
                          .kv_heads = 2,
                          .head_dim = 128,
                          .kept = 64,
                          .rows = memory,
                          .row_capacity = 640,
                          .kv_lengths = lengths,
                          .max_kv_len = 640,
                          .queries = memory,
                          .query_heads = 4,
                          .num_queries = 32,
                          .workspace = memory,
                          .weights = reinterpret_cast<const float*>(memory),
                          .masks = reinterpret_cast<std::uint64_t*>(memory)};
  const auto refused = [&](const char* sentence, const std::function<void(PruneProblem&)>& spoil) {
    PruneProblem problem = good;
    spoil(problem);
    EXPECT_THAT([&] { launch(problem, device()); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(sentence)));
  };
  using P = PruneProblem;
  refused("batch and kv_heads must be positive, got 0 and 2", [](P& p) { p.batch = 0; });
  refused("must be at most 65535, got 65536 and 2", [](P& p) { p.batch = 65536; });
  refused("head_dim must be 64, 128 or 256", [](P& p) { p.head_dim = 96; });
  refused("per_channel_magnitude is no rule for keys",
          [](P& p) { p.rule = Rule::kPerChannelMagnitude; });
  refused("per_token_output_aware is no rule for values", [](P& p) {
    p.rule = Rule::kPerTokenOutputAware;
    p.operand = Operand::kValues;
  });
  refused("keeps 1 to 128 of the entries that compete, got 0", [](P& p) { p.kept = 0; });
  refused("keeps 1 to 128 of the entries that compete, got 129", [](P& p) { p.kept = 129; });
  refused("2:4 keeps 1 to 4", [](P& p) {
    p.rule = Rule::kTwoOfFour;
    p.kept = 5;
  });
  refused("per_channel_magnitude keeps 1 to 32", [](P& p) {
    p.rule = Rule::kPerChannelMagnitude;
    p.operand = Operand::kValues;
  });
  refused("must not be negative, got 640, -1 and 0", [](P& p) { p.sinks = -1; });
  refused("must not be negative, got 640, 0 and -1", [](P& p) { p.window = -1; });
  refused("640 tokens need as many rows, there are 639", [](P& p) { p.row_capacity = 639; });
  refused("rows must be a pointer", [](P& p) { p.rows = nullptr; });
  refused("rows must be a pointer", [](P& p) { p.rows = memory + 1; });
  refused("kv_lengths must be a pointer", [](P& p) { p.kv_lengths = nullptr; });
  refused("masks must be a pointer", [](P& p) { p.masks = nullptr; });
  refused("think needs query heads", [](P& p) {
    p.rule = Rule::kThink;
    p.query_heads = 3;
  });
  refused("at least one query", [](P& p) {
    p.rule = Rule::kThink;
    p.num_queries = 0;
  });
  refused("queries must be a pointer", [](P& p) {
    p.rule = Rule::kPerTokenOutputAware;
    p.queries = nullptr;
  });
  refused("workspace must be a pointer aligned to 8", [](P& p) {
    p.rule = Rule::kThink;
    p.workspace = memory + 4;
  });
  refused("weights must be a pointer", [](P& p) {
    p.rule = Rule::kPerChannelOutputAware;
    p.operand = Operand::kValues;
    p.kept = 16;
    p.weights = nullptr;
  });
  EXPECT_TRUE(!simulated() || simt::as_simulator(device()).launches().empty());
}

}  // namespace
}  // namespace kvroof::prune
