// SPDX-License-Identifier: Apache-2.0
// An NVTX injection library: writes down what ranges a program marks. NVTX loads it by
// NVTX_INJECTION64_PATH and calls InitializeInjectionNvtx2 (nvtx3/nvtxDetail/nvtxTypes.h).

#include <nvtx3/nvToolsExt.h>

#include <string>

namespace {

std::string log_text;  // "domain kvroof\n", "push time\n", "pop\n"
int domains = 0;

nvtxDomainHandle_t NVTX_API create_domain(const char* name) {
  log_text += std::string("domain ") + name + "\n";
  ++domains;
  return reinterpret_cast<nvtxDomainHandle_t>(&domains);
}

int NVTX_API push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  log_text += domain == nullptr ? "push outside the domain " : "push ";
  log_text += event->message.ascii;
  log_text += "\n";
  return 0;
}

int NVTX_API pop(nvtxDomainHandle_t) {
  log_text += "pop\n";
  return 0;
}

template <class Function>
void replace(NvtxFunctionTable table, int index, Function function) {
  *table[index] = reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

extern "C" const char* kvroof_recorded_ranges() { return log_text.c_str(); }

extern "C" int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  const auto* callbacks =
      static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned size = 0;
  if (callbacks == nullptr ||
      callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) == 0 ||
      size <= NVTX_CBID_CORE2_DomainRangePop)
    return 0;
  replace(table, NVTX_CBID_CORE2_DomainCreateA, create_domain);
  replace(table, NVTX_CBID_CORE2_DomainRangePushEx, push);
  replace(table, NVTX_CBID_CORE2_DomainRangePop, pop);
  return 1;
}
