// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "kernels/simt/meter.hpp"

// Register types that count the instructions they stand for. An operation is counted where it is
// written; a result type remembers what the compiler can merge with the operation that follows:
//   product + addend, (x << constant) + addend, a + b + c   one IMAD, LEA or IADD3
//   two steps of logic                                      one LOP3
//   F32 product + addend                                    one FFMA, rounded once
// Constants, ~x and -x are operands and cost nothing. Storing a result in a U32 or F32 ends the
// merging. Mixed 64-bit, float and pointer arithmetic converts to plain C++ and is not counted.

#define KVROOF_SIMT_INLINE [[gnu::always_inline]] inline

namespace kvroof::simt {

class F32;

/// A 32-bit register of one thread; behaves like std::uint32_t. Uninitialised unless given a value.
class U32 {
 public:
  U32() = default;
  template <std::integral T>
  [[gnu::always_inline]] constexpr U32(T value) : value_(static_cast<std::uint32_t>(value)) {}
  /// Truncates towards zero; one conversion.
  explicit U32(F32 value);
  [[gnu::always_inline]] constexpr operator std::uint32_t() const { return value_; }
  explicit operator float() const {
    issue(Pipe::kXu);
    return static_cast<float>(value_);
  }

  template <class B>
  U32& operator+=(B other);
  template <class B>
  U32& operator-=(B other);
  template <class B>
  U32& operator*=(B other);
  template <class B>
  U32& operator&=(B other);
  template <class B>
  U32& operator|=(B other);
  template <class B>
  U32& operator^=(B other);
  template <class B>
  U32& operator<<=(B other);
  template <class B>
  U32& operator>>=(B other);
  U32& operator++();
  U32& operator--();
  U32 operator++(int);
  U32 operator--(int);

