// SPDX-License-Identifier: Apache-2.0
#include "profiler/analysis/cache.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "profiler/inputs/error.hpp"
#include "profiler/inputs/safetensors.hpp"

namespace kvroof::analysis {
namespace {

CacheSource synthetic() {
  CacheSource source;
  source.synthetic.batch = 2;
  source.synthetic.query_heads = 4;
  source.synthetic.kv_heads = 2;
  source.synthetic.kv_len = 5;
  source.synthetic.head_dim = 8;
  source.synthetic.seed = 3;
  return source;
}

std::vector<std::vector<float>> rows_of(const std::vector<float>& tensor, std::size_t head_dim) {
  std::vector<std::vector<float>> rows;
  for (auto at = tensor.begin(); at != tensor.end(); at += static_cast<std::ptrdiff_t>(head_dim))
    rows.emplace_back(at, at + static_cast<std::ptrdiff_t>(head_dim));
  return rows;
}

TEST(Queries, that_score_are_never_those_that_evaluate) {
  const CacheSource source = synthetic();
  const Queries queries = load_queries(source, load_cache(source), 6, 3);
  const auto scoring = rows_of(queries.scoring, 8);
  const auto evaluation = rows_of(queries.evaluation, 8);
  ASSERT_EQ(scoring.size(), 2u * 4 * 6);
  ASSERT_EQ(evaluation.size(), 2u * 4 * 3);
  for (const auto& one : scoring)
    for (const auto& other : evaluation) EXPECT_NE(one, other);
}

TEST(Queries, that_evaluate_do_not_depend_on_how_many_score) {
  const CacheSource source = synthetic();
  const auto cache = load_cache(source);
  EXPECT_EQ(load_queries(source, cache, 6, 3).evaluation,
            load_queries(source, cache, 1, 3).evaluation);
}

/// A file with `q_len` queries per head; element i of a tensor is i.
class FileWithQueries {
 public:
  explicit FileWithQueries(int q_len)
      : path_(std::filesystem::temp_directory_path() / "kvroof-analysis-queries.safetensors") {
    nlohmann::json header;
    std::string data;
    const auto add = [&](const char* name, std::vector<int> shape) {
      int count = 1;
      for (const int size : shape) count *= size;
      const std::size_t begin = data.size();
      for (int i = 0; i < count; ++i) {
        const auto number = static_cast<float>(i);
        data.append(reinterpret_cast<const char*>(&number), sizeof number);
      }
      header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
    };
    add("keys", {1, 1, 3, 2});
    add("values", {1, 1, 3, 2});
    if (q_len > 0) add("queries", {1, 2, q_len, 2});
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), sizeof length);
    file << text << data;
  }
  ~FileWithQueries() { std::filesystem::remove(path_); }

  Queries queries(int num_scoring, int num_evaluation) const {
    CacheSource source;
    source.file = path_.string();
    source.synthetic.query_heads = 3;
    return load_queries(source, load_cache(source), num_scoring, num_evaluation);
  }

 private:
  std::filesystem::path path_;
};

TEST(Queries, of_a_file_evaluate_from_its_end_and_score_from_before) {
  const Queries queries = FileWithQueries(5).queries(2, 2);
  EXPECT_EQ(queries.query_heads, 2);
  EXPECT_EQ(queries.evaluation, (std::vector<float>{6, 7, 8, 9, 16, 17, 18, 19}));
  EXPECT_EQ(queries.scoring, (std::vector<float>{2, 3, 4, 5, 12, 13, 14, 15}));
}

TEST(Queries, of_a_file_score_with_as_many_as_there_are) {
  const Queries queries = FileWithQueries(3).queries(32, 2);
  EXPECT_EQ(queries.num_scoring, 1);
  EXPECT_EQ(queries.scoring, (std::vector<float>{0, 1, 6, 7}));
}

TEST(Queries, are_drawn_for_a_file_that_has_too_few_to_tell_apart) {
  const Queries queries = FileWithQueries(2).queries(1, 2);
  EXPECT_EQ(queries.query_heads, 2);
  EXPECT_EQ(queries.origin, "Queries are drawn: 2 evaluate, 1 others score.");
  EXPECT_EQ(FileWithQueries(0).queries(1, 1).query_heads, 3);
}

TEST(Queries, need_one_of_each) {
  const CacheSource source = synthetic();
  EXPECT_THROW(load_queries(source, load_cache(source), 0, 1), inputs::InputError);
  EXPECT_THROW(load_queries(source, load_cache(source), 1, 0), inputs::InputError);
}

TEST(Cache, without_a_token_is_refused) {
  CacheSource source = synthetic();
  source.synthetic.kv_len = 0;
  EXPECT_THROW(load_cache(source), inputs::InputError);
}

TEST(HeadRows, stack_heads_that_follow) {
  const std::vector<float> tensor = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const auto rows = head_rows(tensor, 1, 2, 2, 2);  // heads 1 and 2 of [3, 2, 2]
  ASSERT_EQ(rows.rows(), 4);
  EXPECT_EQ(rows(0, 0), 4);
  EXPECT_EQ(rows(3, 1), 11);
}

}  // namespace
}  // namespace kvroof::analysis
