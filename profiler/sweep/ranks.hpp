// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "profiler/sweep/plan.hpp"

namespace kvroof::sweep {

/// This process among those that mpirun started for one sweep; alone when it was started by itself.
/// One object for the life of the process.
class Ranks {
 public:
  /// Joins the others. Throws std::runtime_error when mpirun started several processes and this
  /// kvroof was built without MPI: all of them would do the same work.
  Ranks();
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  bool alone() const { return count_ == 1; }
  bool first() const { return rank_ == 0; }
  int rank() const { return rank_; }
  int count() const { return count_; }
  int local_rank() const { return local_rank_; }    // among the ranks of this host
  int local_count() const { return local_count_; }  // ranks of this host

  /// Returns when all ranks have called it.
  void wait_for_all() const;
  /// Ends all ranks, because the others would wait for this one for ever.
  [[noreturn]] void abort(int exit_code) const;

 private:
  int rank_ = 0, count_ = 1;
  int local_rank_ = 0, local_count_ = 1;
};

/// The part of a shard that falls to a rank: shard i of n, cut again into `count`.
Shard shard_of_rank(const Shard& shard, int rank, int count);

/// Where a rank appends while others do the same: t.jsonl -> t.rank2.jsonl.
std::filesystem::path rank_path(const std::filesystem::path& trace, int rank);

/// The files of that form that lie beside `trace`, by rank.
std::vector<std::filesystem::path> rank_paths(const std::filesystem::path& trace);

/// Merges the ranks' files and `trace` itself, where it exists, into `trace`, and removes them. A
/// death on the way leaves all files; a later call starts over. Nothing to do without ranks' files.
/// Throws traces::TraceError.
void gather_ranks(const std::filesystem::path& trace);

}  // namespace kvroof::sweep
