// SPDX-License-Identifier: Apache-2.0
#include "kernels/simt/counters.hpp"

namespace kvroof::simt {
namespace {

void add(GlobalTraffic& to, const GlobalTraffic& from) {
  to.requests += from.requests;
  to.sectors += from.sectors;
  to.bytes += from.bytes;
}
void add(SharedTraffic& to, const SharedTraffic& from) {
  to.requests += from.requests;
  to.wavefronts += from.wavefronts;
  to.ideal_wavefronts += from.ideal_wavefronts;
}

}  // namespace

Counters& Counters::operator+=(const Counters& other) {
  for (const auto member :
       {&Counters::global_load, &Counters::global_store, &Counters::global_atomic,
        &Counters::async_copy, &Counters::warp_copy}) {
    add(this->*member, other.*member);
  }
  for (const auto member : {&Counters::shared_load, &Counters::shared_store,
                            &Counters::shared_atomic, &Counters::load_matrix}) {
    add(this->*member, other.*member);
  }
  for (const auto member :
       {&Counters::footprint_read_bytes, &Counters::footprint_written_bytes, &Counters::mma,
        &Counters::mma_flops, &Counters::shuffles, &Counters::votes, &Counters::reductions,
        &Counters::move_matrix, &Counters::warp_barriers, &Counters::block_barriers,
        &Counters::diverged_segments, &Counters::ungrouped_accesses}) {
    this->*member += other.*member;
  }
  for (std::size_t pipe = 0; pipe < instructions.size(); ++pipe) {
    instructions[pipe] += other.instructions[pipe];
  }
  return *this;
}

}  // namespace kvroof::simt
