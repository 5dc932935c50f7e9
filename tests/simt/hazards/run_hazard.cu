// SPDX-License-Identifier: Apache-2.0
// Runs one planted hazard on a GPU, for tools that watch GPU programs:
//   kvroof_hazards_gpu NAME     e.g. missing_sync_threads_race
//   kvroof_hazards_gpu --list   the faulty ones, a line each
#include <cstdio>
#include <cstring>
#include <vector>

#include "tests/simt/hazards/all.cuh"

namespace kvroof {
namespace {

struct Variant {
  const char* name;
  void (*kernel)(hazards::Arrays);
  hazards::Launch launch;
  bool faulty;
};
#define KVROOF_VARIANT(name, faulty) \
  Variant { #name, cuda_backend::name::kernel, cuda_backend::name::kLaunch, faulty }
#define KVROOF_PAIR(stem, suffix) \
  KVROOF_VARIANT(stem##_##suffix, true), KVROOF_VARIANT(stem##_clean, false)

const Variant kVariants[] = {KVROOF_PAIR(async_refill_without_sync, race),
                             KVROOF_PAIR(async_wait_one_short, bug),
                             KVROOF_PAIR(barrier_at_two_sites, bug),
                             KVROOF_PAIR(block_reads_other_block, race),
                             KVROOF_PAIR(block_ticket_without_fence, race),
                             KVROOF_PAIR(blocks_write_same_byte, race),
                             KVROOF_PAIR(blocks_write_same_word, race),
                             KVROOF_PAIR(exit_before_barrier, bug),
                             KVROOF_PAIR(global_out_of_bounds, bug),
                             KVROOF_PAIR(lanes_share_half_word, race),
                             KVROOF_PAIR(mask_without_caller, bug),
                             KVROOF_PAIR(matrix_multiply_in_part_of_warp, bug),
                             KVROOF_PAIR(misaligned_async_copy, bug),
                             KVROOF_PAIR(misaligned_global, bug),
                             KVROOF_PAIR(missing_async_wait, bug),
                             KVROOF_PAIR(missing_sync_after_wait, race),
                             KVROOF_PAIR(missing_sync_before_refill, race),
                             KVROOF_PAIR(missing_sync_threads, race),
                             KVROOF_PAIR(missing_sync_warp, race),
                             KVROOF_PAIR(partial_sync_warp, race),
                             KVROOF_PAIR(plain_read_of_atomic, race),
                             KVROOF_PAIR(shared_out_of_bounds, bug),
                             KVROOF_PAIR(shuffle_as_fence, race),
                             KVROOF_PAIR(shuffle_from_inactive_lane, bug),
                             KVROOF_PAIR(sparse_metadata_descends, bug),
                             KVROOF_PAIR(spin_on_flag, bug),
                             KVROOF_PAIR(too_much_shared_memory, bug),
                             KVROOF_PAIR(uninitialised_global, bug),
                             KVROOF_PAIR(uninitialised_shared, bug),
                             KVROOF_PAIR(use_after_free, bug),
                             KVROOF_PAIR(vote_at_two_sites, bug),
                             KVROOF_PAIR(vote_meets_barrier, bug),
                             KVROOF_PAIR(vote_meets_shuffle, bug),
                             KVROOF_PAIR(warp_copy_not_awaited, bug),
                             KVROOF_PAIR(warp_copy_past_end, bug),
                             KVROOF_PAIR(warps_write_same_word, race)};

int run(const Variant& variant) {
  std::uint32_t *input = nullptr, *output = nullptr, *scratch = nullptr, *ticket = nullptr;
  constexpr std::size_t bytes = hazards::kWords * sizeof(std::uint32_t);
  std::vector<std::uint32_t> values(hazards::kWords);
  for (std::uint32_t i = 0; i < hazards::kWords; ++i) values[i] = 3 * i + 1;
  cudaMalloc(&input, bytes);
  cudaMalloc(&output, bytes);
  cudaMalloc(&scratch, bytes);
  cudaMalloc(&ticket, sizeof(std::uint32_t));
  cudaMemcpy(input, values.data(), bytes, cudaMemcpyHostToDevice);
  cudaMemset(output, 0, bytes);
  cudaMemset(ticket, 0, sizeof(std::uint32_t));
  if (variant.launch.release_input) cudaFree(input);
  const auto shared = static_cast<std::size_t>(variant.launch.shared_bytes);
  cudaFuncSetAttribute(variant.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       variant.launch.shared_bytes);
  variant.kernel<<<static_cast<unsigned>(variant.launch.blocks),
                   static_cast<unsigned>(variant.launch.threads), shared>>>(
      {input, output, scratch, ticket});
  const cudaError_t launched = cudaGetLastError();
  const cudaError_t finished = cudaDeviceSynchronize();
  std::printf("%s: %s, %s\n", variant.name, cudaGetErrorName(launched), cudaGetErrorName(finished));
  return launched == cudaSuccess && finished == cudaSuccess ? 0 : 1;
}

}  // namespace
}  // namespace kvroof

int main(int argc, char** argv) {
  const char* wanted = argc == 2 ? argv[1] : "";
  for (const kvroof::Variant& variant : kvroof::kVariants) {
    if (std::strcmp(wanted, "--list") == 0) {
      if (variant.faulty) std::printf("%s\n", variant.name);
    } else if (std::strcmp(wanted, variant.name) == 0) {
      return kvroof::run(variant);
    }
  }
  if (std::strcmp(wanted, "--list") == 0) return 0;
  std::fprintf(stderr, "usage: kvroof_hazards_gpu NAME | --list; there is no hazard \"%s\"\n",
               wanted);
  return 2;
}
