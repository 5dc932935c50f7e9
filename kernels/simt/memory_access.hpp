// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/site.hpp"

// Loads, stores, copies and atomics of the running thread: each access is checked, carried out
// unless it is faulty, and recorded for the counters. A faulty or predicated-off load yields poison
// or zero. Bytes is 1, 2, 4, 8 or 16.

namespace kvroof::simt {

/// What shared_address() gives for the first byte of dynamic shared memory.
inline constexpr std::uint32_t kSharedWindow = 1024;

template <int Bytes>
void read_global(void* value, const void* address, bool on, Site site);
template <int Bytes>
void write_global(void* address, const void* value, bool on, Site site);

template <int Bytes>
void read_shared(void* value, const void* address, bool on, Site site);
template <int Bytes>
void write_shared(void* address, const void* value, bool on, Site site);
/// The same for an address in the shared window.
template <int Bytes>
void read_shared_at(void* value, std::uint32_t address, Site site);

/// First byte of the block's dynamic shared memory.
std::byte* shared_base();
/// Address in the shared window of a pointer into dynamic shared memory.
std::uint32_t shared_window_address(const void* pointer);
/// Records and checks the row of 16 bytes that a lane hands to ldmatrix; its offset, or
/// kBadRow when it cannot be read.
std::size_t read_matrix_row(const void* address, Site site);
inline constexpr std::size_t kBadRow = ~std::size_t{0};

template <int Bytes>
void copy_async(void* shared, const void* global, bool on, Site site);
void commit_async_copies();
/// Waits until at most `pending` committed groups are under way.
void wait_async_copies(std::size_t pending);

/// One copy of `bytes` (a multiple of 16), started by the running thread on a barrier object.
void start_bulk_copy(std::uint32_t barrier, void* shared, const void* global, int bytes, Site site);
/// The running thread's warp waits for the copies that its lanes started on the barrier object.
void wait_bulk_copies(std::uint32_t barrier);

std::uint32_t atomic_add_to_global(std::uint32_t* address, std::uint32_t value, Site site);
std::uint32_t atomic_add_to_shared(std::uint32_t* address, std::uint32_t value, Site site);
void fence_global();

}  // namespace kvroof::simt
