// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/mustafar/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/support/baseline.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// Mustafar's pipeline against the reference on the same masks.
namespace kvroof::mustafar {
namespace {

using test::PrunedCase;
using test::small_case;
using validate::Case;

test::Rule published(double sparsity) {
  return [sparsity](Operand, const reference::Matrix& rows) {
    return reference::prune_per_token_published(rows, sparsity);
  };
}

struct Result {
  std::vector<std::uint16_t> outputs;
  std::vector<float> log_sum_exps;
  bool operator==(const Result&) const = default;
};

template <class T>
DeviceBuffer<T> upload(Device& device, const std::vector<T>& source, const char* name) {
  DeviceBuffer<T> buffer(device, source.size(), name);
  buffer.upload(source);
  return buffer;
}

/// The tiles of all heads on the device.
class Tiles {
 public:
  Tiles(const PrunedCase& pruned, Operand operand, Device& device) {
    const Case& one = pruned.one();
    const auto capacity =
        static_cast<std::size_t>(tiles(64 * pruned.chunk_capacity(), one.head_dim));
    std::vector<std::uint64_t> bitmaps;
    std::vector<std::int32_t> offsets, head_offsets;
    std::vector<std::uint16_t> values;
    for (int sequence = 0; sequence < one.batch; ++sequence) {
      for (int head = 0; head < one.kv_heads; ++head) {
        EncodedHead encoded =
            encode(operand, one.head_dim, prefix(pruned, operand, sequence, head));
        head_offsets.push_back(static_cast<std::int32_t>(values.size() / 8));
        values.insert(values.end(), encoded.values.begin(), encoded.values.end());
        encoded.bitmaps.resize(capacity, ~std::uint64_t{0});  // never to be read
        encoded.offsets.resize(capacity + 1, std::numeric_limits<std::int32_t>::max());
        bitmaps.insert(bitmaps.end(), encoded.bitmaps.begin(), encoded.bitmaps.end());
        offsets.insert(offsets.end(), encoded.offsets.begin(), encoded.offsets.end());
      }
    }
    bitmaps_ = upload(device, bitmaps, "bitmaps");
    offsets_ = upload(device, offsets, "offsets");
    head_offsets_ = upload(device, head_offsets, "head offsets");
    values_ = upload(device, values, "tile values");
  }
  TileOperand operand() const {
    return {bitmaps_.data(), offsets_.data(), values_.data(), head_offsets_.data()};
  }

 private:
  static std::vector<std::uint16_t> prefix(const PrunedCase& pruned, Operand operand, int sequence,
                                           int head) {
    std::vector<std::uint16_t> rows;
    for (int index = 0; index < pruned.compressed(sequence) / kTile; ++index) {
      const auto chunk = pruned.chunk(operand, sequence, head, index);
      for (std::size_t i = 0; i < chunk.rows.size(); ++i)
        rows.push_back(chunk.mask[i] != 0 ? chunk.rows[i] : std::uint16_t{0});
    }
    return rows;
  }

