// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/global_memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace kvroof::simt {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kGuard = std::size_t{64} * 1024;
constexpr std::size_t kLine = 128;
constexpr std::size_t kBuried = 1024;  // freed allocations that are remembered

constexpr std::size_t round_up(std::size_t bytes, std::size_t step) {
  return (bytes + step - 1) / step * step;
}

}  // namespace

LazyPages::LazyPages(std::size_t bytes, std::size_t guard) : bytes_(round_up(bytes, kPage)) {
  mapped_ = bytes_ + 2 * guard;
  if (mapped_ == 0) return;
  void* const mapping = mmap(nullptr, mapped_, guard == 0 ? PROT_READ | PROT_WRITE : PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    throw std::runtime_error(fmt::format(
        "simulated device: the host cannot reserve {} bytes of address space", mapped_));
  }
  mapping_ = static_cast<std::byte*>(mapping);
  data_ = mapping_ + guard;
  if (guard != 0 && bytes_ != 0 && mprotect(data_, bytes_, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping_, mapped_);
    throw std::runtime_error(fmt::format("simulated device: the host cannot map {} bytes", bytes_));
  }
}

LazyPages::LazyPages(LazyPages&& other) noexcept { *this = std::move(other); }

LazyPages& LazyPages::operator=(LazyPages&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(data_, other.data_);
  std::swap(mapped_, other.mapped_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

LazyPages::~LazyPages() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

void LazyPages::clear() {
  if (bytes_ != 0) madvise(data_, bytes_, MADV_DONTNEED);
}

void LazyPages::protect() {
  clear();
  if (bytes_ != 0) mprotect(data_, bytes_, PROT_NONE);
}

Allocation::Allocation(std::size_t bytes, std::string_view name)
    : bytes_(bytes),
      name_(name),
      memory_(bytes, kGuard),
      valid_(round_up(bytes, 64) / 8, 0),
      touched_(round_up(bytes, kLine) / kLine, 0),
      race_words_(round_up(bytes, 4) * 2, 0),
      race_bytes_(round_up(bytes, 4) * 8, 0) {}

void Allocation::set_range_initialised(std::size_t offset, std::size_t size) {
  const std::size_t end = offset + size;
  while (offset < end && offset % 8 != 0) set_initialised(offset++, 1);
  const std::size_t whole = (end - offset) / 8;
  if (offset < end) std::memset(valid_.data() + offset / 8, 0xff, whole);
  offset += whole * 8;
  while (offset < end) set_initialised(offset++, 1);
}

int Allocation::touch(std::size_t offset, unsigned sectors, bool write) {
  auto& line = reinterpret_cast<std::atomic<std::uint8_t>*>(touched_.data())[offset / kLine];
  const auto bits = static_cast<std::uint8_t>(write ? sectors << 4 : sectors);
  if ((line.load(std::memory_order_relaxed) & bits) == bits) return 0;
  if (!was_touched_.load(std::memory_order_relaxed)) {
    was_touched_.store(true, std::memory_order_relaxed);
  }
  const std::uint8_t before = line.fetch_or(bits, std::memory_order_relaxed);
  return std::popcount(static_cast<unsigned>(bits & ~before));
}

void Allocation::forget_touched() {
  if (was_touched_.exchange(false, std::memory_order_relaxed)) touched_.clear();
}

void Allocation::forget_races() {
  race_words_.clear();
  race_bytes_.clear();
}

void Allocation::bury() {
  memory_.protect();
  valid_ = LazyPages();
  touched_ = LazyPages();
  race_words_ = LazyPages();
  race_bytes_ = LazyPages();
}

Allocation& GlobalMemory::allocate(std::size_t bytes, std::string_view name, std::int64_t limit) {
  const auto wanted = static_cast<std::int64_t>(bytes);
  if (wanted < 0 || wanted > limit - used_bytes_) {
    throw std::runtime_error(
        fmt::format("simulated device: no room for {} bytes of '{}': {} of {} bytes are in use; "
                    "release buffers or choose a device with more memory",
                    bytes, name, used_bytes_, limit));
  }
  auto allocation = std::make_unique<Allocation>(bytes, name);
  used_bytes_ += wanted;
  ++generation_;
  const auto place = std::ranges::upper_bound(live_, allocation->begin(), {},
                                              [](const auto& other) { return other->begin(); });
  return **live_.insert(place, std::move(allocation));
}

bool GlobalMemory::release(const void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const auto place = std::ranges::find_if(
      live_, [&](const auto& allocation) { return allocation->begin() == address; });
  if (place == live_.end()) return false;
  std::unique_ptr<Allocation> allocation = std::move(*place);
  live_.erase(place);
  ++generation_;
  used_bytes_ -= static_cast<std::int64_t>(allocation->bytes());
  allocation->bury();
  if (buried_.size() == kBuried) buried_.erase(buried_.begin());
  buried_.push_back(std::move(allocation));
  return true;
}

Allocation* GlobalMemory::find_below(std::uintptr_t address) const {
  const auto above = std::ranges::upper_bound(live_, address, {},
                                              [](const auto& other) { return other->begin(); });
  return above == live_.begin() ? nullptr : std::prev(above)->get();
}

Allocation* GlobalMemory::find(std::uintptr_t address, std::size_t size) const {
  Allocation* const below = find_below(address);
  return below != nullptr && below->contains(address, size) ? below : nullptr;
}

bool GlobalMemory::was_freed(std::uintptr_t address) const {
  return std::ranges::any_of(
      buried_, [&](const auto& allocation) { return allocation->contains(address, 1); });
}

std::string GlobalMemory::describe(std::uintptr_t address, std::size_t size) const {
  for (const auto& freed : buried_) {
    if (!freed->contains(address, 1)) continue;
    return fmt::format("{} bytes at byte {} of '{}', which was released", size,
                       address - freed->begin(), freed->name());
  }
  const Allocation* const below = find_below(address);
  if (below != nullptr && address - below->begin() < below->bytes() + kGuard) {
    return fmt::format("{} bytes at byte {} of '{}', which has {} bytes", size,
                       address - below->begin(), below->name(), below->bytes());
  }
  const Allocation* const above = find_below(address + kGuard);
  if (above != nullptr && above != below) {
    return fmt::format("{} bytes that start {} bytes before '{}'", size, above->begin() - address,
                       above->name());
  }
  return fmt::format("{} bytes at {:#x}, where no allocation lies", size, address);
}

}  // namespace kvroof::simt
