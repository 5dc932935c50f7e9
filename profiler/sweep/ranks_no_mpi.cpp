// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "profiler/sweep/ranks.hpp"

namespace kvroof::sweep {

Ranks::Ranks() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size != nullptr && std::string_view(size) != "1") {
    throw std::runtime_error(
        "mpirun started several processes, but this kvroof was built without MPI; build it where "
        "Open MPI is installed, or give each process a share of its own with --shard");
  }
}

Ranks::~Ranks() = default;
void Ranks::wait_for_all() const {}
void Ranks::abort(int exit_code) const { std::exit(exit_code); }

}  // namespace kvroof::sweep
