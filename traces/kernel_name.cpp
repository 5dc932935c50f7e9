// SPDX-License-Identifier: Apache-2.0
#include "traces/kernel_name.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace kvroof::traces {
namespace {

/// Where the first of `wanted` stands outside all <>; the length when there is none.
std::size_t find_outside_templates(std::string_view text, char wanted) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (depth == 0 && text[i] == wanted) return i;
    if (text[i] == '<') ++depth;
    if (text[i] == '>') --depth;
  }
  return text.size();
}

void erase_all(std::string& text, std::string_view part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.erase(at, part.size());
}

}  // namespace

std::string readable_kernel_name(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  if (demangled == nullptr) return symbol;
  std::string name = demangled.get();
  erase_all(name, "(anonymous namespace)::");
  for (const char* shared : {"kvroof::", "cuda_backend::"}) erase_all(name, shared);
  name.resize(find_outside_templates(name, '('));
  const std::size_t return_type = find_outside_templates(name, ' ');
  return return_type == name.size() ? name : name.substr(return_type + 1);
}

}  // namespace kvroof::traces
