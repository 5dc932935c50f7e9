// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLatin1String>

/// Names of the columns that charts and sentences rely on. Others exist: see record_columns.cpp.
namespace kvroof::gui::col {

inline constexpr QLatin1String kFile{"file"};
inline constexpr QLatin1String kRecord{"record"};
inline constexpr QLatin1String kKernel{"kernel"};
inline constexpr QLatin1String kVariant{"variant"};
inline constexpr QLatin1String kBackend{"backend"};
inline constexpr QLatin1String kStatus{"status"};
inline constexpr QLatin1String kReason{"reason"};
inline constexpr QLatin1String kDevice{"device"};
inline constexpr QLatin1String kBatch{"batch"};
inline constexpr QLatin1String kQueryHeads{"query_heads"};
inline constexpr QLatin1String kKvHeads{"kv_heads"};
inline constexpr QLatin1String kHeadDim{"head_dim"};
inline constexpr QLatin1String kKvLen{"kv_len"};
inline constexpr QLatin1String kDtype{"dtype"};
inline constexpr QLatin1String kSparsity{"sparsity"};
inline constexpr QLatin1String kKeyFormat{"key_format"};
inline constexpr QLatin1String kValueFormat{"value_format"};
inline constexpr QLatin1String kKeyRule{"key_rule"};
inline constexpr QLatin1String kTime{"time"};
inline constexpr QLatin1String kTimeQ1{"time_q1"};
inline constexpr QLatin1String kTimeQ3{"time_q3"};
inline constexpr QLatin1String kTimeProvenance{"time_provenance"};
inline constexpr QLatin1String kSamples{"samples"};
inline constexpr QLatin1String kPredicted{"predicted_time"};
inline constexpr QLatin1String kBinding{"prediction_binding"};
inline constexpr QLatin1String kUsefulFlops{"useful_flops"};
inline constexpr QLatin1String kExecutedFlops{"executed_flops"};
inline constexpr QLatin1String kFlopRate{"flop_rate"};
inline constexpr QLatin1String kTrafficProvenance{"traffic_provenance"};
inline constexpr QLatin1String kDramBytes{"dram_bytes"};
inline constexpr QLatin1String kL2Bytes{"l2_bytes"};
inline constexpr QLatin1String kSharedBytes{"shared_bytes"};
inline constexpr QLatin1String kDramIntensity{"dram_intensity"};
inline constexpr QLatin1String kL2Intensity{"l2_intensity"};
inline constexpr QLatin1String kSharedIntensity{"shared_intensity"};
inline constexpr QLatin1String kDramRate{"dram_rate"};
inline constexpr QLatin1String kBytesProvenance{"bytes_provenance"};
inline constexpr QLatin1String kKeyValueBytes{"key_value_bytes"};
inline constexpr QLatin1String kValueValueBytes{"value_value_bytes"};
inline constexpr QLatin1String kBitmapBytes{"bitmap_bytes"};
inline constexpr QLatin1String kIndexBytes{"index_bytes"};
inline constexpr QLatin1String kPaddingBytes{"padding_bytes"};
inline constexpr QLatin1String kWindowBytes{"window_bytes"};
inline constexpr QLatin1String kOtherBytes{"other_bytes"};
inline constexpr QLatin1String kDenseBytes{"dense_bytes"};
inline constexpr QLatin1String kCompressedBytes{"compressed_bytes"};
inline constexpr QLatin1String kCompression{"compression_ratio"};
inline constexpr QLatin1String kBytesPerToken{"bytes_per_token"};
inline constexpr QLatin1String kToleranceShare{"tolerance_share"};
// Derived from several records or from roofs: derived_columns.cpp.
inline constexpr QLatin1String kEffectiveCompression{"effective_compression"};
inline constexpr QLatin1String kDramShare{"dram_share"};
inline constexpr QLatin1String kRoofShare{"roof_share"};
inline constexpr QLatin1String kNearestRoof{"nearest_roof"};
inline constexpr QLatin1String kAboveRoof{"above_roof"};
inline constexpr QLatin1String kSpeedup{"speedup"};

inline constexpr QLatin1String kPhasePrefix{"phase:"};
inline constexpr QLatin1String kFidelityPrefix{"fidelity:"};
inline constexpr QLatin1String kAxisPrefix{"axis:"};

}  // namespace kvroof::gui::col
