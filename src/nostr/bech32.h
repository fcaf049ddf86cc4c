// Bech32 (BIP-173, the original checksum and not bech32m) over whole bytes, as NIP-19 uses it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pharos {

// NIP-19 suggests to refuse anything longer.
inline constexpr std::size_t kMaxBech32Size = 5000;

struct Bech32 {
  std::string prefix;  // lower case
  std::vector<std::uint8_t> bytes;
};

// prefix is 1..83 lower-case ASCII characters. nullopt when the result would be longer than kMaxBech32Size.
std::optional<std::string> encode_bech32(std::string_view prefix, std::span<const std::uint8_t> bytes);

// nullopt for mixed case, a bad checksum, characters outside the alphabet, non-zero padding, or too much text.
std::optional<Bech32> decode_bech32(std::string_view text);

// Where the first character behind the last '1' stands that the alphabet lacks; nullopt where there is none, or no '1'.
std::optional<std::size_t> foreign_to_bech32(std::string_view text);

}  // namespace pharos
