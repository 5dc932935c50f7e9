// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/record_columns.hpp"

#include <limits>

#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {
namespace {

using traces::Summary;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

template <class T>
double known(const std::optional<T>& value) {
  return value ? static_cast<double>(*value) : kUnknown;
}
double real(auto value) { return static_cast<double>(value); }

/// A ratio is known when both sides are and the divisor is positive.
double quotient(double dividend, double divisor) {
  return divisor > 0 ? dividend / divisor : kUnknown;
}

const traces::Traffic* trafficAt(const Summary& s, traces::MemoryLevel level) {
  for (const auto& traffic : s.traffic)
    if (traffic.level == level) return &traffic;
  return nullptr;
}

template <traces::MemoryLevel kLevel>
double bytesMoved(const Summary& s) {
  const auto* traffic = trafficAt(s, kLevel);
  return traffic ? traffic->read_bytes + traffic->write_bytes : kUnknown;
}

template <traces::MemoryLevel kLevel>
double intensity(const Summary& s) {
  return s.work ? quotient(s.work->useful_flops, bytesMoved<kLevel>(s)) : kUnknown;
}

template <auto kMember>
double part(const Summary& s) {
  return s.bytes ? real((*s.bytes).*kMember) : kUnknown;
}

double meanSparsity(const Summary& s) {
  return (s.problem.keys.requested_sparsity + s.problem.values.requested_sparsity) / 2;
}

std::string_view provenance(const auto& optional) {
  return optional ? name_of(optional->provenance) : std::string_view();
}

std::vector<RecordField> makeFields() {
  using enum Quantity;
  using traces::Bytes;
  using traces::MemoryLevel;
  std::vector<RecordField> fields;
  const auto number = [&](QLatin1String id, const char* title, ColumnRole role, Quantity quantity,
                          double (*get)(const Summary&)) {
    fields.push_back({{id, QString::fromUtf8(title), ColumnKind::number, role, quantity}, get});
  };
  const auto text = [&](QLatin1String id, const char* title, ColumnRole role,
                        std::string_view (*get)(const Summary&)) {
    fields.push_back({{id, QString::fromUtf8(title), ColumnKind::text, role, plain}, nullptr, get});
  };
  constexpr auto kIdentity = ColumnRole::identity;
  constexpr auto kAxis = ColumnRole::axis;
  constexpr auto kResult = ColumnRole::result;

  text(col::kKernel, "kernel", kAxis,
       [](const Summary& s) -> std::string_view { return s.kernel.name; });
  text(col::kVariant, "variant", kAxis,
       [](const Summary& s) -> std::string_view { return s.kernel.variant; });
  text(col::kStatus, "status", kResult,
       [](const Summary& s) -> std::string_view { return name_of(s.status); });
  number(col::kBatch, "batch", kAxis, count,
         [](const Summary& s) { return real(s.problem.batch); });
  number(col::kKvLen, "kv_len", kAxis, tokens,
         [](const Summary& s) { return real(s.problem.kv_len); });
  number(col::kSparsity, "sparsity", kAxis, share, meanSparsity);
  number(col::kTime, "time", kResult, timeNs,
         [](const Summary& s) { return shownTime(s).medianNs; });
  number(col::kTimeQ1, "time q1", kResult, timeNs,
         [](const Summary& s) { return shownTime(s).q1Ns; });
  number(col::kTimeQ3, "time q3", kResult, timeNs,
         [](const Summary& s) { return shownTime(s).q3Ns; });
  text(col::kTimeProvenance, "time is", kResult,
       [](const Summary& s) -> std::string_view { return shownTime(s).provenance; });
  number(col::kSamples, "samples", kResult, count,
         [](const Summary& s) { return s.time ? real(s.time->statistics.count) : kUnknown; });
  number(QLatin1String("throttled"), "throttled samples", kResult, count,
         [](const Summary& s) { return s.time ? real(s.time->num_throttled) : kUnknown; });
  number(col::kFlopRate, "useful FLOP/s", kResult, flopPerS, [](const Summary& s) {
    return s.work ? quotient(s.work->useful_flops, shownTime(s).medianNs * 1e-9) : kUnknown;
  });
  number(col::kDramRate, "DRAM rate", kResult, bytesPerS, [](const Summary& s) {
    return quotient(bytesMoved<MemoryLevel::dram>(s), shownTime(s).medianNs * 1e-9);
  });
  number(col::kDramIntensity, "intensity (DRAM)", kResult, plain, intensity<MemoryLevel::dram>);
  number(col::kL2Intensity, "intensity (L2)", kResult, plain, intensity<MemoryLevel::l2>);
  number(col::kSharedIntensity, "intensity (shared)", kResult, plain,
         intensity<MemoryLevel::shared>);
  number(col::kPredicted, "predicted time", kResult, timeNs,
         [](const Summary& s) { return s.prediction ? known(s.prediction->time_ns) : kUnknown; });
  text(col::kBinding, "predicted limit", kResult, [](const Summary& s) -> std::string_view {
    return s.prediction ? std::string_view(s.prediction->binding) : "";
  });
  number(col::kCompression, "compression (stored)", kResult, Quantity::ratio,
         [](const Summary& s) { return s.bytes ? known(compression_ratio(*s.bytes)) : kUnknown; });
  number(col::kToleranceShare, "error / tolerance", kResult, plain,
         [](const Summary& s) { return s.validation ? s.validation->tolerance_share : kUnknown; });
  text(col::kReason, "reason", kResult,
       [](const Summary& s) -> std::string_view { return s.reason; });
  text(col::kBackend, "backend", kAxis,
       [](const Summary& s) -> std::string_view { return name_of(s.backend); });
  number(col::kQueryHeads, "query_heads", kAxis, count,
         [](const Summary& s) { return real(s.problem.query_heads); });
  number(col::kKvHeads, "kv_heads", kAxis, count,
         [](const Summary& s) { return real(s.problem.kv_heads); });
  number(col::kHeadDim, "head_dim", kAxis, count,
         [](const Summary& s) { return real(s.problem.head_dim); });
  number(QLatin1String("window"), "window", kAxis, tokens,
         [](const Summary& s) { return real(s.problem.window); });
  text(col::kDtype, "dtype", kAxis,
       [](const Summary& s) -> std::string_view { return s.problem.dtype; });
  text(QLatin1String("model"), "model", kAxis, [](const Summary& s) -> std::string_view {
    return s.problem.model ? std::string_view(*s.problem.model) : "";
  });
  text(QLatin1String("input"), "input", kAxis,
       [](const Summary& s) -> std::string_view { return s.problem.input; });
  number(QLatin1String("key_sparsity"), "key sparsity", kAxis, share,
         [](const Summary& s) { return s.problem.keys.requested_sparsity; });
  number(QLatin1String("value_sparsity"), "value sparsity", kAxis, share,
         [](const Summary& s) { return s.problem.values.requested_sparsity; });
  number(QLatin1String("key_effective_sparsity"), "key sparsity (effective)", kResult, share,
         [](const Summary& s) { return known(s.problem.keys.effective_sparsity); });
  number(QLatin1String("value_effective_sparsity"), "value sparsity (effective)", kResult, share,
         [](const Summary& s) { return known(s.problem.values.effective_sparsity); });
  text(col::kKeyRule, "key rule", kAxis,
       [](const Summary& s) -> std::string_view { return s.problem.keys.rule; });
  text(QLatin1String("value_rule"), "value rule", kAxis,
       [](const Summary& s) -> std::string_view { return s.problem.values.rule; });
  text(col::kKeyFormat, "key format", kAxis,
       [](const Summary& s) -> std::string_view { return s.problem.keys.format; });
  text(col::kValueFormat, "value format", kAxis,
       [](const Summary& s) -> std::string_view { return s.problem.values.format; });
  number(QLatin1String("seed"), "seed", kAxis, count,
         [](const Summary& s) { return real(s.problem.seed); });
  number(col::kUsefulFlops, "useful FLOP", kResult, flops,
         [](const Summary& s) { return s.work ? s.work->useful_flops : kUnknown; });
  number(col::kExecutedFlops, "executed FLOP", kResult, flops,
         [](const Summary& s) { return s.work ? known(s.work->executed_flops) : kUnknown; });
  number(col::kDramBytes, "DRAM bytes", kResult, bytes, bytesMoved<MemoryLevel::dram>);
  number(col::kL2Bytes, "L2 bytes", kResult, bytes, bytesMoved<MemoryLevel::l2>);
  number(col::kSharedBytes, "shared bytes", kResult, bytes, bytesMoved<MemoryLevel::shared>);
  text(col::kTrafficProvenance, "bytes moved are", kResult,
       [](const Summary& s) -> std::string_view {
         return s.traffic.empty() ? std::string_view() : name_of(s.traffic.front().provenance);
       });
  number(col::kKeyValueBytes, "bytes of key values", kResult, bytes, part<&Bytes::key_values>);
  number(col::kValueValueBytes, "bytes of value values", kResult, bytes,
         part<&Bytes::value_values>);
  number(col::kBitmapBytes, "bytes of bitmaps", kResult, bytes, [](const Summary& s) {
    return s.bytes ? real(s.bytes->key_bitmaps + s.bytes->value_bitmaps) : kUnknown;
  });
  number(col::kIndexBytes, "bytes of indices", kResult, bytes, part<&Bytes::indices>);
  number(col::kPaddingBytes, "bytes of padding", kResult, bytes, part<&Bytes::padding>);
  number(col::kWindowBytes, "bytes of window", kResult, bytes, part<&Bytes::window>);
  number(col::kOtherBytes, "bytes of queries, outputs, partials", kResult, bytes,
         [](const Summary& s) {
           return s.bytes ? real(s.bytes->queries + s.bytes->outputs + s.bytes->partials)
                          : kUnknown;
         });
  number(col::kDenseBytes, "dense bytes", kResult, bytes, part<&Bytes::dense>);
  number(col::kCompressedBytes, "compressed bytes", kResult, bytes,
         [](const Summary& s) { return s.bytes ? real(compressed_bytes(*s.bytes)) : kUnknown; });
  number(col::kBytesPerToken, "bytes per token", kResult, bytes, [](const Summary& s) {
    const auto& p = s.problem;
    const double numTokens = p.lengths ? real(p.lengths->total) : real(p.batch) * real(p.kv_len);
    return s.bytes ? quotient(real(compressed_bytes(*s.bytes)), numTokens) : kUnknown;
  });
  text(col::kBytesProvenance, "stored bytes are", kResult,
       [](const Summary& s) -> std::string_view { return provenance(s.bytes); });
  text(QLatin1String("utc_time"), "finished (UTC)", kIdentity,
       [](const Summary& s) -> std::string_view { return s.utc_time; });
  return fields;
}

}  // namespace

ShownTime shownTime(const Summary& s) {
  if (s.time) {
    const auto& t = s.time->statistics;
    return {t.median_ns, t.q1_ns, t.q3_ns, name_of(s.time->provenance)};
  }
  if (s.prediction && s.prediction->time_ns)
    return {*s.prediction->time_ns, kUnknown, kUnknown, "modelled"};
  return {kUnknown, kUnknown, kUnknown, ""};
}

const std::vector<RecordField>& recordFields() {
  static const std::vector<RecordField> fields = makeFields();
  return fields;
}

}  // namespace kvroof::gui
