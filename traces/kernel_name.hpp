// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kvroof::traces {

/// "attention::decode_kernel<Half, 128>" of a mangled symbol: without return type, parameters and
/// the namespaces that all kernels share. A name that is not mangled stays as it is.
std::string readable_kernel_name(const std::string& symbol);

}  // namespace kvroof::traces
