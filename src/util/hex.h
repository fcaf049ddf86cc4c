// Strict lower-case hexadecimal, as NIP-01 wants it: upper case is an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pharos {

// True when text is exactly 2 * out.size() lower-case hex digits; out is unspecified otherwise.
bool decode_hex(std::string_view text, std::span<std::uint8_t> out);

// Writes 2 * bytes.size() characters to out, without a terminator; returns one past the last.
char* encode_hex(std::span<const std::uint8_t> bytes, char* out);

void append_hex(std::string& out, std::span<const std::uint8_t> bytes);

std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace pharos
