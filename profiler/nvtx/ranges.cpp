// SPDX-License-Identifier: Apache-2.0
#include "profiler/nvtx/ranges.hpp"

#if KVROOF_HAS_CUDA
#include <nvtx3/nvToolsExt.h>
#endif

namespace kvroof::nvtx {

#if KVROOF_HAS_CUDA
namespace {

nvtxDomainHandle_t domain() {
  static const nvtxDomainHandle_t handle = nvtxDomainCreateA(kDomain);
  return handle;
}

}  // namespace

Range::Range(const char* name) {
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_ASCII;
  event.message.ascii = name;
  nvtxDomainRangePushEx(domain(), &event);
}

Range::~Range() { nvtxDomainRangePop(domain()); }
#else
Range::Range(const char*) {}
Range::~Range() = default;
#endif

}  // namespace kvroof::nvtx
