// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// One fiber for each simulated thread: a stack of its own and a switch that saves what the calling
// convention asks for. Written in assembly for x86-64 and aarch64; elsewhere, or with
// KVROOF_SIMT_UCONTEXT defined, by POSIX ucontext, which is about 30 times slower.
#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(KVROOF_SIMT_UCONTEXT)
#define KVROOF_SIMT_UCONTEXT
#endif
#if defined(KVROOF_SIMT_UCONTEXT)
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define KVROOF_SIMT_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KVROOF_SIMT_ASAN
#endif
#endif

namespace kvroof::simt {

/// A point of execution that can be left and resumed: a fiber, or the host thread that runs fibers.
class Context {
 public:
  using Entry = void (*)();

  /// Prepares a fiber that starts in `entry` at the next switch_to(). `entry` must not return.
  void prepare(std::byte* stack, std::size_t stack_bytes, Entry entry);
  /// Leaves `from`, the running context, and resumes `to`.
  static void switch_to(Context& from, Context& to);
  /// First call in `entry`: tells AddressSanitizer where it is. `previous` was left for it.
  static void arrived(Context& previous);

 private:
#if defined(KVROOF_SIMT_UCONTEXT)
  ucontext_t saved_;
#else
  void* stack_pointer_ = nullptr;
#endif
  const std::byte* stack_ = nullptr;  // the host thread's own: learnt from AddressSanitizer
  std::size_t stack_bytes_ = 0;
  void* fake_stack_ = nullptr;
};

/// Stacks of one host thread's fibers. Memory is committed when touched.
class FiberStacks {
 public:
  explicit FiberStacks(int count);
  ~FiberStacks();
  FiberStacks(const FiberStacks&) = delete;
  FiberStacks& operator=(const FiberStacks&) = delete;

  std::byte* stack(int fiber) const;
  /// Marks the far end of a stack and forgets what sanitizers know of its last use.
  void reset(int fiber);
  /// Whether the mark is still there: false after an overflow.
  bool intact(int fiber) const;

#if defined(KVROOF_SIMT_ASAN)
  static constexpr std::size_t kBytes = std::size_t{256} * 1024;
#else
  static constexpr std::size_t kBytes = std::size_t{128} * 1024;
#endif

 private:
  // Stacks a power of two apart would share cache sets.
  static constexpr std::size_t kStagger = 320;

  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace kvroof::simt
