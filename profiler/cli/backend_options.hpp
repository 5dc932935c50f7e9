// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "kernels/device.hpp"

namespace CLI {
class App;
}

namespace kvroof::cli {

/// --backend and --device.
struct BackendOptions {
  std::string backend = "auto";
  int device = 0;
};
void add_backend_options(CLI::App& command, BackendOptions& options);

/// Opens what was chosen; says on stderr when auto had to fall back on the simulator. Throws as
/// open_device(BackendChoice, int) does.
std::unique_ptr<Device> open_device(const BackendOptions& options);

}  // namespace kvroof::cli
