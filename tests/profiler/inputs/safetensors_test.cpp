// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <string>

#include "profiler/inputs/synthetic.hpp"

namespace kvroof::inputs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A file that is gone after the test; its name differs between tests that run at the same time.
class SafetensorsTest : public testing::Test {
 protected:
  ~SafetensorsTest() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  void write(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string read_back() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  void expect_error(const std::string& bytes, const std::string& text) const {
    write(bytes);
    EXPECT_THAT([&] { read_safetensors(path_, Dtype::kF16); },
                ThrowsMessage<InputError>(AllOf(HasSubstr(text), HasSubstr("cache-"))));
  }

  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() /
      ("cache-" + std::to_string(::getpid()) + "-" +
       testing::UnitTest::GetInstance()->current_test_info()->name() + ".safetensors");
};

std::string little_endian(std::uint64_t word, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>((word >> (8 * i)) & 0xff);
  return bytes;
}

/// A file with this header and `data_bytes` zero bytes of data.
std::string file_of(const std::string& header, std::size_t data_bytes) {
  return little_endian(header.size(), 8) + header + std::string(data_bytes, '\0');
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return '"' + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + '}';
}

/// keys and values of 2 x 1 x 3 x 4 F16 numbers, 48 bytes each.
const std::string kKeys = tensor("keys", "F16", "[2,1,3,4]", "[0,48]");
const std::string kValues = tensor("values", "F16", "[2,1,3,4]", "[48,96]");

KvTensors some_cache(Dtype dtype) {
  SyntheticConfig config;
  config.dtype = dtype;
  config.batch = 2;
  config.kv_heads = 3;
  config.query_heads = 6;
  config.kv_len = 5;
  config.head_dim = 8;
  return generate(config);
}

TEST_F(SafetensorsTest, what_is_written_is_read_back_bit_for_bit) {
  for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16}) {
    KvTensors t = some_cache(dtype);
    t.keys[0] = std::numeric_limits<float>::infinity();
    t.keys[1] = -0.0f;
    t.keys[2] = from_bits(dtype, 1);  // the smallest subnormal
    write_safetensors(path_, t);
    const KvTensors back = read_safetensors(path_, dtype);
    EXPECT_EQ(back.batch, 2);
    EXPECT_EQ(back.kv_heads, 3);
    EXPECT_EQ(back.query_heads, 6);
    EXPECT_EQ(back.kv_len, 5);
    EXPECT_EQ(back.head_dim, 8);
    EXPECT_EQ(back.keys, t.keys);
    EXPECT_EQ(back.values, t.values);
    EXPECT_EQ(back.queries, t.queries);
    EXPECT_TRUE(std::signbit(back.keys[1]));
  }
}

TEST_F(SafetensorsTest, a_cache_without_queries_is_read) {
  KvTensors t = some_cache(Dtype::kF16);
  t.query_heads = 0;
  t.queries.clear();
  write_safetensors(path_, t);
  const KvTensors back = read_safetensors(path_, Dtype::kF16);
  EXPECT_EQ(back.query_heads, 0);
  EXPECT_TRUE(back.queries.empty());
}

TEST_F(SafetensorsTest, more_elements_than_one_chunk_are_read_in_order) {
  SyntheticConfig config;
  config.kv_len = 1100;  // 140 800 elements, a chunk has 65 536
  const KvTensors t = generate(config);
  write_safetensors(path_, t);
  const KvTensors back = read_safetensors(path_, Dtype::kF16);
  EXPECT_EQ(back.keys, t.keys);
  EXPECT_EQ(back.values, t.values);
}

TEST_F(SafetensorsTest, f32_is_rounded_and_the_last_query_is_used) {
  std::string data;
  for (const float x : {1.0f + 0x1p-11f, 2.0f, 3.0f, std::nanf("")}) {  // keys, then values
    data += little_endian(std::bit_cast<std::uint32_t>(x), 4);
  }
  for (int i = 0; i < 2 * 3 * 2; ++i) {  // [1, 2, 3, 2]: 2 heads, 3 queries
    data += little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(i)), 4);
  }
  const std::string header = "{" + tensor("keys", "F32", "[1,1,1,2]", "[0,8]") + "," +
                             tensor("values", "F32", "[1,1,1,2]", "[8,16]") + "," +
                             tensor("queries", "F32", "[1,2,3,2]", "[16,64]") + "}";
  write(little_endian(header.size(), 8) + header + data);
  const KvTensors t = read_safetensors(path_, Dtype::kF16);
  EXPECT_EQ(t.keys, (std::vector<float>{1.0f, 2.0f}));  // halfway goes to even
  EXPECT_EQ(t.values[0], 3.0f);
  EXPECT_TRUE(std::isnan(t.values[1]));
  EXPECT_EQ(t.queries, (std::vector<float>{4, 5, 10, 11}));
}

