// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "profiler/inputs/safetensors.hpp"

namespace kvroof::inputs {
namespace {

using detail::require;

struct NamedTensor {
  const char* name;
  std::array<std::int64_t, 4> shape;
  const std::vector<float>* elements;
};

std::vector<NamedTensor> tensors_of(const KvTensors& t) {
  const std::array cache{t.batch, t.kv_heads, t.kv_len, t.head_dim};
  std::vector<NamedTensor> tensors{{"keys", cache, &t.keys}, {"values", cache, &t.values}};
  if (t.query_heads > 0) {
    tensors.push_back({"queries", {t.batch, t.query_heads, 1, t.head_dim}, &t.queries});
  }
  return tensors;
}

std::string header_of(const std::vector<NamedTensor>& tensors, Dtype dtype) {
  nlohmann::ordered_json header;
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const std::uint64_t end = offset + 2 * tensor.elements->size();
    header[tensor.name] = {{"dtype", dtype == Dtype::kF16 ? "F16" : "BF16"},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data then starts at a multiple of 8 bytes
  return text;
}

void append_little_endian(std::string& bytes, std::uint64_t word, int width) {
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>((word >> (8 * i)) & 0xff));
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const KvTensors& tensors) {
  const std::vector<NamedTensor> named = tensors_of(tensors);
  for (const NamedTensor& tensor : named) {
    std::int64_t count = 1;
    for (const std::int64_t size : tensor.shape) count *= size;
    require(count >= 1 && static_cast<std::size_t>(count) == tensor.elements->size(),
            "{}: {} has {} elements, its shape has {}, and an empty tensor cannot be read back",
            path.string(), tensor.name, tensor.elements->size(), count);
  }
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  require(stream.is_open(), "{}: cannot be opened for writing", path.string());
  const std::string header = header_of(named, tensors.dtype);
  std::string bytes;
  append_little_endian(bytes, header.size(), 8);
  stream << bytes << header;
  for (const NamedTensor& tensor : named) {
    bytes.clear();
    for (const float element : *tensor.elements) {
      append_little_endian(bytes, to_bits(tensors.dtype, element), 2);
    }
    stream << bytes;
  }
  stream.close();
  require(!stream.fail(), "{}: writing failed; is the disk full?", path.string());
}

}  // namespace kvroof::inputs
