// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kvroof::nvtx {

/// The domain of every range: profilers filter by it.
inline constexpr char kDomain[] = "kvroof";

// Names of ranges. Tools and people match them: they change with a note in docs/measuring.md.
inline constexpr char kConfiguration[] = "configuration";  // one configuration of a sweep, whole
inline constexpr char kPrepare[] =
    "prepare";                           // dense inputs become the method's cache, and a first run
inline constexpr char kTime[] = "time";  // the timing of a group of kernels
inline constexpr char kActivity[] = "activity";  // the recording of single kernels
inline constexpr char kCount[] = "count";        // the passes of hardware counters
// Inside time, activity and count: a launch or a batch of launches of one kernel, named as records
// name it ("pack_keys", "pack_values", "decode", ...).

/// Marks the time until it dies for Nsight Systems and other NVTX tools; costs next to nothing when
/// none listens, and is nothing in a build without the CUDA toolkit's headers.
class Range {
 public:
  explicit Range(const char* name);
  explicit Range(const std::string& name) : Range(name.c_str()) {}
  ~Range();
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
};

}  // namespace kvroof::nvtx
