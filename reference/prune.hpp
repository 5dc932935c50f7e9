// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reference/types.hpp"

/// Which entries of a cache survive: one function per rule of the literature, each returning a
/// dense mask (true = kept) of the shape of its input, [kv_len, head_dim] of one kv head.
///
/// Common to all rules that keep an exact count: the entries with the largest scores win, equal
/// scores are won by the lowest index (channel, or token for rules along tokens), and a NaN score
/// ranks above infinity, so that a NaN in the cache is kept and shows in the output instead of
/// vanishing. Sums over queries and tokens are taken in their order, one after another, so that a
/// mask is defined to the last bit. A count outside its range, or arguments whose shapes disagree,
/// throw std::invalid_argument.
///
/// "Mustafar" is arXiv 2505.22913v2; "its code" is github.com/dhjoo98/mustafar at commit d83ee7e.
/// "ThinK" is arXiv 2407.21018.
namespace kvroof::reference {

/// Per-token magnitude (Mustafar section 2, the rule it ends up using for keys and for values):
/// score |x|, exactly `kept` of each row, 1 <= kept <= head_dim. Its code keeps more: see
/// prune_per_token_published.
Mask prune_per_token_magnitude(ConstMatrix rows, std::int64_t kept);

/// What Mustafar's code does for per-token magnitude (models/llama_mustafar_kernel.py:97-146): the
/// threshold is the n-th smallest |x| of the row, n = max(1, trunc(sparsity * head_dim)), and every
/// |x| >= threshold stays. So head_dim - n + 1 entries and all ties survive: 65 of 128 at 0.5, 40
/// at 0.7. A NaN sorts as the largest magnitude but fails the comparison, so it is pruned; if the
/// threshold itself is NaN the whole row goes. `sparsity` in [0, 1).
Mask prune_per_token_published(ConstMatrix rows, double sparsity);

/// Per-token output-aware pruning of keys (Mustafar section 2): score |K[t, c]| * sum |Q[w, c]|
/// over the queries of a window and of all query heads that share the kv head. Exactly `kept` per
/// token. Its code takes the mean over the window instead of the sum, which orders alike. queries:
/// [any, head_dim].
Mask prune_keys_output_aware(ConstMatrix keys, ConstMatrix queries, std::int64_t kept);

/// Per-channel magnitude of values (Mustafar section 2): within each channel and each group of
/// `group_tokens` consecutive tokens exactly `kept` survive, 1 <= kept <= group_tokens (32 in the
/// paper). Tokens after the last whole group stay dense: they have not left the window yet.
Mask prune_values_per_channel_magnitude(ConstMatrix values, std::int64_t kept,
                                        std::int64_t group_tokens);

/// Per-channel output-aware pruning of values (Mustafar section 2): score |V[t, c]| * weights[t],
/// where weights[t] is the sum of the attention weights that a window of queries gave to token t.
/// Groups as in prune_values_per_channel_magnitude. Its code ranks a whole prompt as one group in
/// prefill. weights: [kv_len].
Mask prune_values_per_channel_output_aware(ConstMatrix values, ConstVector weights,
                                           std::int64_t kept, std::int64_t group_tokens);

/// ThinK for keys (ThinK section 3.2): whole channels, score ||Q[:, c]|| * ||K[:, c]||, the
/// Frobenius norm of the channel's share of Q K^T. Mustafar's code ranks by the product of the mean
/// squares (models/llama_think.py:81-100), which is the same order. Every token keeps the same
/// `kept` channels. queries: [any, head_dim].
Mask prune_keys_think(ConstMatrix keys, ConstMatrix queries, std::int64_t kept);

/// ThinK for values as Mustafar's code has it (models/llama_thinv.py:124-140): whole channels,
/// score mean over tokens of V[t, c]^2.
Mask prune_values_think(ConstMatrix values, std::int64_t kept);

/// N:M (2:4, 4:8, 8:16): the `kept` largest magnitudes of each `group_channels` consecutive
/// channels. head_dim must be a multiple of group_channels.
Mask prune_n_of_m(ConstMatrix rows, std::int64_t kept, std::int64_t group_channels);

/// Keeps the first `sinks` and the last `recent` tokens whole, whatever a rule decided. Both >= 0;
/// more than kv_len keeps everything.
Mask with_dense_tokens(ConstMask mask, std::int64_t sinks, std::int64_t recent);

}  // namespace kvroof::reference
