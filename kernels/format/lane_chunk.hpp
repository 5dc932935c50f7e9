// SPDX-License-Identifier: Apache-2.0
#pragma once

// The home of the lane-chunk format: which bytes hold the surviving keys or values of 64 tokens of
// one kv head.
//
// A row is one token's head_dim elements, of which any may survive. 64 rows form a chunk. Keys and
// values of a chunk are two separate chunks with the same layout; what differs is which element
// sits where (Operand).
//
// The order is made for the warp that reads it (docs/kernels/attention.md). A chunk is cut into 4
// tiles of 16 tokens; in every tile, lane 4g + t of a warp owns the elements that it needs as
// operand A of mma.m16n8k16: in each of head_dim / 16 steps two nibbles (h = 0, 1) of four elements
// (i = 0..3).
//
//   keys:    nibble = one token x four channels     token 16 tile + g + 8h,            channel
//   key_channel(t, step, i) values:  nibble = one channel x four tokens     token 16 tile +
//   value_token(t, i), channel value_channel(g, step, h)
//
// A lane's surviving elements form one stream in the order (tile, step, h, i). Four consecutive
// elements of a stream share a slot of 8 bytes: the four high bytes, then the four low bytes. Slot
// s of all lanes is line s; a line that every lane has a slot of is full. What a lane has beyond
// the full lines is its tail.
//
//   byte 0   64                    64 + 8 head_dim                           multiple of 128
//   | Header | bitmaps             | full lines in order | tails, lane 0 first | zeros |
//   |        | u16[4][32][units]   | 256 bytes each      | 8 bytes a slot      |       |
//
// The header says what a lane would otherwise have to sum over the others. Chunks are a multiple of
// 128 bytes long because bulk copies of other sizes are slower.
//
// A bitmap unit holds four nibbles (steps 4u .. 4u+3): element i of step 4u + r is bit r + 4i. A
// lane has head_dim / 64 units for h = 0, then as many for h = 1.
//
// Lanes round up to whole slots, at most 3 elements each, so where every row keeps the same number
// of elements, `kept`, 16 kept + 24 slots always suffice: such chunks stand at a constant stride,
// chunk_bytes(head_dim, kept), without offsets. Where rows keep what a rule leaves them, a chunk is
// as long as its lanes are together, and offsets say where it begins (variable_rows.hpp).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kvroof {

/// Keys contract over channels, values over tokens: the same elements lie in another order.
enum class Operand { kKeys, kValues };

namespace lane_chunk {

inline constexpr int kLanes = 32;
inline constexpr int kTokens = 64;      // per chunk
inline constexpr int kTileTokens = 16;  // the M of the mma for keys, its K for values
inline constexpr int kTiles = kTokens / kTileTokens;
inline constexpr int kNibble = 4;         // elements
inline constexpr int kStepChannels = 16;  // of a row, per step
inline constexpr int kUnitSteps = 4;      // nibbles of one bitmap unit
inline constexpr int kSlotElements = 4;
inline constexpr int kSlotBytes = 8;
inline constexpr int kLineBytes = kLanes * kSlotBytes;
inline constexpr int kCopyBytes = 128;  // a chunk is a multiple of it

/// What a chunk begins with: a half per lane. Its low 12 bits say where the lane's tail ends: slots
/// of the tails of this and all lower lanes. The high 4 bits of lanes 0 to 3 are, lowest first, the
/// full lines (lanes 0, 1) and the slots of the longest tail (lanes 2, 3); of the others zero.
struct Header {
  static constexpr int kEndBits = 12;
  static constexpr int kEndMask = (1 << kEndBits) - 1;
  std::uint16_t lanes[kLanes];

  constexpr int tail_end(int lane) const { return lanes[lane] & kEndMask; }
  constexpr int tail_begin(int lane) const { return lane == 0 ? 0 : tail_end(lane - 1); }
  constexpr int full_lines() const { return high_bits(0) | high_bits(1) << 4; }
  constexpr int longest_tail() const { return high_bits(2) | high_bits(3) << 4; }
  constexpr int slots(int lane) const { return full_lines() + tail_end(lane) - tail_begin(lane); }

