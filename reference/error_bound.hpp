// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reference/attention.hpp"

namespace kvroof::reference {

/// A binary floating-point type a kernel rounds to (to nearest even).
enum class Precision { kF16, kBF16, kF32 };

/// Largest relative rounding error of a normal number: 2^-11, 2^-8, 2^-24.
double unit_roundoff(Precision precision);

/// Largest absolute rounding error of a subnormal number, half the smallest one: 2^-25, 2^-134,
/// 2^-150.
double subnormal_error(Precision precision);

/// What a kernel's arithmetic looks like from outside. Inputs are exact in the type they are stored
/// in.
struct KernelArithmetic {
  Precision weights;  // what exp(score - max) is rounded to before it multiplies the values
  Precision outputs;  // what the outputs are stored as; the LSE is always F32
  std::int64_t score_roundings;  // fp32 roundings a product q_c k_jc passes on its way into a score
  std::int64_t value_roundings;  // fp32 roundings a term passes on its way into sum_j p_j v_j
};

/// The counts any sensible kernel stays under: one addition per channel for a score; one addition
/// per token for the sums, one rescaling by a new maximum per 16 tokens, and 32 for merging splits
/// and dividing. A kernel that states its longest chain (matrix multiply steps, splits) gets a
/// tighter bound by lowering them.
KernelArithmetic serial_arithmetic(Precision weights, Precision outputs, std::int64_t head_dim,
                                   std::int64_t kv_len);

/// How far a correct kernel may be from the reference, per element. 0 where the reference is not
/// finite or has no token: there only equality will do.
struct AttentionErrorBound {
  Matrix outputs;  // [group, head_dim]
  Vector lse;      // [group]
};

/// Worst-case rounding error of `arithmetic` on `problem`, whose exact answer is `result`.
///
/// Write u = 2^-23, one fp32 rounding by truncation (matrix multiply units truncate; rounding to
/// nearest is within), gamma(n) = n u / (1 - n u) for n roundings in a row (Higham, Accuracy and
/// Stability of Numerical Algorithms, 2nd ed., lemma 3.1), r = unit_roundoff(weights),
/// w_j = exp(score_j - lse), o = sum_j w_j v_j, all per query, and per output channel where v
/// appears.
///
/// 1. Score. The products q_c k_jc are exact in fp32 (11 + 11 or 8 + 8 significant bits).
///    So score_j is off by gamma(score_roundings) a_j, a_j = scale sum_c |q_c k_jc| >= |score_j|.
///    Scaling, the factor log2(e), and subtracting the maximum cost 4 u a_j + 4 u max_i a_i more,
///    exp2 in hardware 4 u. So the kernel's weight is w_j exp(h_j), up to a common factor, with
///      |h_j| <= e_j = gamma(score_roundings) a_j + 4 u (a_j + max_i a_i + 1) + r / (1 - r),
///    the last term being the rounding of the weight before it meets v_j.
/// 2. Weighted mean. With the perturbed weights normalised by their own sum, the output is off by
///      |sum_j w_j (exp(h_j) - 1) (v_j - o)| / sum_j w_j exp(h_j)
///        <= T = sum_j w_j (exp(e_j) - 1) |v_j - o| / Z,  Z = sum_j w_j exp(-e_j),
///    with no term dropped. A weighted mean stays among the v_j, so T <= max_j |v_j - o| as well:
///    the bound stays meaningful however large the scores are.
/// 3. Denominator. If the kernel sums the weights before rounding them, its sum differs from
///    that of the rounded ones by a factor 1 +- r: at most r (|o| + T) more.
/// 4. Sums. sum_j p_j v_j is off by gamma(value_roundings) M, with M = |o| + sum_j w_j exp(e_j)
///    |v_j - o| / Z >= the magnitudes really added; sum_j p_j by gamma(value_roundings) of itself.
/// 5. Subnormal weights. exp(score_j - max) below the normal range of the weight's type is off by
///    t = subnormal_error(weights) absolutely: t (sum_j |v_j| + kv_len |o|) / max(1, L Z) with
///    L = exp(lse - max); the kernel's own sum is at least the 1 of its largest score.
/// 6. Storing the output: unit_roundoff(outputs) (|o| + the above) + subnormal_error(outputs).
/// 7. The LSE moves by at most ln of the change of the sum, max(ln sum_j w_j exp(e_j), -ln Z),
///    which is below max_j e_j, plus gamma(value_roundings) + t kv_len / max(1, L Z), plus
///    4 u (|lse| + max_i a_i + 1) for max + ln(sum).
///
/// Being a worst case, the bound never fails a correct kernel; but it does not shrink with kv_len
/// as the weight of a single token does. The tests show what it catches at kv_len 4096, a stale
/// tile of 64 tokens included, for serial_arithmetic on a synthetic cache. At several times that
/// length some tiles weigh less than the rounding of all others could: lower the counts to the
/// kernel's own, or validate on a shorter cache.
AttentionErrorBound attention_error_bound(const AttentionProblem& problem,
                                          const AttentionResult& result,
                                          const KernelArithmetic& arithmetic);

}  // namespace kvroof::reference
