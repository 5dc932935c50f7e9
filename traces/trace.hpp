// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The values of a trace: one Record per configuration; an Environment and a set of Ceilings once
/// per run, named by id. FORMAT.md shows how they lie in a file. Units are in the names.
/// std::optional means "not known", never zero. A double that was NaN or infinite when written is
/// NaN or infinite again when read.
namespace kvroof::traces {

/// Raised only when an older reader would misread a file: see FORMAT.md.
inline constexpr int kSchemaVersion = 1;

/// Where a number comes from.
/// measured: timed or counted on a real device. simulated: counted while the kernel ran on the
/// simulator. modelled: computed by a formula.
enum class Provenance { measured, simulated, modelled };

enum class Backend { sim, cuda };

/// passed: ran and agreed with the reference. failed: ran and disagreed. skipped: not tried, on
/// purpose. error: could not run. timeout: given up. All but `passed` carry a reason.
enum class Status { passed, failed, skipped, error, timeout };

/// Memory levels at which traffic is counted, from far to near.
enum class MemoryLevel { dram, l2, shared };

/// One side of the cache, keys or values, after pruning.
struct PrunedSide {
  double requested_sparsity = 0;  // share of entries to drop, 0..1, as asked for
  // share dropped, 0..1, outside the dense window, as counted
  std::optional<double> effective_sparsity{};
  // entries that survived, over batch, heads, tokens and channels
  std::optional<std::int64_t> kept{};
  std::string rule{};    // pruning rule, e.g. "per_token_magnitude"; "none" when dense
  std::string format{};  // how the survivors lie in memory, e.g. "bitmap_tile", "dense", "two_four"
  bool operator==(const PrunedSide&) const = default;
};

/// Sequence lengths of a batch whose sequences differ. Unit: tokens.
struct LengthSummary {
  std::int64_t min = 0;
  double mean = 0;
  std::int64_t max = 0;
  std::int64_t total = 0;  // summed over the batch
  bool operator==(const LengthSummary&) const = default;
};

/// What was computed: decode attention of one new token per sequence over a cache of kv_len tokens.
struct Problem {
  std::int64_t batch = 0;
  std::int64_t query_heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t kv_len = 0;  // tokens in the cache, window included; the longest sequence
  std::optional<LengthSummary> lengths{};  // present when sequences differ in length
  std::int64_t window = 0;                 // newest tokens kept dense
  std::string dtype{};                     // "f16", "bf16"
  PrunedSide keys{};
  PrunedSide values{};
  std::uint64_t seed = 0;
  std::string input{};                 // "synthetic:<generator>" or the file the tensors came from
  std::optional<std::string> model{};  // geometry preset, e.g. "llama-3-8b"
  bool operator==(const Problem&) const = default;
};

struct Kernel {
  std::string name{};  // e.g. "sparse_decode"
  // expander, tile or other choice within the kernel; "" when there is only one
  std::string variant{};
  bool operator==(const Kernel&) const = default;
};

/// How the kernel was launched.
struct Plan {
  std::int64_t splits = 1;                             // parts along kv_len, merged afterwards
  std::array<std::int64_t, 3> grid{1, 1, 1};           // blocks in x, y, z
  std::array<std::int64_t, 3> block{1, 1, 1};          // threads in x, y, z
  std::uint64_t shared_bytes = 0;                      // per block, static and dynamic
  std::optional<std::int64_t> registers_per_thread{};  // from the compiler
  std::optional<std::int64_t> blocks_per_sm{};         // resident at once, from occupancy
  std::optional<std::uint64_t> workspace_bytes{};      // device memory for partial results
  bool operator==(const Plan&) const = default;
};

/// Agreement with the reference. Errors are over all checked values.
struct Validation {
  double max_abs_error = 0;
  double max_rel_error = 0;
  double tolerance_share = 0;  // largest error / tolerance there; above 1 is a failure
  // [batch, query_head, channel] of that largest share; empty when unknown
  std::vector<std::int64_t> worst_index{};
  std::int64_t num_checked = 0;
  std::int64_t num_mismatched = 0;  // beyond tolerance, or inf/nan in one and not in the other
  std::string reference{};          // what it was compared with, e.g. "double, masked dense"
  bool operator==(const Validation&) const = default;
};

/// Present when only a sample of the grid was simulated: counters are then scaled by blocks_total /
/// blocks_simulated.
struct Coverage {
  std::int64_t blocks_simulated = 0;
  std::int64_t blocks_total = 0;
  bool operator==(const Coverage&) const = default;
};

/// Of the samples that were not throttled; of all of them when every sample was. All times in ns.
struct Statistics {
  std::int64_t count = 0;  // samples the numbers below rest on; 0 for a modelled time
  double median_ns = 0;
  double q1_ns = 0;  // lower and upper quartile
  double q3_ns = 0;
  double min_ns = 0;
  double max_ns = 0;
  double mean_ns = 0;
  std::optional<double> stddev_ns{};  // sample standard deviation; unknown below two samples
  bool operator==(const Statistics&) const = default;
};

/// One way of timing the configuration. A record may hold several; the first is the one to show.
struct Time {
  // "cold", "batched" (graph replay), "activity" (CUPTI kernel duration), "model", ...
  std::string name{};
  Provenance provenance = Provenance::measured;
  Statistics statistics{};
  std::int64_t num_throttled = 0;
  std::vector<double> samples_ns{};  // in order of measurement; empty for a modelled time
  std::vector<std::int64_t> throttled_samples{};  // indices into samples_ns
  std::optional<double> sm_clock_mhz{};           // mean over the samples
  bool operator==(const Time&) const = default;
};

/// A duration with a name: a floor, a term of a model, a phase.
struct NamedTime {
  std::string name{};
  double time_ns = 0;
  Provenance provenance = Provenance::modelled;
  bool operator==(const NamedTime&) const = default;
};

/// Operations of the attention itself, a multiply-add counted as two.
struct Work {
  double useful_flops = 0;                 // on surviving entries only
  double dense_flops = 0;                  // what dense attention of the same shape does
  std::optional<double> executed_flops{};  // issued by the kernel, zeros included
  Provenance provenance = Provenance::modelled;
  bool operator==(const Work&) const = default;
};

/// Bytes moved at one memory level during one launch of everything the time covers.
struct Traffic {
  MemoryLevel level = MemoryLevel::dram;
  double read_bytes = 0;
  double write_bytes = 0;
  Provenance provenance = Provenance::simulated;
  bool operator==(const Traffic&) const = default;
};

/// Size of everything a decode step needs, by part, over the whole batch. Counted on the packed
/// buffers, or expected from shapes and sparsity when `provenance` is modelled.
struct Bytes {
  std::uint64_t key_values = 0;  // surviving entries
  std::uint64_t value_values = 0;
  std::uint64_t key_bitmaps = 0;
  std::uint64_t value_bitmaps = 0;
  std::uint64_t indices = 0;  // offsets, pointers, lengths
  std::uint64_t padding = 0;  // alignment holes and zero fill in the compressed buffers
  std::uint64_t window = 0;   // newest tokens kept dense, keys and values
  std::uint64_t queries = 0;
  std::uint64_t outputs = 0;
  std::uint64_t partials = 0;  // partial outputs and log-sum-exps of splits
  std::uint64_t dense = 0;     // keys and values of the same cache stored dense, window included
  Provenance provenance = Provenance::simulated;
  bool operator==(const Bytes&) const = default;
};

/// Bytes that stand in for the dense cache: values, bitmaps, indices, padding and window.
std::uint64_t compressed_bytes(const Bytes& bytes);

/// dense / compressed; nothing when either is zero.
std::optional<double> compression_ratio(const Bytes& bytes);

/// Any counted number: a hardware or simulator counter, a fidelity metric.
struct Counter {
  std::optional<double> value{};  // nothing: not available, `reason` says why
  std::string unit{};             // "B", "sector", "instr", "%", "1", ...
  Provenance provenance = Provenance::simulated;
  std::string reason{};  // "" when there is a value
  bool operator==(const Counter&) const = default;
};

/// An analytical prediction of this configuration on one device. Every number in it is modelled.
struct Prediction {
  std::string device{};             // catalogue name, e.g. "h200"
  std::string model{};              // name and version of the formula and its parameters
  bool validated = false;           // its error against measurements of this device is published
  std::optional<double> time_ns{};  // nothing when it will not launch
  std::string wont_launch{};        // the reason; "" when it launches
  std::vector<NamedTime> terms{};   // one per pipe, memory level, launch, ...
  std::string binding{};            // name of the term that binds
  std::optional<double> error_share{};  // MAPE on held-out shapes, 0.1 = 10 %, when validated
  bool operator==(const Prediction&) const = default;
};

/// One entry of the timeline.
struct Activity {
  std::string name{};
  std::string phase{};  // "prune", "pack", "decode", "merge", "window", or another
  std::int64_t stream = 0;
  double start_ns = 0;  // from the first activity of the record
  double duration_ns = 0;
  Provenance provenance = Provenance::measured;
  bool operator==(const Activity&) const = default;
};

/// One configuration and everything known about it.
struct Record {
  // ISO 8601, when the configuration was finished, e.g. "2026-11-24T09:30:00Z"
  std::string utc_time{};
  Backend backend = Backend::sim;
  Status status = Status::passed;
  std::string reason{};          // why the status is not `passed`; "" when it is
  std::string environment_id{};  // an Environment of the same file
  std::string ceilings_id{};     // Ceilings of the same file; "" when none were known
  Kernel kernel{};
  Problem problem{};
  // swept axes that are no field of the problem, as text
  std::map<std::string, std::string> axes{};
  std::optional<Plan> plan{};
  std::optional<Validation> validation{};
  std::optional<Coverage> coverage{};
  std::optional<Work> work{};
  std::optional<Bytes> bytes{};
  std::vector<Traffic> traffic{};             // at most one per level
  std::vector<Prediction> predictions{};      // the first is for the record's own device
  std::vector<NamedTime> floors{};            // "launch", "dram_dense_theoretical", ...
  std::vector<NamedTime> phases{};            // "prune", "pack", "decode", "merge", "window"
  std::vector<Time> times{};                  // the first is the one to show
  std::map<std::string, Counter> fidelity{};  // e.g. "output_cosine"; imported accuracy columns
  // nothing: not collected, counters_reason says why
  std::optional<std::map<std::string, Counter>> counters{};
  std::string counters_reason{};
  std::vector<Activity> activities{};
  std::string activities_reason{};  // why there are none though they were asked for
  std::string unknown{};  // fields of a newer writer, as JSON text, written back unchanged; "" when
                          // there are none
  bool operator==(const Record&) const = default;
};

/// The device that ran, or that the simulator stood in for.
struct Device {
  std::string name{};                // "NVIDIA H200"; on the simulator the target's catalogue name
  std::string compute_capability{};  // "9.0"
  std::int64_t num_sms = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t l2_bytes = 0;
  std::uint64_t shared_bytes_per_sm = 0;
  std::optional<double> max_sm_clock_mhz{};
  std::optional<double> memory_clock_mhz{};
  std::optional<bool> clocks_locked{};
  std::optional<bool> ecc{};
  std::optional<bool> mig{};
  bool operator==(const Device&) const = default;
};

/// What is needed to trust and repeat a run. Written once per run; records name it by id.
struct Environment {
  Device device{};
  std::optional<std::string> driver_version{};
  std::optional<std::string> cuda_runtime_version{};
  std::optional<std::string> cupti_version{};
  std::string kvroof_version{};
  std::string git_revision{};
  bool git_dirty = false;
  std::string compiler{};
  std::vector<std::string> argv{};
  std::string host{};
  std::string cpu{};
  std::string utc_time{};  // ISO 8601, start of the run
  std::uint64_t seed = 0;
  std::string l2_policy{};  // "cold: flushed", "cold: rotating buffers", "warm"; "not applicable"
                            // on the simulator
  std::string unknown{};    // as in Record
  bool operator==(const Environment&) const = default;
};

/// What a roof limits. Units: see roof_unit().
enum class RoofLevel { dram, l2, shared, tensor, cuda_core, instruction, launch, latency };

enum class RoofKind { theoretical, measured };

/// "bytes_per_s" for dram, l2 and shared; "flop_per_s" for tensor and cuda_core; "instr_per_s" for
/// instruction; "ns" for launch and latency.
std::string_view roof_unit(RoofLevel level);

struct Roof {
  RoofLevel level = RoofLevel::dram;
  RoofKind kind = RoofKind::theoretical;
  std::string name{};    // what exactly: "read", "copy", "mma f16", "popc", "graph launch"
  double value = 0;      // in roof_unit(level)
  std::string source{};  // data sheet, or the probe that measured it
  std::string date{};    // ISO 8601 date of the source or of the measurement
  std::optional<double> sm_clock_mhz{};  // clock it holds for
  std::optional<double> spread{};        // inter-quartile range / median of the probe's samples
  bool operator==(const Roof&) const = default;
};

/// Roofs of one device. Written once per run; records name it by id. ceilings.hpp has the roof
/// formula.
struct Ceilings {
  std::string device{};
  std::vector<Roof> roofs{};
  std::string unknown{};  // as in Record
  bool operator==(const Ceilings&) const = default;
};

/// Everything in one file.
struct Trace {
  std::vector<Record> records{};                      // in file order
  std::map<std::string, Environment> environments{};  // by id
  std::map<std::string, Ceilings> ceilings{};         // by id
  // valid lines of a kind this version does not know, unchanged
  std::vector<std::string> other_lines{};
  std::vector<std::string> warnings{};  // sentences: what was skipped and why
  bool operator==(const Trace&) const = default;
};

/// The environment or ceilings that a record names; nullptr when the file does not hold them.
const Environment* environment_of(const Trace& trace, const Record& record);
const Ceilings* ceilings_of(const Trace& trace, const Record& record);

/// Text that is equal for two records exactly when they are the same configuration: kernel,
/// variant, backend, axes and what was asked for in the problem (not what came out, such as
/// effective sparsity). Resuming and comparing match by it. It holds no device: two devices can be
/// compared.
std::string configuration_key(const Kernel& kernel, Backend backend, const Problem& problem,
                              const std::map<std::string, std::string>& axes);
std::string configuration_key(const Record& record);

/// The names used in files: "measured", "cuda_core", ...
std::string_view name_of(Provenance value);
std::string_view name_of(Backend value);
std::string_view name_of(Status value);
std::string_view name_of(MemoryLevel value);
std::string_view name_of(RoofLevel value);
std::string_view name_of(RoofKind value);

}  // namespace kvroof::traces
