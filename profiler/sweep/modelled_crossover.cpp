// SPDX-License-Identifier: Apache-2.0
#include "profiler/sweep/modelled_crossover.hpp"

#include <optional>

#include "kernels/format/kept.hpp"
#include "profiler/model/predict.hpp"
#include "profiler/model/rivals.hpp"
#include "profiler/sweep/modelling.hpp"

namespace kvroof::sweep {
namespace {

constexpr double kNsPerUs = 1e3;

std::optional<report::CrossoverPoint> point(const validate::Case& one,
                                            const model::DeviceModel& device) {
  const model::Prediction prediction = model::predict_decode(decode_case(one), device);
  if (!prediction.wont_launch.empty()) return std::nullopt;
  const auto bound_ns = [&](double cache_bytes) {
    const double rest = static_cast<double>(prediction.traffic.dense_step_bytes()) -
                        static_cast<double>(prediction.traffic.dense);
    return kNsPerUs *
           model::streaming_bound_us(cache_bytes + rest, device, model::LaunchMode::kGraph);
  };
  const auto dense = static_cast<double>(prediction.traffic.dense);
  return report::CrossoverPoint{.kernel = "decode",
                                .origin = "modelled",
                                .dtype = std::string(to_string(one.value_type)),
                                .query_heads = one.query_heads,
                                .kv_heads = one.kv_heads,
                                .head_dim = one.head_dim,
                                .batch = one.batch,
                                .kv_len = one.max_kv_len(),
                                .sparsity = one.requested_sparsity,
                                .sparse_ns = prediction.estimate.time_us * kNsPerUs,
                                .dense_ns = bound_ns(dense),
                                .two_four_ns = bound_ns(dense * model::kTwoFourShare)};
}

}  // namespace

std::vector<report::CrossoverPoint> modelled_crossover(const model::DeviceModel& device) {
  std::vector<report::CrossoverPoint> points;
  validate::Case one;
  for (const int batch : {1, 8, 32}) {
    for (const int kv_len : {1024, 4096, 32768}) {
      for (const double sparsity : {0.5, 0.6, 0.7, 0.8, 0.9}) {
        one.batch = batch;
        one.kv_lengths = {kv_len};
        one.requested_sparsity = sparsity;
        one.kept_keys = one.kept_values = kept_from_sparsity(one.head_dim, sparsity);
        if (std::optional<report::CrossoverPoint> found = point(one, device))
          points.push_back(std::move(*found));
      }
    }
  }
  return points;
}

}  // namespace kvroof::sweep
