// SPDX-License-Identifier: Apache-2.0
#include "profiler/report/format_table.hpp"

#include <fmt/format.h>

#include "kernels/prune/rule.hpp"

namespace kvroof::report {

Table format_table(const validate::FormatCase& one,
                   const std::vector<validate::FormatSize>& sizes) {
  Table table{.caption = fmt::format("{} tokens x {} channels of one kv head, sparsity {}, seed {}",
                                     one.tokens, one.head_dim, one.sparsity, one.seed),
              .columns = {{"format", "format"},
                          {"operand", "operand"},
                          {"rule", "rule"},
                          {"origin", "origin"},
                          {"value_bytes", "values B"},
                          {"index_bytes", "indices B"},
                          {"offset_bytes", "offsets B"},
                          {"padding_bytes", "padding B"},
                          {"total_bytes", "total B"},
                          {"share_of_dense", "% of dense", 0.01}}};
  for (const validate::FormatSize& size : sizes) {
    const FormatBytes& bytes = size.bytes;
    const double share =
        static_cast<double>(bytes.total()) / static_cast<double>(validate::dense_bytes(one));
    table.rows.push_back({size.format, size.operand, size.rule,
                          std::string(size.encoded ? "encoded" : "model"), bytes.values,
                          bytes.indices, bytes.offsets, bytes.padding, bytes.total(), share});
  }
  table.notes = {"encoded: the bytes of an encoder, decoded again and compared; model: arithmetic"};
  if (!prune::has_sparsity(prune::Rule::kTwoOfFour, one.sparsity))
    table.notes.push_back("two_four and n_of_m are left out: N:M prunes a half");
  return table;
}

}  // namespace kvroof::report
