// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <iosfwd>

#include "traces/trace.hpp"
#include "traces/trace_error.hpp"

/// A trace in the formats of other tools. Functions that take a stream throw TraceError when it
/// fails. Numbers have a decimal point whatever the locale.
namespace kvroof::traces {

/// RFC 4180, one row per record. Columns are all scalar fields by their path, as in
/// problem.keys.requested_sparsity. Lists of named things are spelled by name
/// (times.cold.statistics.median_ns, counters.dram_read_bytes.value); lists of numbers are joined
/// with spaces; raw samples and activities are left out. A cell is empty when not known.
void export_csv(const Trace& trace, std::ostream& out);

/// A table of the main columns for people: what, how long and how that is known, bandwidth,
/// compression, validation.
void export_markdown(const Trace& trace, std::ostream& out);

/// Trace Event Format, opens in Perfetto. One process per record, one thread per stream of its
/// activities; without activities its phases, one after the other, under a name that says that
/// their order is not measured.
void export_chrome_trace(const Trace& trace, std::ostream& out);

/// The JSON that Google Benchmark writes, for compare.py and the like: one entry per sample of the
/// first time of each record, as repetitions. Records that did not pass carry error_occurred;
/// records without a time are left out.
void export_google_benchmark(const Trace& trace, std::ostream& out);

/// An SQLite database that replaces `path`: tables records (main columns and the whole record as
/// JSON), counters, samples, environments, roofs. Throws TraceError, also when kvroof was built
/// without SQLite.
void export_sqlite(const Trace& trace, const std::filesystem::path& path);

/// Whether export_sqlite() can work in this build.
bool has_sqlite();

}  // namespace kvroof::traces
