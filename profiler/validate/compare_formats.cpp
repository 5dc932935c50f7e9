// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/compare_formats.hpp"

#include <fmt/format.h>

#include "profiler/validate/compare_attention.hpp"
#include "profiler/validate/pruned_cache.hpp"
#include "profiler/validate/rules.hpp"

namespace kvroof::validate {
namespace {

/// Throws std::logic_error when a format gives back something else.
void round_trips(const Case& one, Operand side, const ChosenRows& rows) {
  const prune::Rule rule = one.rule(side);
  const prune::KeptCount kept = kept_count(rule, one.head_dim, one.kept(side));
  if (const int every = rows.kept_of_every_row(); every > 0) {
    lane_chunk_bytes(rows);
    n_of_m_bytes(rows, {every, one.head_dim});  // exact rows
  }
  variable_rows_bytes(rows);
  mustafar_bytes(rows);
  const bool whole_rows = one.sinks == 0;
  if (!whole_rows) return;
  if (prune::group_channels(rule) > 0) n_of_m_bytes(rows, {kept.kept, kept.of});
  const prune::Rule along =
      side == Operand::kKeys ? prune::Rule::kTwoOfFour : prune::Rule::kTwoOfFourTokens;
  if (rule == along) two_four_bytes(rows);
}

}  // namespace

KernelResult compare_formats(const Case& one, const inputs::KvTensors& inputs) {
  KernelResult result;
  result.kernel = "formats";
  for (int sequence = 0; sequence < one.batch; ++sequence) {
    for (int kv_head = 0; kv_head < one.kv_heads; ++kv_head) {
      const HeadTensors head = head_tensors(one, inputs, sequence, kv_head);
      for (const Operand side : {Operand::kKeys, Operand::kValues}) {
        const ChosenRows rows =
            chosen_rows(one, inputs, side, sequence, kv_head, chunk_mask(one, side, head));
        result.num_elements += static_cast<std::int64_t>(rows.bits.size());
        try {
          round_trips(one, side, rows);
        } catch (const std::logic_error& error) {
          if (result.num_failures++ > 0) continue;
          result.status = Status::kFailed;
          result.worst_index = {sequence, kv_head};
          result.reason = fmt::format("{}, sequence {}, kv head {}: {}",
                                      side == Operand::kKeys ? "keys" : "values", sequence, kv_head,
                                      error.what());
        }
      }
    }
  }
  return result;
}

}  // namespace kvroof::validate