  DeviceBuffer<std::uint64_t> bitmaps_;
  DeviceBuffer<std::int32_t> offsets_, head_offsets_;
  DeviceBuffer<std::uint16_t> values_;
};

using Tamper = std::function<void(Problem&)>;

Result run(const PrunedCase& pruned, Device& device, const Tamper& tamper = {}) {
  const Case& one = pruned.one();
  std::vector<std::int32_t> lengths;
  for (int sequence = 0; sequence < one.batch; ++sequence)
    lengths.push_back(one.kv_length(sequence));
  const auto kv_lengths = upload(device, lengths, "kv_lengths");
  const auto queries = upload(device, pruned.query_bits(), "queries");
  const Tiles keys(pruned, Operand::kKeys, device);
  const Tiles values(pruned, Operand::kValues, device);
  const auto ring =
      static_cast<std::size_t>(one.batch * one.kv_heads * pruned.window_capacity() * one.head_dim);
  DeviceBuffer<std::uint16_t> window_keys(device, ring, "window keys");
  DeviceBuffer<std::uint16_t> window_values(device, ring, "window values");
  pruned.fill_ring(Operand::kKeys, device, window_keys);
  pruned.fill_ring(Operand::kValues, device, window_values);
  DeviceBuffer<std::uint16_t> outputs(device, queries.size(), "outputs");
  DeviceBuffer<float> log_sum_exps(device, static_cast<std::size_t>(one.batch * one.query_heads),
                                   "log_sum_exps");
  outputs.fill(std::byte{0xff});
  log_sum_exps.fill(std::byte{0xff});

  Problem problem{
      .batch = one.batch,
      .query_heads = one.query_heads,
      .kv_heads = one.kv_heads,
      .head_dim = one.head_dim,
      .value_type = one.value_type,
      .softmax_scale = pruned.scale(),
      .queries = queries.data(),
      .kv_lengths = kv_lengths.data(),
      .max_kv_len = one.max_kv_len(),
      .keys = keys.operand(),
      .values = values.operand(),
      .tile_capacity = static_cast<int>(tiles(64 * pruned.chunk_capacity(), one.head_dim)),
      .window_keys = window_keys.data(),
      .window_values = window_values.data(),
      .window = one.window,
      .window_capacity = pruned.window_capacity(),
      .outputs = outputs.data(),
      .log_sum_exps = log_sum_exps.data()};
  const DeviceBuffer<std::byte> workspace(
      device, static_cast<std::size_t>(workspace_bytes(problem)), "workspace");
  problem.workspace = workspace.data();
  if (tamper) tamper(problem);
  launch(problem, device);
  device.synchronize();
  Result result{std::vector<std::uint16_t>(outputs.size()),
                std::vector<float>(log_sum_exps.size())};
  outputs.download(result.outputs);
  log_sum_exps.download(result.log_sum_exps);
  return result;
}

class MustafarDecode : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult is_right(Case one, const test::Rule& rule = published(0.5),
                                      const std::function<void(inputs::KvTensors&)>& change = {}) {
    inputs::KvTensors tensors = load_inputs(one);
    if (change) change(tensors);
    const PrunedCase pruned(one, std::move(tensors), rule);
    const Result result = run(pruned, device());
    return pruned.agrees(result.outputs, result.log_sum_exps);
  }
};
KVROOF_ON_EVERY_BACKEND(MustafarDecode);

TEST_P(MustafarDecode, is_right_at_every_length_around_a_tile_and_a_block) {
  for (const int length : {1, 31, 33, 64, 95, 96, 97, 127, 128, 160, 287, 288, 289, 352, 600}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      Case one = small_case(length);
      one.value_type = type;
      EXPECT_TRUE(is_right(one));
    }
  }
}

TEST_P(MustafarDecode, serves_every_head_dim) {
  for (const int head_dim : {64, 128, 256}) {
    Case one = small_case(300);
    one.head_dim = head_dim;
    EXPECT_TRUE(is_right(one, published(0.7)));
  }
}

TEST_P(MustafarDecode, serves_tiles_that_are_full_empty_and_anything_between) {
  for (const double sparsity : {0.0, 0.3, 0.9, 0.99}) {
    EXPECT_TRUE(is_right(small_case(200), published(sparsity)));
  }
  const test::Rule halves = [](Operand, const reference::Matrix& rows) {
    reference::Mask mask = reference::Mask::Constant(rows.rows(), rows.cols(), false);
    mask.leftCols(rows.cols() / 2).setConstant(true);
    mask.bottomRows(3).setConstant(true);
    return mask;
  };
  EXPECT_TRUE(is_right(small_case(300), halves));
}

TEST_P(MustafarDecode, serves_any_group_of_query_heads) {
  for (const int group : {1, 3, 4, 7, 8, 11, 16}) {
    Case one = small_case(200);
    one.query_heads = 2 * group;
    EXPECT_TRUE(is_right(one));
  }
}

TEST_P(MustafarDecode, serves_ragged_batches_with_empty_sequences) {
  for (const std::vector<int>& lengths : std::vector<std::vector<int>>{
           {0, 95, 96, 400}, {0, 0, 1}, {300, 0, 0, 300}, {15, 16, 17, 63, 64, 65, 95, 96, 97}}) {
    Case one = small_case(0);
    one.batch = static_cast<int>(lengths.size());
    one.kv_lengths = lengths;
    EXPECT_TRUE(is_right(one));
  }
}

