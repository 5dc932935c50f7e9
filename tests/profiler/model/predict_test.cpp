// SPDX-License-Identifier: Apache-2.0
#include "profiler/model/predict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profiler/model/prediction_report.hpp"
#include "tests/profiler/model/round_device.hpp"

namespace kvroof::model {
namespace {

using ::testing::HasSubstr;

DecodeCase decode_case(int batch, int kv_len, int kept = 64) {
  return {.problem = {.batch = batch,
                      .query_heads = 8,
                      .kv_heads = 2,
                      .head_dim = 128,
                      .softmax_scale = 0.1f,
                      .max_kv_len = kv_len,
                      .keys = {nullptr, kept},
                      .values = {nullptr, kept},
                      .window = 32},
          .kv_lengths = std::vector<std::int32_t>(static_cast<std::size_t>(batch), kv_len)};
}

TEST(prediction, launches_on_every_device_of_the_catalogue_and_names_what_binds) {
  for (const DeviceModel& device : default_catalogue().devices) {
    const Prediction p = predict_decode(decode_case(1, 2000), device);
    EXPECT_EQ(p.wont_launch, "") << device.name;
    EXPECT_GT(p.estimate.time_us, p.estimate.binding_term().time_us);
    EXPECT_LE(p.plan.shared_bytes, device_info(device).shared_bytes_per_block);
    EXPECT_EQ(p.estimate.terms.size(), 10u);
  }
}

TEST(prediction, takes_longer_for_more_tokens_and_for_a_larger_batch) {
  const DeviceModel& device = default_catalogue().find("h200");
  double before = 0.0;
  for (const int kv_len : {64, 1000, 8000, 64000}) {
    const double time = predict_decode(decode_case(1, kv_len), device).estimate.time_us;
    EXPECT_GT(time, before) << kv_len;
    before = time;
  }
  EXPECT_GT(
      predict_decode(decode_case(16, 64000), device, {.conditions = {}, .sample = {.blocks = 1}})
          .estimate.time_us,
      before);
}

TEST(prediction, says_that_it_will_not_launch_and_why) {
  DeviceModel device = round_device();
  device.shared_kib_per_block.value = 5;
  EXPECT_THAT(predict_decode(decode_case(1, 2000), device).wont_launch,
              HasSubstr("bytes of shared memory per warp"));

  device = round_device();
  device.memory_gb.value = 0.1;
  EXPECT_THAT(predict_decode(decode_case(64, 20000), device).wont_launch, HasSubstr("has 0 GB"));

  device = round_device();
  device.compute_capability_major = 7;
  EXPECT_THAT(predict_decode(decode_case(1, 2000), device).wont_launch,
              HasSubstr("compute capability 8.0"));

  device = round_device();
  device.registers_per_sm.value = 16384;
  const Prediction p = predict_decode(decode_case(1, 20000), device);
  EXPECT_THAT(p.wont_launch, HasSubstr("registers"));
  EXPECT_THAT(prediction_table({&p, 1}), HasSubstr("will not launch: "));
}

TEST(prediction, becomes_a_record_of_a_trace_with_all_terms_and_marked_unvalidated) {
  const Prediction p = predict_decode(decode_case(1, 2000), default_catalogue().find("l40s"));
  const traces::Prediction trace = to_trace(p);
  EXPECT_EQ(trace.device, "l40s");
  EXPECT_FALSE(trace.validated);
  EXPECT_EQ(trace.terms.size(), 12u);
  EXPECT_EQ(trace.binding, p.estimate.binding_term().name);
  EXPECT_DOUBLE_EQ(*trace.time_ns, p.estimate.time_us * 1e3);
  for (const traces::NamedTime& term : trace.terms)
    EXPECT_EQ(term.provenance, traces::Provenance::modelled);

  const traces::Prediction none = to_trace({.device = "x", .wont_launch = "too small", .plan = {}});
  EXPECT_FALSE(none.time_ns.has_value());
  EXPECT_EQ(none.wont_launch, "too small");
}

TEST(prediction, prints_every_parameter_of_its_terms_with_mark_and_source) {
  const Prediction p = predict_decode(decode_case(1, 2000), default_catalogue().find("h200"));
  const std::string text = prediction_details(p);
  for (const auto* terms : {&p.estimate.fixed, &p.estimate.terms}) {
    for (const Term& term : *terms) {
      ASSERT_FALSE(term.parameters.empty()) << term.name;
      for (const UsedParameter& used : term.parameters) {
        EXPECT_THAT(text, HasSubstr(std::string(used.key)));
        EXPECT_THAT(text, HasSubstr(used.parameter.source));
        EXPECT_THAT(text, HasSubstr(std::string(to_string(used.parameter.confidence))));
      }
    }
  }
}

}  // namespace
}  // namespace kvroof::model
