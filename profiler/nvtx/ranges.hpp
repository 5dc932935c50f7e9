// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

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
// Inside time a range per sample, which is a batch of launches, inside activity and count one per
// launch, named as records name the kernel ("pack_keys", "pack_values", "decode", "dense", ...).

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

/// `launch` in a range of that name whenever it is called.
inline std::function<void()> marked(std::string name, std::function<void()> launch) {
  return [name = std::move(name), launch = std::move(launch)] {
    const Range range(name);
    launch();
  };
}

}  // namespace kvroof::nvtx
