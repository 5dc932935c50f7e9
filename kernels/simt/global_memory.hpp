// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvroof::simt {

/// Pages reserved with the kernel of the host: zero, and committed only when touched.
class LazyPages {
 public:
  LazyPages() = default;
  /// `guard` bytes on each side are left unmapped, so that a stray pointer hits nothing.
  LazyPages(std::size_t bytes, std::size_t guard);
  LazyPages(LazyPages&& other) noexcept;
  LazyPages& operator=(LazyPages&& other) noexcept;
  ~LazyPages();

  std::byte* data() const { return data_; }
  /// Back to zero, and back to the host.
  void clear();
  /// Any access faults from now on; the addresses stay taken.
  void protect();

 private:
  std::byte* mapping_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t mapped_ = 0, bytes_ = 0;
};

/// One array of device memory and what is known about its bytes. All knowledge is lazy: an
/// untouched allocation costs address space only.
class Allocation {
 public:
  Allocation(std::size_t bytes, std::string_view name);

  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(memory_.data()); }
  std::size_t bytes() const { return bytes_; }
  const std::string& name() const { return name_; }
  bool contains(std::uintptr_t address, std::size_t size) const {
    return address - begin() < bytes_ && size <= bytes_ - (address - begin());
  }
  std::byte* data() const { return memory_.data(); }

  // Which bytes hold a value. `offset` is a multiple of `size`, `size` one of 1, 2, 4, 8, 16.
  bool initialised(std::size_t offset, int size) const {
    return (valid_word(offset).load(std::memory_order_relaxed) >> (offset & 63) & ones(size)) ==
           ones(size);
  }
  void set_initialised(std::size_t offset, int size) const {
    std::atomic<std::uint64_t>& word = valid_word(offset);
    const std::uint64_t bits = ones(size) << (offset & 63);
    if ((word.load(std::memory_order_relaxed) & bits) != bits) {
      word.fetch_or(bits, std::memory_order_relaxed);
    }
  }
  /// The same for any range, from the host.
  void set_range_initialised(std::size_t offset, std::size_t size);

  /// Marks sectors of the 128-byte line that holds `offset` (bit i of `sectors`: its i-th sector)
  /// as read or written in this launch; returns how many of them were new.
  int touch(std::size_t offset, unsigned sectors, bool write);
  /// State of the check for races between blocks: of the 4 bytes around `offset`, and of one byte.
  std::atomic<std::uint64_t>& race_word(std::size_t offset) const {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(race_words_.data())[offset / 4];
  }
  std::atomic<std::uint64_t>& race_byte(std::size_t offset) const {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(race_bytes_.data())[offset];
  }
  void forget_touched();
  void forget_races();
  /// Frees the bytes and keeps the addresses taken.
  void bury();

 private:
  static constexpr std::uint64_t ones(int size) { return (std::uint64_t{1} << size) - 1; }
  std::atomic<std::uint64_t>& valid_word(std::size_t offset) const {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(valid_.data())[offset / 64];
  }

  std::size_t bytes_;
  std::string name_;
  LazyPages memory_;
  LazyPages valid_;    // 1 bit per byte
  LazyPages touched_;  // per 128-byte line: bits 0..3 sectors read, 4..7 sectors written
  LazyPages race_words_, race_bytes_;  // a cell of 8 bytes for each
  std::atomic<bool> was_touched_{false};
};

/// All device memory of a simulator. Allocation and release are for the host, between launches.
class GlobalMemory {
 public:
  /// Throws std::runtime_error when more than `limit` bytes would be in use.
  Allocation& allocate(std::size_t bytes, std::string_view name, std::int64_t limit);
  /// True when `memory` was a live allocation.
  bool release(const void* memory);

  /// The live allocation with begin() <= address, nearest below; nullptr when there is none.
  Allocation* find_below(std::uintptr_t address) const;
  /// The live allocation that holds [address, address + size), or nullptr.
  Allocation* find(std::uintptr_t address, std::size_t size) const;
  /// What lies at a bad address, in words.
  std::string describe(std::uintptr_t address, std::size_t size) const;
  bool was_freed(std::uintptr_t address) const;

  const std::vector<std::unique_ptr<Allocation>>& live() const { return live_; }
  /// Changes whenever the set of allocations does: caches of find() compare it.
  std::uint64_t generation() const { return generation_; }

 private:
  std::vector<std::unique_ptr<Allocation>> live_;    // by address
  std::vector<std::unique_ptr<Allocation>> buried_;  // the latest few, for reports
  std::uint64_t generation_ = 1;
  std::int64_t used_bytes_ = 0;
};

}  // namespace kvroof::simt
