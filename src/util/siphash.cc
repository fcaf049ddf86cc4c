#include "util/siphash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace pharos {
namespace {

static_assert(std::endian::native == std::endian::little);

std::uint64_t load(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  explicit State(const SipKey& key) {
    const std::uint64_t k0 = load(key.data());
    const std::uint64_t k1 = load(key.data() + 8);
    v0 = k0 ^ 0x736f6d6570736575U;
    v1 = k1 ^ 0x646f72616e646f6dU;
    v2 = k0 ^ 0x6c7967656e657261U;
    v3 = k1 ^ 0x7465646279746573U;
  }

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  // rest: the bytes behind the last whole word, at most seven, of a text of that many.
  std::uint64_t finish(std::uint64_t rest, std::size_t size) {
    absorb(rest | static_cast<std::uint64_t>(size) << 56U);
    v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

// At most seven bytes.
std::uint64_t load_few(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> bytes) {
  State state(key);
  const std::size_t size = bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) state.absorb(load(bytes.data()));
  return state.finish(load_few(bytes), size);
}

std::uint64_t siphash(const SipKey& key, std::uint8_t first, std::span<const std::uint8_t> rest) {
  State state(key);
  const std::size_t size = rest.size() + 1;
  std::uint64_t carried = first;
  for (; rest.size() >= 8; rest = rest.subspan(8)) {
    const std::uint64_t word = load(rest.data());
    state.absorb(carried | word << 8U);
    carried = word >> 56U;
  }
  if (rest.size() < 7) return state.finish(carried | load_few(rest) << 8U, size);
  state.absorb(carried | load_few(rest) << 8U);
  return state.finish(0, size);
}

}  // namespace pharos
