// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kvroof {

/// How many of the head_dim elements of a row survive at `sparsity`: head_dim * (1 - sparsity)
/// rounded to the nearest multiple of 8 (halves away from zero), at least 8. Throws
/// std::invalid_argument unless 0 <= sparsity < 1 and head_dim is a positive multiple of 8.
int kept_from_sparsity(int head_dim, double sparsity);

/// 1 - kept / head_dim: what a requested sparsity really became.
double effective_sparsity(int head_dim, int kept);

}  // namespace kvroof