 private:
  std::uint32_t value_;
};

/// A result that merges with one addition that follows.
class U32Addend : public U32 {
 public:
  using U32::U32;
};
/// A result that merges with one step of logic that follows.
class U32Logic : public U32 {
 public:
  using U32::U32;
};

template <class T>
concept U32Like = std::derived_from<std::remove_cvref_t<T>, U32>;
template <class T>
concept SmallInteger = std::integral<T> && sizeof(T) <= sizeof(std::uint32_t);
template <class A, class B>
concept U32Operands = (U32Like<A> && (U32Like<B> || SmallInteger<B>)) ||
                      (SmallInteger<A> && U32Like<B>);

namespace detail {

template <class T>
KVROOF_SIMT_INLINE constexpr std::uint32_t bits(T value) {
  return static_cast<std::uint32_t>(value);
}
template <class A, class B>
inline constexpr bool kMergesAddition = std::same_as<A, U32Addend> || std::same_as<B, U32Addend>;
template <class A, class B>
inline constexpr bool kMergesLogic = std::same_as<A, U32Logic> || std::same_as<B, U32Logic>;

template <class A, class B>
KVROOF_SIMT_INLINE auto sum(std::uint32_t value) {
  if constexpr (kMergesAddition<A, B>) {
    return U32(value);
  } else {
    issue(Pipe::kAlu);
    return U32Addend(value);
  }
}
template <class A, class B>
KVROOF_SIMT_INLINE auto logic(std::uint32_t value) {
  if constexpr (kMergesLogic<A, B>) {
    return U32(value);
  } else {
    issue(Pipe::kAlu);
    return U32Logic(value);
  }
}

// Approximate costs of what the compiler expands.
inline constexpr unsigned kDivisionFma = 4, kDivisionAlu = 8, kDivisionXu = 2;
inline constexpr unsigned kFloatDivisionFma = 6, kFloatDivisionAlu = 1, kFloatDivisionXu = 1;

template <class B>
KVROOF_SIMT_INLINE void issue_division(B divisor) {
  if constexpr (U32Like<B>) {
    issue(Pipe::kXu, kDivisionXu);
    issue(Pipe::kFma, kDivisionFma);
    issue(Pipe::kAlu, kDivisionAlu);
  } else {
    issue(Pipe::kAlu);  // by a power of two: one shift or mask
    if (!std::has_single_bit(bits(divisor))) issue(Pipe::kFma);  // multiply-high and shift
  }
}

}  // namespace detail

template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE auto operator+(A a, B b) {
  return detail::sum<A, B>(detail::bits(a) + detail::bits(b));
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE auto operator-(A a, B b) {
  return detail::sum<A, B>(detail::bits(a) - detail::bits(b));
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE U32Addend operator*(A a, B b) {
  issue(Pipe::kFma);
  return detail::bits(a) * detail::bits(b);
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE U32 operator/(A a, B b) {
  detail::issue_division(b);
  return detail::bits(a) / detail::bits(b);
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE U32 operator%(A a, B b) {
  detail::issue_division(b);
  return detail::bits(a) % detail::bits(b);
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE auto operator&(A a, B b) {
  return detail::logic<A, B>(detail::bits(a) & detail::bits(b));
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE auto operator|(A a, B b) {
  return detail::logic<A, B>(detail::bits(a) | detail::bits(b));
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE auto operator^(A a, B b) {
  return detail::logic<A, B>(detail::bits(a) ^ detail::bits(b));
}
/// As in C++, the amount must be below 32.
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE auto operator<<(A a, B b) {
  issue(Pipe::kAlu);
  const std::uint32_t value = detail::bits(a) << (detail::bits(b) & 31u);
  if constexpr (SmallInteger<B>) {
    return U32Addend(value);
  } else {
    return U32(value);
  }
}
template <class A, class B>
requires U32Operands<A, B> KVROOF_SIMT_INLINE U32 operator>>(A a, B b) {
  issue(Pipe::kAlu);
  if constexpr (U32Like<A>) {
    return detail::bits(a) >> (detail::bits(b) & 31u);
  } else {
    return a >> (detail::bits(b) & 31u);  // arithmetic where a plain operand is signed
  }
}
template <U32Like A>
KVROOF_SIMT_INLINE A operator~(A a) {
  return A(~detail::bits(a));
}
template <U32Like A>
KVROOF_SIMT_INLINE A operator-(A a) {
  return A(0u - detail::bits(a));
}
/// Address arithmetic: one wide multiply-add.
template <class T, U32Like B>
KVROOF_SIMT_INLINE T* operator+(T* pointer, B offset) {
  issue(Pipe::kFma);
  return pointer + detail::bits(offset);
}

#define KVROOF_SIMT_COMPARE(op)                                              \
  template <class A, class B>                                                \
  requires U32Operands<A, B> KVROOF_SIMT_INLINE bool operator op(A a, B b) { \
    issue(Pipe::kAlu);                                                       \
    return detail::bits(a) op detail::bits(b);                               \
  }
KVROOF_SIMT_COMPARE(==)
KVROOF_SIMT_COMPARE(!=)
KVROOF_SIMT_COMPARE(<)
KVROOF_SIMT_COMPARE(<=)
KVROOF_SIMT_COMPARE(>)
KVROOF_SIMT_COMPARE(>=)
#undef KVROOF_SIMT_COMPARE

// NOLINTNEXTLINE(bugprone-macro-parentheses): op is an operator
#define KVROOF_SIMT_ASSIGN(op)                           \
  template <class B>                                     \
  KVROOF_SIMT_INLINE U32& U32::operator op##=(B other) { \
    return *this = *this op other;                       \
  }
KVROOF_SIMT_ASSIGN(+)
KVROOF_SIMT_ASSIGN(-)
KVROOF_SIMT_ASSIGN(*)
KVROOF_SIMT_ASSIGN(&)
KVROOF_SIMT_ASSIGN(|)
KVROOF_SIMT_ASSIGN(^)
KVROOF_SIMT_ASSIGN(<<)
KVROOF_SIMT_ASSIGN(>>)
#undef KVROOF_SIMT_ASSIGN

KVROOF_SIMT_INLINE U32& U32::operator++() { return *this += 1u; }
KVROOF_SIMT_INLINE U32& U32::operator--() { return *this -= 1u; }
KVROOF_SIMT_INLINE U32 U32::operator++(int) {
  const U32 before = *this;
  ++*this;
  return before;
}
KVROOF_SIMT_INLINE U32 U32::operator--(int) {
  const U32 before = *this;
  --*this;
  return before;
}

/// A 32-bit register of one thread that holds a float. Uninitialised unless given a value.
class F32 {
 public:
  F32() = default;
  template <class T>
  requires std::is_arithmetic_v<T>
  [[gnu::always_inline]] constexpr F32(T value) : value_(static_cast<float>(value)) {}
  /// One conversion.
  F32(U32 value) : F32(static_cast<float>(value)) {}
  [[gnu::always_inline]] constexpr operator float() const { return value_; }

  template <class B>
  F32& operator+=(B other);
  template <class B>
  F32& operator-=(B other);
  template <class B>
  F32& operator*=(B other);
  template <class B>
  F32& operator/=(B other);

 private:
  float value_;
};

/// A product that merges with one addition that follows.
class F32Product : public F32 {
 public:
  [[gnu::always_inline]] F32Product(float left, float right)
      : F32(left * right), left_(left), right_(right) {}
  float left() const { return left_; }
  float right() const { return right_; }

 private:
  float left_, right_;
};

KVROOF_SIMT_INLINE U32::U32(F32 value) : value_(static_cast<std::uint32_t>(float{value})) {
  issue(Pipe::kXu);
}

template <class T>
concept F32Like = std::derived_from<std::remove_cvref_t<T>, F32>;
template <class T>
concept F32Scalar = std::same_as<T, float> || SmallInteger<T>;
template <class A, class B>
concept F32Operands = (F32Like<A> && (F32Like<B> || F32Scalar<B>)) || (F32Scalar<A> && F32Like<B>);

namespace detail {
template <class T>
KVROOF_SIMT_INLINE constexpr float number(T value) {
  return static_cast<float>(value);
}
}  // namespace detail

template <class A, class B>
requires F32Operands<A, B> KVROOF_SIMT_INLINE F32 operator+(A a, B b) {
  if constexpr (std::same_as<A, F32Product>) {
    return std::fma(a.left(), a.right(), detail::number(b));
  } else if constexpr (std::same_as<B, F32Product>) {
    return std::fma(b.left(), b.right(), detail::number(a));
  } else {
    issue(Pipe::kFma);
    return detail::number(a) + detail::number(b);
  }
}
template <class A, class B>
requires F32Operands<A, B> KVROOF_SIMT_INLINE F32 operator-(A a, B b) {
  if constexpr (std::same_as<A, F32Product>) {
    return std::fma(a.left(), a.right(), -detail::number(b));
  } else if constexpr (std::same_as<B, F32Product>) {
    return std::fma(-b.left(), b.right(), detail::number(a));
  } else {
    issue(Pipe::kFma);
    return detail::number(a) - detail::number(b);
  }
}
template <class A, class B>
requires F32Operands<A, B> KVROOF_SIMT_INLINE F32Product operator*(A a, B b) {
  issue(Pipe::kFma);
  return F32Product(detail::number(a), detail::number(b));
}
template <class A, class B>
requires F32Operands<A, B> KVROOF_SIMT_INLINE F32 operator/(A a, B b) {
  issue(Pipe::kXu, detail::kFloatDivisionXu);
  issue(Pipe::kFma, detail::kFloatDivisionFma);
  issue(Pipe::kAlu, detail::kFloatDivisionAlu);
  return detail::number(a) / detail::number(b);
}
template <F32Like A>
KVROOF_SIMT_INLINE F32 operator-(A a) {
  return -detail::number(a);
}

#define KVROOF_SIMT_COMPARE(op)                                              \
  template <class A, class B>                                                \
  requires F32Operands<A, B> KVROOF_SIMT_INLINE bool operator op(A a, B b) { \
    issue(Pipe::kAlu);                                                       \
    return detail::number(a) op detail::number(b);                           \
  }
KVROOF_SIMT_COMPARE(==)
KVROOF_SIMT_COMPARE(!=)
KVROOF_SIMT_COMPARE(<)
KVROOF_SIMT_COMPARE(<=)
KVROOF_SIMT_COMPARE(>)
KVROOF_SIMT_COMPARE(>=)
#undef KVROOF_SIMT_COMPARE

// NOLINTNEXTLINE(bugprone-macro-parentheses): op is an operator
#define KVROOF_SIMT_ASSIGN(op)                           \
  template <class B>                                     \
  KVROOF_SIMT_INLINE F32& F32::operator op##=(B other) { \
    return *this = *this op other;                       \
  }
KVROOF_SIMT_ASSIGN(+)
KVROOF_SIMT_ASSIGN(-)
KVROOF_SIMT_ASSIGN(*)
KVROOF_SIMT_ASSIGN(/)
#undef KVROOF_SIMT_ASSIGN

struct U32x2 {
  U32 x, y;
};
struct U32x4 {
  U32 x, y, z, w;
};
struct F32x2 {
  F32 x, y;
};
struct F32x4 {
  F32 x, y, z, w;
};

/// The register type that a value of device code is kept in: results that merge become plain.
template <class T>
struct RegisterOf {
  using Type = T;
};
template <U32Like T>
struct RegisterOf<T> {
  using Type = U32;
};
template <F32Like T>
struct RegisterOf<T> {
  using Type = F32;
};
template <>
struct RegisterOf<std::uint32_t> {
  using Type = U32;
};
template <>
struct RegisterOf<float> {
  using Type = F32;
};

}  // namespace kvroof::simt
