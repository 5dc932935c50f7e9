// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "kernels/cuda/cuda_device.hpp"
#include "tests/simt/twin/pack_twin.hpp"

// The pack kernel and its twin written by hand give the same bytes, so that comparing their cost
// compares like with like. Whether the bytes are right is tested in tests/kernels/pack_test.cpp.
namespace kvroof::twin {
namespace {

using compress::PackProblem;
using Launch = void (*)(const PackProblem&, Device&);

constexpr std::byte kUntouched{0xee};

class PackTwin : public ::testing::Test {
 protected:
  void SetUp() override {
    const CudaAvailability available = query_cuda();
    if (!available.reason.empty()) GTEST_SKIP() << "CUDA cannot be used here: " << available.reason;
    device_ = std::make_unique<CudaDevice>();
  }

  std::vector<std::byte> bytes_of(Launch launch, PackCase& pack) {
    pack.chunks.fill(kUntouched);
    launch(pack.problem, *device_);
    device_->synchronize();
    std::vector<std::byte> bytes(pack.chunks.size());
    pack.chunks.download(bytes);
    return bytes;
  }

  void expect_same_bytes(const PackProblem& shape, const std::vector<std::uint16_t>& rows,
                         const std::vector<std::int32_t>& kv_lengths) {
    PackCase pack(*device_, shape, rows, kv_lengths);
    const std::vector<std::byte> facade = bytes_of(compress::launch_cuda, pack);
    const std::vector<std::byte> twin = bytes_of(launch_pack_twin, pack);
    EXPECT_TRUE(std::any_of(twin.begin(), twin.end(), [](auto b) { return b != kUntouched; }))
        << "neither kernel may pass by writing nothing";
    const auto [at, other] = std::mismatch(facade.begin(), facade.end(), twin.begin());
    EXPECT_EQ(at, facade.end()) << "kept " << shape.kept << ": byte " << at - facade.begin()
                                << " of " << facade.size() << " differs";
  }

  std::unique_ptr<CudaDevice> device_;
};

TEST_F(PackTwin, writes_the_bytes_of_the_facades_kernel_for_any_bit_patterns) {
  unsigned seed = 0;
  for (const int kept : {1, 3, 40, 63, 64, 65, 127, 128}) {
    const PackProblem shape = pack_shape(1, 2, 131, kept);
    expect_same_bytes(shape, random_rows(shape, ++seed), {131});
  }
}

TEST_F(PackTwin, writes_the_bytes_of_the_facades_kernel_when_many_magnitudes_are_equal) {
  for (const int kept : {1, 20, 64, 127}) {
    const PackProblem shape = pack_shape(1, 1, 192, kept);
    std::vector<std::uint16_t> rows = random_rows(shape, 11);
    for (std::uint16_t& bits : rows)
      bits = static_cast<std::uint16_t>(0x3c00 + 0x100 * (bits % 3) + (bits & kSignBit));
    expect_same_bytes(shape, rows, {192});
  }
}

TEST_F(PackTwin, writes_the_bytes_of_the_facades_kernel_for_ragged_batches_and_later_chunks) {
  for (const int first_chunk : {0, 1, 3}) {
    PackProblem shape = pack_shape(6, 3, 300, 40);
    shape.window = 17;
    shape.first_chunk = first_chunk;
    expect_same_bytes(shape, random_rows(shape, 23), {300, 0, 81, 80, 145, 1});
  }
}

TEST_F(PackTwin, writes_the_bytes_of_the_facades_kernel_for_rows_in_a_ring) {
  PackProblem shape = pack_shape(1, 2, 999, 64);
  shape.window = 32;
  shape.row_capacity = 104;
  shape.first_chunk = 14;
  expect_same_bytes(shape, random_rows(shape, 21), {999});
}

}  // namespace
}  // namespace kvroof::twin
