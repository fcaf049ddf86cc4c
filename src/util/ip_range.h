// One IP address or a block of them (CIDR), as operators write them: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32".
// Bits beyond the length of a block are dropped; an IPv4-mapped IPv6 address is the IPv4 address that it is, and the
// two families never contain one another. Pure; any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pharos {

class IpRange {
 public:
  // Without brackets. nullopt for names and anything else.
  static std::optional<IpRange> parse(std::string_view text);
  // The address of "192.0.2.1:4711" or "[2001:db8::1]:4711".
  static std::optional<IpRange> of_endpoint(std::string_view endpoint);

  // The one spelling; a single address has no length.
  std::string text() const;

  bool is_v4() const { return v4_; }
  // Of an IPv4 address the first four, the others 0.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  unsigned length() const { return length_; }  // leading bits that count; 32 or 128 for one address
  unsigned full_length() const { return v4_ ? 32 : 128; }
  // The block of that length around this one; length <= length().
  IpRange widened(unsigned length) const;
  bool contains(const IpRange& other) const;

  friend auto operator<=>(const IpRange&, const IpRange&) = default;

 private:
  IpRange() = default;

  std::array<std::uint8_t, 16> bytes_{};  // of an IPv4 address the first four
  std::uint8_t length_ = 0;
  bool v4_ = false;
};

}  // namespace pharos
