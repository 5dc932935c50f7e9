// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/collectives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/simt/block.hpp"
#include "kernels/simt/memory_access.hpp"

namespace kvroof::simt {
namespace {

constexpr std::uint32_t kAllLanes = 0xffffffffu;
constexpr std::uint32_t kPoisonWord = 0xcdcdcdcdu;

template <class Operand>
Operand& operand_of(const Warp& warp, int lane) {
  return *static_cast<Operand*>(warp.operands[static_cast<std::size_t>(lane)]);
}

/// Calls visit(lane) for every lane of the mask.
template <class Visit>
void for_each_lane(std::uint32_t lanes, const Visit& visit) {
  for (; lanes != 0; lanes &= lanes - 1) visit(std::countr_zero(lanes));
}

void issue_for_warp(Block& block, Pipe pipe) {
  ++block.counters().instructions[static_cast<std::size_t>(pipe)];
}

/// Matrix instructions are defined for whole warps only.
void require_whole_warp(Block& block, const Warp& warp, const Rendezvous& rendezvous) {
  if (rendezvous.arrived == kAllLanes) return;
  const int first = std::countr_zero(rendezvous.arrived);
  block.report(HazardKind::kDivergentCollective, rendezvous.site, warp.index * kLanes + first, [&] {
    return fmt::format("a matrix instruction needs all 32 lanes, {} have come",
                       std::popcount(rendezvous.arrived));
  });
}

// ---- barriers and votes ----

void perform_sync(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  const std::uint32_t now = block.shared().advance();
  for_each_lane(rendezvous.arrived,
                [&](int lane) { warp.since[static_cast<std::size_t>(lane)] = now; });
  ++block.counters().warp_barriers;
}

struct Vote {
  bool predicate;
  std::uint32_t result;
  std::uint32_t participants;
};

void perform_vote(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  std::uint32_t result = 0;
  for_each_lane(rendezvous.arrived, [&](int lane) {
    result |= std::uint32_t{operand_of<Vote>(warp, lane).predicate} << lane;
  });
  for_each_lane(rendezvous.arrived, [&](int lane) {
    Vote& vote = operand_of<Vote>(warp, lane);
    vote.result = result;
    vote.participants = rendezvous.arrived;
  });
  ++block.counters().votes;
  issue_for_warp(block, Pipe::kAlu);
}

// ---- shuffles ----

struct Shuffle {
  std::uint32_t value;
  int source_lane;
  std::uint32_t result;
};

void perform_shuffle(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  for_each_lane(rendezvous.arrived, [&](int lane) {
    Shuffle& shuffle = operand_of<Shuffle>(warp, lane);
    if ((rendezvous.arrived >> shuffle.source_lane & 1u) != 0) [[likely]] {
      shuffle.result = operand_of<Shuffle>(warp, shuffle.source_lane).value;
      return;
    }
    shuffle.result = kPoisonWord;
    block.report(
        HazardKind::kInactiveShuffleSource, rendezvous.site, warp.index * kLanes + lane, [&] {
          return fmt::format("lane {} reads lane {}; the lanes that take part are {:#010x}", lane,
                             shuffle.source_lane, rendezvous.arrived);
        });
  });
  ++block.counters().shuffles;
  issue_for_warp(block, Pipe::kLsu);
}

// ---- reductions ----

struct Reduce {
  std::uint32_t value;
  Reduction reduction;
};

void perform_reduce(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  const int first = std::countr_zero(rendezvous.arrived);
  std::uint32_t result = operand_of<Reduce>(warp, first).value;
  for_each_lane(rendezvous.arrived & (rendezvous.arrived - 1), [&](int lane) {
    const Reduce& operand = operand_of<Reduce>(warp, lane);
    switch (operand.reduction) {
      case Reduction::kSum: result += operand.value; break;
      case Reduction::kMin: result = std::min(result, operand.value); break;
      case Reduction::kMax: result = std::max(result, operand.value); break;
    }
  });
  for_each_lane(rendezvous.arrived,
                [&](int lane) { operand_of<Reduce>(warp, lane).value = result; });
  ++block.counters().reductions;
  issue_for_warp(block, Pipe::kXu);
}

// ---- matrices ----

struct MatrixLoad {
  std::size_t row;  // offset in shared memory, or kBadRow
  std::uint32_t result[4];
};

/// 16-bit element (row, column) of the matrix whose rows lanes 8 * matrix .. + 7 supply.
std::uint32_t element(const Block& block, const Warp& warp, std::uint32_t lanes, int lane,
                      int column) {
  if ((lanes >> lane & 1u) == 0) return kPoisonWord & 0xffffu;
  const std::size_t row = operand_of<MatrixLoad>(warp, lane).row;
  if (row == kBadRow) return kPoisonWord & 0xffffu;
  std::uint16_t value;
  std::memcpy(
      &value,
      const_cast<Block&>(block).shared().data() + row + 2 * static_cast<std::size_t>(column),
      sizeof value);
  return value;
}

template <bool Transposed>
void perform_load_matrices(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  require_whole_warp(block, warp, rendezvous);
  const std::uint32_t lanes = rendezvous.arrived;
  for_each_lane(lanes, [&](int lane) {
    const int g = lane / 4, t = lane % 4 * 2;
    MatrixLoad& load = operand_of<MatrixLoad>(warp, lane);
    for (int matrix = 0; matrix < 4; ++matrix) {
      const int first = matrix * 8;
      const std::uint32_t low = Transposed ? element(block, warp, lanes, first + t, g)
                                           : element(block, warp, lanes, first + g, t);
      const std::uint32_t high = Transposed ? element(block, warp, lanes, first + t + 1, g)
                                            : element(block, warp, lanes, first + g, t + 1);
      load.result[matrix] = low | high << 16;
    }
  });
}

struct MatrixMove {
  std::uint32_t value, result;
};

void perform_move_matrix(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  require_whole_warp(block, warp, rendezvous);
  std::uint32_t values[kLanes] = {};
  for_each_lane(rendezvous.arrived,
                [&](int lane) { values[lane] = operand_of<MatrixMove>(warp, lane).value; });
  const auto at = [&](int row, int column) {
    return values[row * 4 + column / 2] >> (column % 2 * 16) & 0xffffu;
  };
  for_each_lane(rendezvous.arrived, [&](int lane) {
    const int row = lane / 4, column = lane % 4 * 2;
    operand_of<MatrixMove>(warp, lane).result = at(column, row) | at(column + 1, row) << 16;
  });
  ++block.counters().move_matrix;
  issue_for_warp(block, Pipe::kAlu);
}

struct SparseMma : SparseMmaOperand {
  MmaType type;
  int selector;
};

/// The operands of a matrix multiply; `nobody` stands in for lanes that have not come.
template <class Passed, class Operand>
void collect_operands(const Warp& warp, std::uint32_t arrived, const Operand& nobody,
                      const Operand* (&lanes)[kLanes]) {
  for (int lane = 0; lane < kLanes; ++lane) {
    lanes[lane] = (arrived >> lane & 1u) != 0 ? &operand_of<Passed>(warp, lane) : &nobody;
  }
}

void count_mma(Block& block) {
  constexpr std::int64_t kFlops = std::int64_t{2} * 16 * 8 * 16;  // of a sparse one too
  ++block.counters().mma;
  block.counters().mma_flops += kFlops;
  issue_for_warp(block, Pipe::kTensor);
}

template <MmaType Type>
void perform_mma(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  require_whole_warp(block, warp, rendezvous);
  float unused[4] = {};
  constexpr std::uint32_t zeros[4] = {};
  const MmaOperand* lanes[kLanes];
  const MmaOperand nobody{unused, zeros, {}};
  collect_operands<MmaOperand>(warp, rendezvous.arrived, nobody, lanes);
  multiply_accumulate(Type, lanes);
  count_mma(block);
}

/// Reports the first lane that `selector` names and whose metadata is invalid.
void check_metadata(Block& block, const Warp& warp, const Rendezvous& rendezvous, int selector) {
  const std::uint32_t selected = rendezvous.arrived & 0x33333333u << 2 * selector;
  for (std::uint32_t lanes = selected; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    const std::uint32_t metadata = operand_of<SparseMma>(warp, lane).metadata;
    if (is_valid_metadata(metadata)) continue;
    block.report(HazardKind::kInvalidMetadata, rendezvous.site, warp.index * kLanes + lane,
                 [&] { return fmt::format("lane {} gives {:#010x}", lane, metadata); });
    return;
  }
}

void perform_mma_sparse(Block& block, Warp& warp, const Rendezvous& rendezvous) {
  require_whole_warp(block, warp, rendezvous);
  const SparseMma& first = operand_of<SparseMma>(warp, std::countr_zero(rendezvous.arrived));
  check_metadata(block, warp, rendezvous, first.selector);
  float unused[4] = {};
  constexpr std::uint32_t zeros[4] = {};
  const SparseMmaOperand* lanes[kLanes];
  const SparseMmaOperand nobody{unused, zeros, {}, 0};
  collect_operands<SparseMma>(warp, rendezvous.arrived, nobody, lanes);
  multiply_accumulate_sparse(first.type, first.selector, lanes);
  count_mma(block);
}

}  // namespace

void sync_block(Site site) { current->block->sync_threads(site); }

void sync_lanes(std::uint32_t mask, Site site) {
  current->block->rendezvous(Collective::kSyncWarp, perform_sync, mask, nullptr, site);
}

std::uint32_t vote(bool predicate, std::uint32_t mask, Site site, std::uint32_t* participants) {
  Vote operand{predicate, 0, 0};
  current->block->rendezvous(Collective::kVote, perform_vote, mask, &operand, site);
  *participants = operand.participants;
  return operand.result;
}

std::uint32_t shuffle_bits(std::uint32_t value, int source_lane, std::uint32_t mask, Site site) {
  Shuffle operand{value, source_lane, 0};
  current->block->rendezvous(Collective::kShuffle, perform_shuffle, mask, &operand, site);
  return operand.result;
}

std::uint32_t reduce(std::uint32_t value, Reduction reduction, std::uint32_t mask, Site site) {
  Reduce operand{value, reduction};
  current->block->rendezvous(Collective::kReduce, perform_reduce, mask, &operand, site);
  return operand.value;
}

void load_matrices(U32 (&result)[4], const void* row, bool transposed, Site site) {
  MatrixLoad operand{read_matrix_row(row, site), {}};
  if (transposed) {
    current->block->rendezvous(Collective::kLoadMatrixTransposed, perform_load_matrices<true>,
                               kAllLanes, &operand, site);
  } else {
    current->block->rendezvous(Collective::kLoadMatrix, perform_load_matrices<false>, kAllLanes,
                               &operand, site);
  }
  for (int matrix = 0; matrix < 4; ++matrix) result[matrix] = operand.result[matrix];
}

std::uint32_t move_matrix(std::uint32_t fragment, Site site) {
  MatrixMove operand{fragment, 0};
  current->block->rendezvous(Collective::kMoveMatrix, perform_move_matrix, kAllLanes, &operand,
                             site);
  return operand.result;
}

void mma(MmaType type, F32 (&d)[4], const U32 (&a)[4], U32 b0, U32 b1, Site site) {
  float accumulator[4] = {d[0], d[1], d[2], d[3]};
  const std::uint32_t a_bits[4] = {a[0], a[1], a[2], a[3]};
  MmaOperand operand{accumulator, a_bits, {b0, b1}};
  if (type == MmaType::kF16) {
    current->block->rendezvous(Collective::kMmaF16, perform_mma<MmaType::kF16>, kAllLanes, &operand,
                               site);
  } else {
    current->block->rendezvous(Collective::kMmaBf16, perform_mma<MmaType::kBF16>, kAllLanes,
                               &operand, site);
  }
  for (int i = 0; i < 4; ++i) d[i] = accumulator[i];
}

void mma_sparse(MmaType type, int selector, F32 (&d)[4], const U32 (&a)[4], const U32 (&b)[4],
                U32 metadata, Site site) {
  float accumulator[4] = {d[0], d[1], d[2], d[3]};
  const std::uint32_t a_bits[4] = {a[0], a[1], a[2], a[3]};
  SparseMma operand{{accumulator, a_bits, {b[0], b[1], b[2], b[3]}, metadata}, type, selector};
  current->block->rendezvous(Collective::kMmaSparse, perform_mma_sparse, kAllLanes, &operand, site);
  for (int i = 0; i < 4; ++i) d[i] = accumulator[i];
}

}  // namespace kvroof::simt
