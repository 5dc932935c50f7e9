// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/simt/simulator.hpp"
#include "profiler/cli/exit_codes.hpp"
#include "profiler/inputs/error.hpp"
#include "profiler/inputs/safetensors.hpp"
#include "profiler/report/validation_report.hpp"
#include "profiler/validate/rules.hpp"
#include "tests/support/validated.hpp"

namespace kvroof::validate {
namespace {

using test::small_case;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string temporary_file() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return (std::filesystem::temp_directory_path() /
          (std::string("kvroof-") + test->name() + ".safetensors"))
      .string();
}

TEST(LoadInputs, draws_the_same_numbers_from_the_same_seed) {
  Case one = small_case(50);
  const inputs::KvTensors first = load_inputs(one);
  EXPECT_EQ(load_inputs(one).keys, first.keys);
  EXPECT_EQ(first.values.size(), 2u * 50 * 128);
  EXPECT_EQ(first.queries.size(), 8u * 128);
  one.seed = 2;
  EXPECT_NE(load_inputs(one).keys, first.keys);
}

TEST(LoadInputs, takes_shapes_and_numbers_from_a_file) {
  Case source = small_case(70);
  source.batch = 2;
  const inputs::KvTensors written = load_inputs(source);
  const std::string path = temporary_file();
  inputs::write_safetensors(path, written);
  Case one;
  one.kv_file = path;
  const inputs::KvTensors read = load_inputs(one);
  std::filesystem::remove(path);
  EXPECT_EQ(read.keys, written.keys);
  EXPECT_EQ(read.values, written.values);
  EXPECT_EQ(read.queries, written.queries);
  EXPECT_EQ(one.batch, 2);
  EXPECT_EQ(one.query_heads, 8);
  EXPECT_EQ(one.kv_heads, 2);
  EXPECT_EQ(one.kv_lengths, std::vector<int>{70});
  simt::Simulator simulator;
  EXPECT_TRUE(test::passed(validate(one, read, simulator)));
}

TEST(LoadInputs, adds_queries_to_a_file_that_has_none) {
  Case source = small_case(5);
  inputs::KvTensors written = load_inputs(source);
  written.queries.clear();
  written.query_heads = 0;
  const std::string path = temporary_file();
  inputs::write_safetensors(path, written);
  Case one;
  one.kv_file = path;
  one.query_heads = 6;
  EXPECT_EQ(load_inputs(one).queries.size(), 6u * 128);
  EXPECT_EQ(one.query_heads, 6);
  std::filesystem::remove(path);
}

TEST(LoadInputs, names_a_file_that_is_not_there) {
  Case one;
  one.kv_file = "/nonexistent/cache.safetensors";
  EXPECT_THROW(load_inputs(one), inputs::InputError);
}

/// A device that breaks when the kernels have run.
class BrokenDevice final : public Device {
 public:
  Backend backend() const override { return Backend::kSim; }
  const DeviceInfo& info() const override { return info_; }
  void* allocate(std::size_t, std::string_view) override {
    throw std::runtime_error("the device fell off the bus");
  }
  void release(void*) noexcept override {}
  void copy_to_device(void*, const void*, std::size_t) override {}
  void copy_to_host(void*, const void*, std::size_t) override {}
  void fill(void*, std::byte, std::size_t) override {}
  void synchronize() override {}