TEST_F(SafetensorsTest, types_and_order_of_tensors_are_free_and_others_are_skipped) {
  const std::string header =
      "{\"__metadata__\":{\"format\":\"pt\"}," + tensor("values", "BF16", "[1,1,1,2]", "[12,16]") +
      "," + tensor("other", "I64", "[1]", "[0,8]") + "," + tensor("empty", "F32", "[0]", "[8,8]") +
      "," + tensor("keys", "F16", "[1,1,1,2]", "[8,12]") + "}   ";
  write(little_endian(header.size(), 8) + header + std::string(8, '\x7f') +
        little_endian(0x3c00c000u, 4) + little_endian(0x3f80c000u, 4));
  const KvTensors t = read_safetensors(path_, Dtype::kBF16);
  EXPECT_EQ(t.keys, (std::vector<float>{-2.0f, 1.0f}));
  EXPECT_EQ(t.values, (std::vector<float>{-2.0f, 1.0f}));
}

TEST_F(SafetensorsTest, finite_number_beyond_the_type_is_an_error_and_infinity_is_not) {
  const std::string header = "{" + tensor("keys", "F32", "[1,1,1,2]", "[0,8]") + "," +
                             tensor("values", "F32", "[1,1,1,2]", "[8,16]") + "}";
  const auto file_with = [&](float x) {
    return little_endian(header.size(), 8) + header + std::string(12, '\0') +
           little_endian(std::bit_cast<std::uint32_t>(x), 4);
  };
  expect_error(file_with(65520.0f),
               "element 1 of values is 65520, beyond the largest f16 number 65504");
  EXPECT_EQ(read_safetensors(path_, Dtype::kBF16).values[1], 65536.0f);
  write(file_with(-std::numeric_limits<float>::infinity()));
  EXPECT_TRUE(std::isinf(read_safetensors(path_, Dtype::kF16).values[1]));
}

TEST_F(SafetensorsTest, tensors_beyond_four_gibibytes_are_found) {
  const std::uint64_t far = (std::uint64_t{1} << 32) + 6;  // a hole in the file, nothing is stored
  const auto offsets = [far](int from, int to) {
    return '[' + std::to_string(far + static_cast<unsigned>(from)) + ',' +
           std::to_string(far + static_cast<unsigned>(to)) + ']';
  };
  const std::string header = "{" + tensor("other", "U8", "[1]", "[0," + std::to_string(far) + "]") +
                             "," + tensor("keys", "F16", "[1,1,1,2]", offsets(0, 4)) + "," +
                             tensor("values", "F16", "[1,1,1,2]", offsets(4, 8)) + "}";
  write(little_endian(header.size(), 8) + header);
  std::error_code error;
  std::filesystem::resize_file(path_, 8 + header.size() + far + 8, error);
  if (error) GTEST_SKIP() << "this file system cannot hold a sparse file of 4 GiB";
  std::fstream stream(path_, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(8 + header.size() + far));
  stream << little_endian(0x4000'3c00u, 4) << little_endian(0xc000'bc00u, 4);
  stream.close();
  const KvTensors t = read_safetensors(path_, Dtype::kF16);
  EXPECT_EQ(t.keys, (std::vector<float>{1.0f, 2.0f}));
  EXPECT_EQ(t.values, (std::vector<float>{-1.0f, -2.0f}));
}

TEST_F(SafetensorsTest, paths_that_are_no_file_are_refused) {
  EXPECT_THAT([] { read_safetensors("/no/such/cache.safetensors", Dtype::kF16); },
              ThrowsMessage<InputError>(HasSubstr("/no/such/cache.safetensors: no such file")));
  EXPECT_THROW(read_safetensors(std::filesystem::temp_directory_path(), Dtype::kF16), InputError);
  EXPECT_THROW(write_safetensors("/no/such/dir/x.safetensors", some_cache(Dtype::kF16)),
               InputError);
}