 private:
  constexpr int high_bits(int lane) const { return lanes[lane] >> kEndBits; }
};
inline constexpr int kHeaderBytes = sizeof(Header);
static_assert(kHeaderBytes % 16 == 0, "bitmaps are read by 16 bytes");
inline constexpr int kSpareSlots = kLanes * (kSlotElements - 1) / kSlotElements;

/// Tokens in chunks when kv_len tokens are cached and at least the `window` most recent ones stay
/// dense: whole chunks only.
constexpr int compressed_tokens(int kv_len, int window) {
  return kv_len <= window ? 0 : (kv_len - window) / kTokens * kTokens;
}

constexpr int steps(int head_dim) { return head_dim / kStepChannels; }
/// 16-bit bitmap units of one lane in one tile, both h.
constexpr int units(int head_dim) { return 2 * steps(head_dim) / kUnitSteps; }
constexpr std::int64_t bitmap_bytes(int head_dim) {
  return std::int64_t{kTiles} * kLanes * units(head_dim) * 2;
}
constexpr std::int64_t slots(int kept) {
  return std::int64_t{kTokens} * kept / kSlotElements + kSpareSlots;
}
constexpr std::int64_t slots_offset(int head_dim) { return kHeaderBytes + bitmap_bytes(head_dim); }
/// Of a chunk that is as long as its lanes' `slots` slots together. Index is int, or a register of
/// device code.
template <class Index>
constexpr Index variable_chunk_units(int head_dim, Index slots) {  // of kCopyBytes
  constexpr unsigned copy_slots = kCopyBytes / kSlotBytes;
  const auto head_slots = static_cast<unsigned>(slots_offset(head_dim) / kSlotBytes);
  return (slots + Index(head_slots + copy_slots - 1)) / copy_slots;
}
constexpr std::int64_t variable_chunk_bytes(int head_dim, std::int64_t slots) {
  return variable_chunk_units(head_dim, slots) * kCopyBytes;
}
constexpr std::int64_t chunk_bytes(int head_dim, int kept) {
  return variable_chunk_bytes(head_dim, slots(kept));
}
/// The longest stream a lane can have, in slots: every element of its share survived.
constexpr int max_lane_slots(int head_dim) {
  return kTiles * steps(head_dim) * 2 * kNibble / kSlotElements;
}
static_assert((kLanes - 1) * max_lane_slots(256) <= Header::kEndMask, "any tails fit the header");

// Strong key channels, which survive in every row, must not crowd into one lane: channels are dealt
// over the four words of a row by folding the higher bits of the index into its lowest two, so that
// channels at a fixed distance (a RoPE pair is head_dim / 2 apart) meet in different lanes. Values
// have no such channels; theirs stand in natural order, as outputs do. Index is int, or a register
// of device code.
template <class Index>
constexpr Index key_channel(Index t, int step, int i) {
  const int quad = step * kNibble + i;
  return Index(t ^ Index((quad ^ (quad >> 2) ^ (quad >> 4)) & 3)) + Index(4 * quad);
}
template <class Index>
constexpr Index value_channel(Index g, int step, int h) {
  return g + Index(step * kStepChannels + 8 * h);
}
template <class Index>
constexpr Index value_token(Index t, int i) {
  return Index(t * Index(2)) + Index((i & 1) + 8 * (i >> 1));
}

struct Element {
  int token;    // 0 .. 63 in the chunk
  int channel;  // 0 .. head_dim - 1
};
/// Which element is number (tile, step, h, i) of `lane`.
constexpr Element element(Operand operand, int lane, int tile, int step, int h, int i) {
  const int g = lane / 4;
  const int t = lane % 4;
  if (operand == Operand::kKeys) return {tile * kTileTokens + g + 8 * h, key_channel(t, step, i)};
  return {tile * kTileTokens + value_token(t, i), value_channel(g, step, h)};
}
/// The bitmap unit of (step, h) within a lane's units of a tile, and the bit of element i in it.
constexpr int unit_of(int head_dim, int step, int h) {
  return h * units(head_dim) / 2 + step / kUnitSteps;
}
constexpr int bit_of(int step, int i) { return step % kUnitSteps + 4 * i; }

/// What the bytes of `chunks` chunks are spent on; the parts add up to the bytes allocated.
struct Bytes {
  std::int64_t values = 0;  // kept elements
  std::int64_t bitmaps = 0;
  std::int64_t headers = 0;  // slots per lane
  std::int64_t padding = 0;  // slot rounding
  std::int64_t total() const { return values + bitmaps + headers + padding; }
};
Bytes count_bytes(int head_dim, int kept, std::int64_t chunks);

/// Throws std::invalid_argument unless head_dim is 64, 128 or 256.
void require_supported(int head_dim);
/// The same, and unless 1 <= kept <= head_dim.
void require_supported(int head_dim, int kept);

/// Host encoder, the plain counterpart of the pack kernel: `rows` is [64, head_dim] 16-bit values,
/// `mask` (1 = survives) of the same shape. Returns variable_chunk_bytes() bytes. Throws
/// std::invalid_argument when a size is wrong.
std::vector<std::byte> encode(Operand operand, int head_dim, std::span<const std::uint16_t> rows,
                              std::span<const std::uint8_t> mask);

/// The same for a mask with exactly `kept` ones per row: writes all chunk_bytes(head_dim, kept)
/// bytes of `chunk`. Throws std::invalid_argument also when a row's count is wrong.
void encode(Operand operand, int head_dim, int kept, std::span<const std::uint16_t> rows,
            std::span<const std::uint8_t> mask, std::span<std::byte> chunk);

/// Inverse of encode(): pruned elements become 0 in `rows` and in `mask`. Returns the chunk's
/// variable_chunk_bytes(); `chunk` may be longer. Throws std::invalid_argument when the bytes are
/// no chunk of this head_dim (a header that disagrees with the bitmaps, fewer slots than it names).
std::int64_t decode(Operand operand, int head_dim, std::span<const std::byte> chunk,
                    std::span<std::uint16_t> rows, std::span<std::uint8_t> mask);

/// The same for chunk_bytes(head_dim, kept) bytes. Throws std::invalid_argument also when a row has
/// another count.
void decode(Operand operand, int head_dim, int kept, std::span<const std::byte> chunk,
            std::span<std::uint16_t> rows, std::span<std::uint8_t> mask);

}  // namespace lane_chunk
}  // namespace kvroof
