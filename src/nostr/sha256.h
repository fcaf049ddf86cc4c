// SHA-256 (FIPS 180-4). Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pharos {

std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes);

}  // namespace pharos
