// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#if __has_include(<source_location>)
#include <source_location>
#endif

namespace kvroof::simt {

/// The place in device code where an intrinsic is called: one word, compared as one word.
#if defined(__cpp_lib_source_location)
class Site {
 public:
  constexpr Site() = default;
  /// As a default argument: the place of the call.
  static constexpr Site current(std::source_location where = std::source_location::current()) {
    Site site;
    site.where_ = where;
    return site;
  }
  const char* file() const { return where_.file_name(); }
  unsigned line() const { return static_cast<unsigned>(where_.line()); }
  unsigned column() const { return static_cast<unsigned>(where_.column()); }
  /// Differs between places, and between instances of one template.
  std::uint64_t id() const { return std::bit_cast<std::uint64_t>(where_); }

 private:
  static_assert(sizeof(std::source_location) == sizeof(std::uint64_t),
                "a site is kept as the pointer that libstdc++ makes of a source location");
  std::source_location where_;
};
#else
// clang before 16 has no std::source_location: the file's address and the line share a word.
class Site {
 public:
  constexpr Site() = default;
  static Site current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    Site site;
    site.id_ = reinterpret_cast<std::uint64_t>(file) << kLineBits | line;
    return site;
  }
  const char* file() const {
    return id_ == 0 ? "" : reinterpret_cast<const char*>(id_ >> kLineBits);
  }
  unsigned line() const { return static_cast<unsigned>(id_ & ((1u << kLineBits) - 1)); }
  unsigned column() const { return 0; }
  std::uint64_t id() const { return id_; }

 private:
  static constexpr int kLineBits = 16;
  std::uint64_t id_ = 0;
};
#endif

namespace detail {
bool same_file_and_line(Site a, Site b);
}
/// The same line and column, whichever template instance.
inline bool same_place(Site a, Site b) {
  return a.id() == b.id() || detail::same_file_and_line(a, b);
}

}  // namespace kvroof::simt
