// SPDX-License-Identifier: Apache-2.0
// With MPI. Only a process that mpirun (or srun with PMIx) started talks to MPI: starting it alone
// costs time and needs a working set-up, which a sweep on one machine should not ask for.
#include <mpi.h>

#include <cstdlib>

#include "profiler/sweep/ranks.hpp"

namespace kvroof::sweep {
namespace {

bool started_by_mpi() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

bool joined() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  return initialized != 0;
}

}  // namespace

Ranks::Ranks() {
  if (!started_by_mpi()) return;
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &count_);
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host);
  MPI_Comm_rank(host, &local_rank_);
  MPI_Comm_size(host, &local_count_);
  MPI_Comm_free(&host);
}

Ranks::~Ranks() {
  if (joined()) MPI_Finalize();
}

void Ranks::wait_for_all() const {
  if (joined()) MPI_Barrier(MPI_COMM_WORLD);
}

void Ranks::abort(int exit_code) const {
  if (joined()) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::exit(exit_code);
}

}  // namespace kvroof::sweep
