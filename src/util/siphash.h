// SipHash-2-4: a 64-bit hash under a secret 128-bit key. Whoever does not know the key cannot make two inputs collide
// any faster than by chance, so peers cannot crowd one place of an index.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pharos {

using SipKey = std::array<std::uint8_t, 16>;

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> bytes);
// Of the first byte and the rest behind it, which need not lie side by side.
std::uint64_t siphash(const SipKey& key, std::uint8_t first, std::span<const std::uint8_t> rest);

}  // namespace pharos
