// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

#if defined(KVROOF_SIMT_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(KVROOF_SIMT_UCONTEXT)
// void kvroof_simt_switch(void** save_stack_pointer, void* resume_stack_pointer)
extern "C" void kvroof_simt_switch(void** save, void* resume);

#if defined(__x86_64__)
// System V: rbx, rbp and r12..r15 belong to the caller.
asm(R"(
.text
.globl kvroof_simt_switch
.hidden kvroof_simt_switch
.type kvroof_simt_switch,@function
kvroof_simt_switch:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size kvroof_simt_switch,.-kvroof_simt_switch
)");
#else
// AAPCS64: x19..x30 and d8..d15 belong to the caller.
asm(R"(
.text
.globl kvroof_simt_switch
.hidden kvroof_simt_switch
.type kvroof_simt_switch,%function
kvroof_simt_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x2, sp
  str x2, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size kvroof_simt_switch,.-kvroof_simt_switch
)");
#endif
#endif

namespace kvroof::simt {
namespace {

constexpr std::uint64_t kMark = 0x6b76726f6f662121;  // at the far end of every stack

#if !defined(KVROOF_SIMT_UCONTEXT)
/// The stack pointer of a fiber that was never run: its first switch "returns" into `entry`.
void* first_frame(std::byte* stack, std::size_t stack_bytes, Context::Entry entry) {
  auto top = reinterpret_cast<std::uintptr_t>(stack + stack_bytes) & ~std::uintptr_t{15};
  auto* const words = reinterpret_cast<void**>(top);
#if defined(__x86_64__)
  constexpr int kSaved = 6;
  words[-1] = nullptr;  // the return address of entry: ends a debugger's walk, aligns the stack
  words[-2] = reinterpret_cast<void*>(entry);
  for (int i = 0; i < kSaved; ++i) words[-3 - i] = nullptr;
  return words - 2 - kSaved;
#else
  constexpr int kFrame = 160 / 8, kLink = 88 / 8;  // x30 is the eleventh-and-one saved word
  for (int i = 1; i <= kFrame; ++i) words[-i] = nullptr;
  words[-kFrame + kLink] = reinterpret_cast<void*>(entry);
  return words - kFrame;
#endif
}
#endif

}  // namespace

void Context::prepare(std::byte* stack, std::size_t stack_bytes, Entry entry) {
  stack_ = stack;
  stack_bytes_ = stack_bytes;
  fake_stack_ = nullptr;
#if defined(KVROOF_SIMT_UCONTEXT)
  getcontext(&saved_);
  saved_.uc_stack.ss_sp = stack;
  saved_.uc_stack.ss_size = stack_bytes;
  saved_.uc_link = nullptr;
  makecontext(&saved_, entry, 0);
#else
  stack_pointer_ = first_frame(stack, stack_bytes, entry);
#endif
}

void Context::switch_to(Context& from, Context& to) {
#if defined(KVROOF_SIMT_ASAN)
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.stack_, to.stack_bytes_);
#endif
#if defined(KVROOF_SIMT_UCONTEXT)
  swapcontext(&from.saved_, &to.saved_);
#else
  kvroof_simt_switch(&from.stack_pointer_, to.stack_pointer_);
#endif
#if defined(KVROOF_SIMT_ASAN)
  __sanitizer_finish_switch_fiber(from.fake_stack_, nullptr, nullptr);
#endif
}

void Context::arrived([[maybe_unused]] Context& previous) {
#if defined(KVROOF_SIMT_ASAN)
  const void* stack = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(nullptr, &stack, &bytes);
  if (previous.stack_ == nullptr) {  // the host thread: its bounds are known only now
    previous.stack_ = static_cast<const std::byte*>(stack);
    previous.stack_bytes_ = bytes;
  }
#endif
}

FiberStacks::FiberStacks(int count)
    : bytes_(static_cast<std::size_t>(count) * (kBytes + kStagger)) {
  void* const memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<std::byte*>(memory);
}

FiberStacks::~FiberStacks() {
#if defined(KVROOF_SIMT_ASAN)
  __asan_unpoison_memory_region(base_, bytes_);
#endif
  munmap(base_, bytes_);
}

std::byte* FiberStacks::stack(int fiber) const {
  return base_ + static_cast<std::size_t>(fiber) * (kBytes + kStagger);
}

void FiberStacks::reset(int fiber) {
#if defined(KVROOF_SIMT_ASAN)
  __asan_unpoison_memory_region(stack(fiber), kBytes);  // abandoned fibers leave red zones behind
#endif
  std::memcpy(stack(fiber), &kMark, sizeof kMark);
}

bool FiberStacks::intact(int fiber) const {
  return std::memcmp(stack(fiber), &kMark, sizeof kMark) == 0;
}

}  // namespace kvroof::simt
