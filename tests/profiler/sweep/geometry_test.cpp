// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/geometry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/temporary_folder.hpp"

namespace kvroof::sweep {
namespace {

using ::testing::HasSubstr;
using traces::testing::TemporaryFolder;
using traces::testing::write_bytes;

std::string complaint(const std::string& text) {
  const TemporaryFolder folder;
  write_bytes(folder / "models.json", text);
  try {
    read_geometries(folder / "models.json");
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string one_model(const std::string& fields) { return R"({"models":[{)" + fields + "}]}"; }

TEST(Geometry, TheBuiltInModelsHaveTheirPublishedHeads) {
  const std::vector<Geometry> models = built_in_geometries();
  EXPECT_EQ(find_geometry(models, "llama-2-7b").kv_heads, 32);
  EXPECT_EQ(find_geometry(models, "llama-2-13b").query_heads, 40);
  EXPECT_EQ(find_geometry(models, "llama-3-8b").kv_heads, 8);
  EXPECT_EQ(find_geometry(models, "llama-3.1-8b").query_heads, 32);
  EXPECT_EQ(find_geometry(models, "mistral-7b-v0.2").head_dim, 128);
}

TEST(Geometry, AnUnknownModelIsAnsweredWithThoseThereAre) {
  try {
    find_geometry(built_in_geometries(), "gpt-5");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("llama-3.1-8b"));
  }
}

TEST(Geometry, AFileAddsModelsAndReplacesThoseOfTheSameName) {
  const TemporaryFolder folder;
  write_bytes(folder / "m.json", R"({"models":[
    {"name":"tiny","query_heads":2,"kv_heads":1,"head_dim":128,"source":"here"},
    {"name":"llama-3-8b","query_heads":4,"kv_heads":2,"head_dim":128,"source":"here"}]})");
  std::vector<Geometry> models = built_in_geometries();
  const std::size_t before = models.size();
  merge_geometries(models, read_geometries(folder / "m.json"));
  EXPECT_EQ(models.size(), before + 1);
  EXPECT_EQ(find_geometry(models, "tiny").query_heads, 2);
  EXPECT_EQ(find_geometry(models, "llama-3-8b").query_heads, 4);
}

TEST(Geometry, NonsenseIsToldByFileEntryAndField) {
  EXPECT_THAT(complaint(""), HasSubstr("is no JSON"));
  EXPECT_THAT(complaint("\xff\xfe"), HasSubstr("is no JSON"));
  EXPECT_THAT(complaint("[]"), HasSubstr("list \"models\""));
  EXPECT_THAT(complaint(R"({"models":3})"), HasSubstr("list \"models\""));
  EXPECT_THAT(complaint(R"({"models":[]})"), HasSubstr("holds no model"));
  EXPECT_THAT(complaint(R"({"models":[3]})"), HasSubstr("model 1 is no object"));
  EXPECT_THAT(complaint(one_model(R"("query_heads":1)")), HasSubstr("has no \"name\""));
  const std::string named = R"("name":"a","source":"b","head_dim":128,)";
  EXPECT_THAT(complaint(one_model(named + R"("query_heads":0,"kv_heads":1)")), HasSubstr("got 0"));
  EXPECT_THAT(complaint(one_model(named + R"("query_heads":-8,"kv_heads":1)")),
              HasSubstr("got -8"));
  EXPECT_THAT(complaint(one_model(named + R"("query_heads":1e99,"kv_heads":1)")),
              HasSubstr("\"query_heads\""));
  EXPECT_THAT(complaint(one_model(named + R"("query_heads":18446744073709551615,"kv_heads":1)")),
              HasSubstr("\"query_heads\""));
  EXPECT_THAT(complaint(one_model(named + R"("query_heads":"8","kv_heads":1)")),
              HasSubstr("\"query_heads\""));
  EXPECT_THAT(complaint(one_model(named + R"("query_heads":7,"kv_heads":2)")),
              HasSubstr("multiple of kv_heads"));
}

TEST(Geometry, AFolderOrNothingIsNoModelFile) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_geometries(folder.path()), std::invalid_argument);
  EXPECT_THROW(read_geometries(folder / "missing.json"), std::invalid_argument);
}

}  // namespace
}  // namespace kvroof::sweep
