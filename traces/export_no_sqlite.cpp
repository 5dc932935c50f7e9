// SPDX-License-Identifier: Apache-2.0
#include "traces/export.hpp"

namespace kvroof::traces {

bool has_sqlite() { return false; }

void export_sqlite(const Trace&, const std::filesystem::path& path) {
  throw TraceError(
      path.string() +
      ": this kvroof was built without SQLite; build it where libsqlite3-dev is installed");
}

}  // namespace kvroof::traces