 private:
  DeviceInfo info_ = h200_device_info();
};

TEST(Validate, turns_a_failing_device_into_status_error_with_its_reason) {
  BrokenDevice device;
  const CaseResult result = validate(small_case(20), device);
  EXPECT_EQ(result.status(), Status::kError);
  ASSERT_EQ(result.kernels.size(), 1u);
  EXPECT_THAT(result.kernels[0].reason, HasSubstr("fell off the bus"));
  EXPECT_EQ(cli::exit_code({result}), cli::kExitFailure);
}

TEST(Validate, throws_for_a_case_that_no_kernel_serves) {
  simt::Simulator simulator;
  Case one = small_case(100);
  one.head_dim = 96;
  EXPECT_THROW(validate(one, simulator), std::invalid_argument);
  one = small_case(100);
  one.query_heads = 34;
  EXPECT_THROW(validate(one, simulator), std::invalid_argument);
}

TEST(Validate, does_not_blame_a_case_for_hazards_of_an_earlier_one) {
  simt::Simulator simulator;
  DeviceBuffer<std::uint16_t> short_queries(simulator, 8, "short queries");
  short_queries.fill(std::byte{0});
  Case one = small_case(70);
  const inputs::KvTensors tensors = load_inputs(one);
  const DeviceRunHooks hooks{
      [&](Device&, attention::DecodeProblem& problem) { problem.queries = short_queries.data(); }};
  EXPECT_EQ(validate(one, tensors, simulator, hooks).status(), Status::kFailed);
  EXPECT_TRUE(test::passed(validate(one, tensors, simulator)));
}

TEST(CompareMasks, notices_a_single_entry_that_is_not_the_choice_of_the_reference) {
  simt::Simulator simulator;
  Case one = small_case(130);
  one.value_rule = prune::Rule::kPerChannelOutputAware;
  const inputs::KvTensors tensors = load_inputs(one);
  auto masks = prune_on_device(one, Operand::kValues, tensors, simulator);
  EXPECT_EQ(compare_masks(one, Operand::kValues, tensors, masks).status, Status::kPassed);
  masks[2 * (130 + 7) + 1] ^= std::uint64_t{1} << 3;  // kv head 1, token 7
  const KernelResult result = compare_masks(one, Operand::kValues, tensors, masks);
  EXPECT_EQ(result.status, Status::kFailed);
  EXPECT_EQ(result.num_failures, 1);
  EXPECT_EQ(result.worst_index, (std::vector<std::int64_t>{0, 1, 7, 67}));
}

CaseResult with_status(Status status) {
  CaseResult result;
  result.kernels.resize(2);
  result.kernels[1].status = status;
  return result;
}

TEST(CaseResult, is_as_bad_as_its_worst_kernel) {
  for (const Status status : {Status::kPassed, Status::kFailed, Status::kSkipped, Status::kError})
    EXPECT_EQ(with_status(status).status(), status);
  CaseResult both = with_status(Status::kError);
  both.kernels[0].status = Status::kFailed;
  EXPECT_EQ(both.status(), Status::kError);
}

TEST(ExitCode, of_an_error_outweighs_that_of_a_failure) {
  const CaseResult passed = with_status(Status::kPassed);
  const CaseResult failed = with_status(Status::kFailed);
  const CaseResult error = with_status(Status::kError);
  EXPECT_EQ(cli::exit_code({}), 0);
  EXPECT_EQ(cli::exit_code({passed, with_status(Status::kSkipped)}), 0);
  EXPECT_EQ(cli::exit_code({passed, failed, passed}), 3);
  EXPECT_EQ(cli::exit_code({failed, error}), 1);
}

class Report : public ::testing::Test {
 protected:
  nlohmann::json document(const std::vector<CaseResult>& results) {
    return nlohmann::json::parse(report::validation_json(
        results, report::describe_environment(simulator_, {"kvroof", "validate", "\xff"})));
  }
  simt::Simulator simulator_;
};

TEST_F(Report, as_json_holds_version_environment_and_every_kernel_of_every_case) {
  const Case one = small_case(130);
  const CaseResult result = validate(one, simulator_);
  const nlohmann::json json = document({result, result});
  EXPECT_EQ(json.at("schema_version"), 1);
  const auto& environment = json.at("environment");
  for (const char* field : {"kvroof_version", "git_revision", "host"})
    EXPECT_FALSE(environment.at(field).get<std::string>().empty()) << field;
  EXPECT_EQ(environment.at("backend"), "sim");
  EXPECT_EQ(environment.at("provenance"), "simulated");
  EXPECT_EQ(environment.at("device"), "NVIDIA H200");
  EXPECT_TRUE(environment.at("git_dirty").is_boolean());
  EXPECT_THAT(environment.at("utc_time").get<std::string>(),
              ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"));
  EXPECT_EQ(environment.at("argv").size(), 3u);
  ASSERT_EQ(json.at("cases").size(), 8u);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& entry = json.at("cases").at(i);
    const KernelResult& kernel = result.kernels[i];
    EXPECT_EQ(entry.at("kernel"), kernel.kernel);
    EXPECT_EQ(entry.at("backend"), "sim");
    EXPECT_EQ(entry.at("status"), "passed");
    EXPECT_EQ(entry.at("max_abs_error"), kernel.max_abs_error);
    EXPECT_EQ(entry.at("max_rel_error"), kernel.max_rel_error);
    EXPECT_EQ(entry.at("tolerance"), kernel.tolerance);
    EXPECT_EQ(entry.at("tolerance_used"), kernel.tolerance_used);
    EXPECT_EQ(entry.at("worst_index").get<std::vector<std::int64_t>>(), kernel.worst_index);
    EXPECT_EQ(entry.at("reason"), "");
    const auto& problem = entry.at("problem");
    EXPECT_EQ(problem.at("kv_lengths"), nlohmann::json({130}));
    EXPECT_EQ(problem.at("query_heads"), 8);
    EXPECT_EQ(problem.at("kept_keys"), 64);
    EXPECT_EQ(problem.at("effective_value_sparsity"), 0.5);
    EXPECT_EQ(problem.at("dtype"), "f16");
    EXPECT_TRUE(problem.at("kv_file").is_null());
    EXPECT_EQ(problem.at("plan"), result.plan);
  }
}

TEST_F(Report, as_json_writes_null_for_what_no_number_is) {
  CaseResult result = with_status(Status::kFailed);
  result.kernels[1].reason = "wrong by \"much\"\n";
  result.kernels[1].tolerance_used = std::numeric_limits<double>::infinity();
  result.kernels[1].max_abs_error = std::nan("");
  const auto entry = document({result}).at("cases").at(1);
  EXPECT_TRUE(entry.at("tolerance_used").is_null());
  EXPECT_TRUE(entry.at("max_abs_error").is_null());
  EXPECT_EQ(entry.at("reason"), result.kernels[1].reason);
  EXPECT_EQ(entry.at("status"), "failed");
}

TEST_F(Report, as_a_table_shows_reasons_and_counts) {
  CaseResult failed = with_status(Status::kFailed);
  failed.kernels[0].kernel = "pack_keys";
  failed.kernels[1].kernel = "decode";
  failed.kernels[1].reason = "one element is wrong";
  const std::string table =
      report::validation_table({failed, with_status(Status::kPassed)}, simulator_);
  EXPECT_THAT(table, HasSubstr("failed  one element is wrong"));
  EXPECT_THAT(table, HasSubstr("1 of 2 cases passed on sim (simulated"));
  EXPECT_THAT(table, Not(HasSubstr("skipped")));
  EXPECT_THAT(table, HasSubstr("no plan"));
  EXPECT_THAT(report::validation_table({with_status(Status::kSkipped)}, simulator_),
              HasSubstr("NVIDIA H200), 1 skipped.\n"));
  EXPECT_THAT(report::validation_table({}, simulator_), HasSubstr("0 of 0 cases passed"));
}

}  // namespace
}  // namespace kvroof::validate