TEST_F(SafetensorsTest, lengths_beyond_the_file_are_refused_before_memory_is_asked_for) {
  expect_error("", "0 bytes are too few");
  expect_error("1234567", "7 bytes are too few");
  const std::string whole = file_of("{" + kKeys + "," + kValues + "}", 96);
  for (const int power : {8, 31, 32, 60, 63}) {
    const std::uint64_t length = std::uint64_t{1} << power;
    expect_error(little_endian(length, 8) + whole.substr(8),
                 "claims a header of " + std::to_string(length) + " bytes");
  }
  expect_error(std::string(8, '\xff') + whole.substr(8), "claims a header of 18446744073709551615");
  expect_error(whole.substr(0, 40), "truncated, or not a safetensors file");
  expect_error(whole.substr(0, whole.size() - 1), "inside the 95 bytes of data");
  expect_error(file_of(std::string((16u << 20) + 1, ' '), 0), "at most 16777216 are accepted");
}

TEST_F(SafetensorsTest, headers_that_are_no_json_object_are_refused) {
  expect_error(file_of("", 0), "not valid JSON");
  expect_error(file_of("{\"keys\":", 0), "not valid JSON");
  expect_error(file_of("{} {}", 0), "not valid JSON");
  expect_error(file_of("{\"k\xff\xfe\":1}", 0), "not valid JSON in UTF-8 (at byte");
  expect_error(file_of("[1,2]", 0), "should be a JSON object, got [1,2]");
  expect_error(file_of("null", 0), "should be a JSON object, got null");
  expect_error(file_of("\"keys\"", 0), "should be a JSON object");
  expect_error(file_of("{\"a\":1e99999}", 0), "number no program can hold");
  expect_error(file_of(std::string(1000000, '['), 0), "nested more than 8 levels");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"a\":";
  expect_error(file_of(deep, 0), "nested more than 8 levels");
}

TEST_F(SafetensorsTest, names_given_twice_are_refused) {
  expect_error(file_of("{" + kKeys + "," + kValues + "," + kKeys + "}", 96),
               "has the name \"keys\" twice");
  expect_error(file_of("{\"keys\":{\"shape\":[1],\"shape\":[2]}}", 0), "\"shape\" twice");
}

TEST_F(SafetensorsTest, missing_tensors_are_named) {
  expect_error(file_of("{}", 0), "there is no tensor 'keys'");
  expect_error(file_of("{" + kKeys + "}", 48), "there is no tensor 'values'");
}

TEST_F(SafetensorsTest, offsets_that_lie_are_refused) {
  const auto with_offsets = [](const std::string& offsets) {
    return file_of("{" + kKeys + "," + tensor("values", "F16", "[2,1,3,4]", offsets) + "}", 96);
  };
  expect_error(with_offsets("[48,97]"), "data_offsets [48, 97] of tensor \"values\"");
  expect_error(with_offsets("[96,48]"), "do not lie in order");
  expect_error(with_offsets("[18446744073709551600,18446744073709551615]"), "do not lie in order");
  expect_error(with_offsets("[48,18446744073709551616]"), "should be two whole numbers");
  expect_error(with_offsets("[-48,96]"), "should be two whole numbers");
  expect_error(with_offsets("[48.0,96]"), "should be two whole numbers");
  expect_error(with_offsets("[48]"), "should be two whole numbers, got [48]");
  expect_error(with_offsets("\"48\""), "should be two whole numbers");
  expect_error(with_offsets("[0,48]"), "overlaps another one at byte 0");
  expect_error(with_offsets("[40,88]"), "overlaps another one at byte 40");
  expect_error(
      file_of("{" + kKeys + "," + tensor("values", "F16", "[2,1,3,4]", "[50,98]") + "}", 98),
      "bytes 48 to 50 of the data belong to no tensor");
  expect_error(file_of("{" + kKeys + "," + kValues + "}", 100),
               "bytes 96 to 100 of the data belong to no tensor");
  expect_error(file_of("{\"keys\":7}", 0), "tensor \"keys\" should be an object, got 7");
  expect_error(file_of("{\"a\\u0007b\":7}", 0), "tensor \"a\\u0007b\" should be an object");
}

