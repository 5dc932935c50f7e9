// SPDX-License-Identifier: Apache-2.0
#include "profiler/inputs/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "profiler/inputs/safetensors_header.hpp"

namespace kvroof::inputs {
namespace {

using detail::require;
using detail::StoredTensor;
using detail::StoredType;

constexpr std::uint64_t kLengthBytes = 8;  // the header's length, before the header
constexpr std::uint64_t kMaxHeaderBytes = 16u
                                          << 20;  // 100 000 tensors; parsing takes ~20 x as much
constexpr std::size_t kChunkElements = std::size_t{1} << 16;

/// An open file of known size; every read is checked.
class File {
 public:
  explicit File(const std::filesystem::path& path) : name_(path.string()) {
    std::error_code error;
    require(std::filesystem::is_regular_file(path, error),
            "{}: no such file, or not a regular file{}", name_,
            error ? " (" + error.message() + ")" : "");
    size_ = std::filesystem::file_size(path, error);
    require(!error, "{}: cannot tell its size ({})", name_, error.message());
    stream_.open(path, std::ios::binary);
    require(stream_.is_open(), "{}: cannot be opened for reading", name_);
  }

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }

  void read(std::uint64_t offset, std::span<char> bytes) {
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    require(stream_.good(), "{}: reading {} bytes at byte {} failed", name_, bytes.size(), offset);
  }

 private:
  std::string name_;
  std::uint64_t size_ = 0;
  std::ifstream stream_;
};

std::uint64_t little_endian(std::span<const char> bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    word = (word << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return word;
}

std::string read_header_text(File& file) {
  require(file.size() >= kLengthBytes, "{}: {} bytes are too few for a safetensors file",
          file.name(), file.size());
  std::array<char, kLengthBytes> prefix{};
  file.read(0, prefix);
  const std::uint64_t length = little_endian(prefix);
  const std::uint64_t rest = file.size() - kLengthBytes;
  require(
      length <= rest,
      "{}: claims a header of {} bytes, but only {} follow: truncated, or not a safetensors file",
      file.name(), length, rest);
  require(length <= kMaxHeaderBytes, "{}: a header of {} bytes, at most {} are accepted",
          file.name(), length, kMaxHeaderBytes);
  std::string text(static_cast<std::size_t>(length), '\0');
  if (!text.empty()) file.read(kLengthBytes, text);
  return text;
}

float decode(StoredType type, std::span<const char> bytes) {
  const std::uint64_t word = little_endian(bytes);
  switch (type) {
    case StoredType::kF16: return from_bits(Dtype::kF16, static_cast<std::uint16_t>(word));
    case StoredType::kBF16: return from_bits(Dtype::kBF16, static_cast<std::uint16_t>(word));
    case StoredType::kF32: return std::bit_cast<float>(static_cast<std::uint32_t>(word));
  }
  throw InputError("safetensors: unknown stored type");
}

/// Reads consecutive elements at byte `offset` of the file and rounds them to `dtype`.
void read_elements(File& file, const char* tensor, StoredType type, std::uint64_t offset,
                   Dtype dtype, std::span<float> out) {
  const auto width = static_cast<std::size_t>(detail::bytes_of(type));
  std::vector<char> chunk(std::min(kChunkElements, out.size()) * width);
  for (std::size_t first = 0; first < out.size(); first += kChunkElements) {
    const std::size_t count = std::min(kChunkElements, out.size() - first);
    const std::span<char> bytes = std::span(chunk).first(count * width);
    file.read(offset + first * width, bytes);
    for (std::size_t i = 0; i < count; ++i) {
      const float stored = decode(type, bytes.subspan(i * width, width));
      const float rounded = round_to(dtype, stored);
      require(std::isfinite(rounded) || !std::isfinite(stored),
              "{}: element {} of {} is {}, beyond the largest {} number {}; choose another dtype",
              file.name(), first + i, tensor, stored, to_string(dtype), max_finite(dtype));
      out[first + i] = rounded;
    }
  }
}

std::size_t element_count(const StoredTensor& tensor) {
  std::int64_t count = 1;  // cannot overflow: the header check compared it with the file's size
  for (const std::int64_t size : tensor.shape) count *= size;
  return static_cast<std::size_t>(count);
}

std::vector<float> read_tensor(File& file, const char* name, const StoredTensor& tensor,
                               std::uint64_t data_start, Dtype dtype) {
  std::vector<float> elements(element_count(tensor));
  read_elements(file, name, tensor.type, data_start + tensor.begin, dtype, elements);
  return elements;
}

/// The last query of each head: [batch, query_heads, q_len, head_dim] -> [batch, query_heads,
/// head_dim].
std::vector<float> read_last_queries(File& file, const StoredTensor& tensor,
                                     std::uint64_t data_start, Dtype dtype) {
  const auto heads = static_cast<std::size_t>(tensor.shape[0] * tensor.shape[1]);
  const auto q_len = static_cast<std::size_t>(tensor.shape[2]);
  const auto head_dim = static_cast<std::size_t>(tensor.shape[3]);
  const auto width = static_cast<std::size_t>(detail::bytes_of(tensor.type));
  std::vector<float> queries(heads * head_dim);
  for (std::size_t head = 0; head < heads; ++head) {
    const std::size_t last = (head * q_len + q_len - 1) * head_dim;
    read_elements(file, "queries", tensor.type, data_start + tensor.begin + last * width, dtype,
                  std::span(queries).subspan(head * head_dim, head_dim));
  }
  return queries;
}

/// What stands before the data of a file.
struct Opening {
  detail::Header header;
  std::uint64_t data_start;  // bytes from the start of the file
};

Opening read_opening(File& file) {
  const std::string text = read_header_text(file);
  const std::uint64_t data_start = kLengthBytes + text.size();
  return {detail::parse_header(file.name(), text, file.size() - data_start), data_start};
}

}  // namespace

QueryTensor read_queries(const std::filesystem::path& path, Dtype dtype) {
  File file(path);
  const auto [header, data_start] = read_opening(file);
  if (!header.queries) return {};
  return {header.queries->shape[2],
          read_tensor(file, "queries", *header.queries, data_start, dtype)};
}

KvTensors read_safetensors(const std::filesystem::path& path, Dtype dtype) {
  File file(path);
  const auto [header, data_start] = read_opening(file);
  KvTensors tensors;
  tensors.dtype = dtype;
  tensors.batch = header.keys.shape[0];
  tensors.kv_heads = header.keys.shape[1];
  tensors.kv_len = header.keys.shape[2];
  tensors.head_dim = header.keys.shape[3];
  tensors.keys = read_tensor(file, "keys", header.keys, data_start, dtype);
  tensors.values = read_tensor(file, "values", header.values, data_start, dtype);
  if (header.queries) {
    tensors.query_heads = header.queries->shape[1];
    tensors.queries = read_last_queries(file, *header.queries, data_start, dtype);
  }
  return tensors;
}

}  // namespace kvroof::inputs