TEST_P(MustafarDecode, attends_to_no_window_and_to_a_window_longer_than_the_cache) {
  for (const int window : {0, 1, 17, 64, 299, 300, 301, 5000}) {
    Case one = small_case(300);
    one.window = window;
    EXPECT_TRUE(is_right(one));
  }
}

TEST_P(MustafarDecode, notices_another_mask) {
  Case one = small_case(300);
  const inputs::KvTensors tensors = load_inputs(one);
  const PrunedCase half(one, tensors, published(0.5));
  const PrunedCase less(one, tensors, published(0.7));
  const Result result = run(less, device());
  EXPECT_TRUE(less.agrees(result.outputs, result.log_sum_exps));
  EXPECT_FALSE(half.agrees(result.outputs, result.log_sum_exps));
}

TEST_P(MustafarDecode, keeps_large_scores_that_16_bits_could_not_hold) {
  EXPECT_TRUE(is_right(small_case(300), published(0.5), [](inputs::KvTensors& t) {
    for (float& query : t.queries) query = test::round_to(t, query * 200.0f);
    for (float& key : t.keys) key = test::round_to(t, key * 200.0f);
  }));
}

TEST_P(MustafarDecode, keeps_what_is_not_finite_where_the_reference_has_it) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const test::Rule by_magnitude = [](Operand, const reference::Matrix& rows) {
    return reference::prune_per_token_magnitude(rows, 64);
  };
  for (const int token : {0, 200, 299}) {
    for (const float special : {infinity, -infinity, nan}) {
      EXPECT_TRUE(is_right(small_case(300), by_magnitude, [&](inputs::KvTensors& t) {
        test::element(t, t.values, 0, 1, token, 77) = special;
      }));
      EXPECT_TRUE(is_right(small_case(300), by_magnitude, [&](inputs::KvTensors& t) {
        test::element(t, t.keys, 0, 0, token, 5) = special;
      }));
    }
  }
}

TEST_P(MustafarDecode, writes_no_log_sum_exps_when_nobody_wants_them) {
  Case one = small_case(200);
  const PrunedCase pruned(one, load_inputs(one), published(0.5));
  const Result wanted = run(pruned, device());
  const Result unwanted = run(pruned, device(), [](Problem& p) { p.log_sum_exps = nullptr; });
  EXPECT_EQ(wanted.outputs, unwanted.outputs);
  for (const float untouched : unwanted.log_sum_exps) EXPECT_TRUE(std::isnan(untouched));
}

TEST_P(MustafarDecode, refuses_what_it_cannot_serve_with_a_sentence) {
  struct Invalid {
    const char* sentence;
    Tamper spoil;
  };
  const Invalid list[] = {
      {"batch must be 1 to 65535, got 0", [](Problem& p) { p.batch = 0; }},
      {"query_heads (8) must be a positive multiple of kv_heads (3)",
       [](Problem& p) { p.kv_heads = 3; }},
      {"head_dim must be 64, 128 or 256, got 96", [](Problem& p) { p.head_dim = 96; }},
      {"max_kv_len must not be negative, got -1", [](Problem& p) { p.max_kv_len = -1; }},
      {"window must not be negative, got -2", [](Problem& p) { p.window = -2; }},
      {"at least window + 63 = 95 rows, got 94", [](Problem& p) { p.window_capacity = 94; }},
      {"need room for 512 tiles, got 511", [](Problem& p) { p.tile_capacity = 511; }},
      {"softmax_scale must be a finite number",
       [](Problem& p) { p.softmax_scale = std::numeric_limits<float>::infinity(); }},
      {"key tiles must not be null", [](Problem& p) { p.keys.bitmaps = nullptr; }},
      {"value tiles must not be null", [](Problem& p) { p.values.head_offsets = nullptr; }},
      {"value tiles must be aligned to 16 bytes", [](Problem& p) { ++p.values.values; }},
      {"queries must not be null", [](Problem& p) { p.queries = nullptr; }},
      {"workspace must not be null", [](Problem& p) { p.workspace = nullptr; }}};
  Case one = small_case(300);
  const PrunedCase pruned(one, load_inputs(one), published(0.5));
  for (const Invalid& invalid : list) {
    try {
      run(pruned, device(), invalid.spoil);
      ADD_FAILURE() << "accepted: " << invalid.sentence;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(invalid.sentence));
    }
  }
}

}  // namespace
}  // namespace kvroof::mustafar
