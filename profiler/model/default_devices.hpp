// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kvroof::model {

/// The text of catalogue/devices.json; the build writes the file that defines it.
extern const char* const kDefaultDevices;

}  // namespace kvroof::model
