// SPDX-License-Identifier: Apache-2.0
#include "kernels/baselines/dense/launch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/devices.hpp"
#include "tests/support/validated.hpp"

// The dense kernel, with full and with ThinK's reduced rows, against the reference.
namespace kvroof::dense {
namespace {

using test::element;
using validate::Case;

Case dense_case(int kv_len) {
  Case one = test::small_case(kv_len);
  one.method = "dense";
  return one;
}
Case think_case(int kv_len, int kept_keys, int kept_values, int window) {
  Case one = test::small_case(kv_len);
  one.method = "think";
  one.kept_keys = kept_keys;
  one.kept_values = kept_values;
  one.window = window;
  return one;
}

class Dense : public test::OnEveryBackend {
 protected:
  ::testing::AssertionResult right(const Case& one) {
    return test::passed(validate::validate(one, device()));
  }
};
KVROOF_ON_EVERY_BACKEND(Dense);

TEST_P(Dense, is_right_at_every_length_around_a_tile_and_the_stages) {
  for (const int length : {1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 97, 500}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      for (const int blocks : {0, 1}) {
        Case one = dense_case(length);
        one.value_type = type;
        one.blocks = blocks;
        EXPECT_TRUE(right(one));
      }
    }
  }
}

TEST_P(Dense, serves_every_head_dim_value_type_and_group_size) {
  for (const int head_dim : {64, 128, 256}) {
    for (const ValueType type : {ValueType::kF16, ValueType::kBF16}) {
      for (const int group : {1, 2, 5, 6, 7, 8, 9, 15, 16}) {
        Case one = dense_case(70);
        one.head_dim = head_dim;
        one.value_type = type;
        one.query_heads = 2 * group;
        one.blocks = group % 3;
        EXPECT_TRUE(right(one));
      }
    }
  }
}

TEST_P(Dense, serves_as_many_kv_heads_as_query_heads_and_a_single_one) {
  for (const int kv_heads : {1, 3, 12}) {
    Case one = dense_case(130);
    one.query_heads = 12;
    one.kv_heads = kv_heads;
    EXPECT_TRUE(right(one));
  }
}

TEST_P(Dense, serves_ragged_batches_with_empty_sequences) {
  const std::vector<std::vector<int>> batches = {
      {0, 95, 96, 400}, {0, 0, 1}, {1, 0, 0}, {300, 0, 0, 300}, {15, 16, 17, 63, 64, 65, 95}};
  for (const std::vector<int>& lengths : batches) {
    for (const int blocks : {0, 1, 3}) {
      for (const int query_heads : {8, 24}) {
        Case one = dense_case(0);
        one.batch = static_cast<int>(lengths.size());
        one.kv_lengths = lengths;
        one.query_heads = query_heads;
        one.blocks = blocks;
        EXPECT_TRUE(right(one));
      }
    }
  }
}

TEST_P(Dense, reduces_keys_and_values_to_any_number_of_channels) {
  for (const int head_dim : {64, 128, 256}) {
    for (const int kept : {1, 7, 8, 9, 24, 40, 51, 63, 64}) {
      Case one = think_case(150, kept, head_dim + 1 - kept, 32);
      one.head_dim = head_dim;
      one.value_type = kept % 2 == 0 ? ValueType::kF16 : ValueType::kBF16;
      EXPECT_TRUE(right(one));
    }
  }
}

TEST_P(Dense, reduces_either_side_alone_for_any_group) {
  for (const int group : {1, 8, 9, 16}) {
    for (const int head_dim : {64, 128, 256}) {
      for (const auto& [keys, values] : {std::pair(head_dim, 24), {24, head_dim}}) {
        Case one = think_case(250, keys, values, 17);
        one.head_dim = head_dim;
        one.query_heads = 2 * group;
        one.blocks = group % 3;
        EXPECT_TRUE(right(one));
      }
    }
  }
}

TEST_P(Dense, reads_the_window_of_reduced_rows_in_full) {
  for (const int window : {0, 1, 15, 16, 17, 85, 86, 87, 149, 150, 151, 5000}) {
    for (const int blocks : {0, 1, 3}) {
      Case one = think_case(150, 40, 64, window);
      one.blocks = blocks;
      EXPECT_TRUE(right(one)) << "window " << window;
    }
  }
  Case ragged = think_case(0, 64, 40, 32);
  ragged.batch = 6;
  ragged.kv_lengths = {0, 31, 95, 200, 32, 96};
  ragged.query_heads = 24;
  EXPECT_TRUE(right(ragged));
}

}  // namespace
}  // namespace kvroof::dense
