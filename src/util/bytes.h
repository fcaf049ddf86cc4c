// Fixed-size byte strings told apart by type: an EventId is not a PublicKey although both are 32 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "util/hex.h"

namespace pharos {

template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t kSize = N;
  std::array<std::uint8_t, N> data{};

  friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

  std::span<const std::uint8_t, N> span() const { return data; }
  std::string hex() const { return to_hex(data); }

  // Exactly 2*N lower-case hex digits, else nullopt.
  static std::optional<FixedBytes> from_hex(std::string_view text) {
    FixedBytes out;
    if (!decode_hex(text, out.data)) return std::nullopt;
    return out;
  }
  // Exactly N raw bytes, else nullopt.
  static std::optional<FixedBytes> from_bytes(std::span<const std::uint8_t> bytes) {
    if (bytes.size() != N) return std::nullopt;
    FixedBytes out;
    std::copy(bytes.begin(), bytes.end(), out.data.begin());
    return out;
  }
};

// The values hashed here are outputs of a cryptographic hash or curve points, so eight of their bytes are a hash.
// An attacker can grind a few bits only; maps keyed by peers are capped anyway.
struct FixedBytesHash {
  template <class Tag, std::size_t N>
  std::size_t operator()(const FixedBytes<Tag, N>& value) const noexcept {
    static_assert(N >= 16);
    std::uint64_t h = 0;
    std::memcpy(&h, value.data.data() + 8, sizeof h);
    return static_cast<std::size_t>(h);
  }
};

inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace pharos

template <class Tag, std::size_t N>
struct std::hash<pharos::FixedBytes<Tag, N>> {
  std::size_t operator()(const pharos::FixedBytes<Tag, N>& value) const noexcept {
    return pharos::FixedBytesHash{}(value);
  }
};