TEST_F(SafetensorsTest, shapes_that_lie_are_refused) {
  const auto with_shape = [](const std::string& shape) {
    return file_of("{" + tensor("keys", "F16", shape, "[0,48]") + "," + kValues + "}", 96);
  };
  expect_error(with_shape("[2,1,3,5]"), "shape [2, 1, 3, 5] of keys does not match its 48 bytes");
  expect_error(with_shape("[2,1,3,3]"), "does not match");
  expect_error(with_shape("[1,1,1,1]"), "does not match");
  expect_error(with_shape("[4294967296,4294967296,4294967296,24]"), "does not match");
  expect_error(with_shape("[9223372036854775807,2,1,24]"), "does not match");
  expect_error(with_shape("[9223372036854775808,1,1,1]"), "whole numbers of at least 1");
  expect_error(with_shape("[0,1,3,4]"), "whole numbers of at least 1, got [0,1,3,4]");
  expect_error(with_shape("[-2,1,-3,4]"), "whole numbers of at least 1");
  expect_error(with_shape("[2,3,4]"), "should be [batch, heads, length, head_dim], got [2,3,4]");
  expect_error(with_shape("[1,2,1,3,4]"), "should be [batch, heads, length, head_dim]");
  expect_error(with_shape("24"), "should be [batch, heads, length, head_dim]");
  expect_error(with_shape("[2,1,3.0,4]"), "whole numbers");
  expect_error(file_of("{\"keys\":{\"dtype\":\"F16\",\"data_offsets\":[0,0]}," +
                           tensor("values", "F16", "[1,1,1,1]", "[0,2]") + "}",
                       2),
               "got nothing");
}

TEST_F(SafetensorsTest, tensors_that_do_not_fit_each_other_are_refused) {
  expect_error(
      file_of("{" + kKeys + "," + tensor("values", "F16", "[2,1,4,3]", "[48,96]") + "}", 96),
      "values has shape [2, 1, 4, 3], keys has [2, 1, 3, 4]");
  const auto with_queries = [](const std::string& shape, std::size_t bytes) {
    const std::string offsets = "[96," + std::to_string(96 + bytes) + "]";
    const std::string kv = tensor("keys", "F16", "[1,2,3,4]", "[0,48]") + "," +
                           tensor("values", "F16", "[1,2,3,4]", "[48,96]");
    return file_of("{" + kv + "," + tensor("queries", "F16", shape, offsets) + "}", 96 + bytes);
  };
  expect_error(with_queries("[1,3,1,4]", 24), "multiple of the kv heads");
  expect_error(with_queries("[2,2,1,4]", 32), "batch and head_dim must be equal");
  expect_error(with_queries("[1,2,1,8]", 32), "batch and head_dim must be equal");
  expect_error(with_queries("[1,2,0,4]", 0), "shape of queries");
}

TEST_F(SafetensorsTest, types_that_are_not_supported_are_named) {
  for (const char* type : {"I8", "F64", "f16", ""}) {
    expect_error(
        file_of("{" + tensor("keys", type, "[2,1,3,4]", "[0,48]") + "," + kValues + "}", 96),
        "dtype of keys must be F16, BF16 or F32, got \"" + std::string(type) + "\"");
  }
  expect_error(file_of("{\"keys\":{\"dtype\":3,\"data_offsets\":[0,48]}," + kValues + "}", 96),
               "got 3");
}

TEST_F(SafetensorsTest, writer_refuses_sizes_that_disagree) {
  KvTensors t = some_cache(Dtype::kF16);
  t.values.pop_back();
  EXPECT_THAT([&] { write_safetensors(path_, t); },
              ThrowsMessage<InputError>(HasSubstr("values has 239 elements, its shape has 240")));
  EXPECT_THROW(write_safetensors(path_, KvTensors{}), InputError);
}

TEST_F(SafetensorsTest, damaged_files_give_an_input_error_or_a_cache_of_its_shape) {
  write_safetensors(path_, some_cache(Dtype::kF16));
  const std::string valid = read_back();
  const std::size_t header_end = valid.find("}}") + 2;
  std::mt19937_64 rng(2026);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(rng() % n); };
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = valid;
    if (i % 4 == 0) bytes.resize(below(valid.size()));
    const std::size_t flips = bytes.empty() ? 0 : 1 + below(4);
    for (std::size_t f = 0; f < flips; ++f) {
      const std::size_t at = below(std::min(bytes.size(), i % 8 == 1 ? bytes.size() : header_end));
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
    }
    write(bytes);
    try {
      const KvTensors t = read_safetensors(path_, Dtype::kBF16);
      const auto size = static_cast<std::size_t>(t.batch * t.kv_heads * t.kv_len * t.head_dim);
      ASSERT_EQ(t.keys.size(), size);
      ASSERT_EQ(t.values.size(), size);
      ASSERT_LE(size, valid.size());
    } catch (const InputError& error) {
      ++refused;
      const std::string text = error.what();
      ASSERT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 127; }))
          << text;
    }
  }
  EXPECT_GT(refused, 1500);
  EXPECT_LT(refused, 2000);  // flips in the data alone are no error
}

}  // namespace
}  // namespace kvroof::inputs
