#include "ingest/invites.h"

#include <algorithm>
#include <vector>

#include "nostr/sha256.h"
#include "util/bytes.h"
#include "util/hex.h"

namespace pharos::ingest {
namespace {

constexpr std::size_t kTimeBytes = 5;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kBodyBytes = kTimeBytes + kNumberBytes + Invite::kInviterBytes;
constexpr std::size_t kSealBytes = 16;

using Code = std::array<std::uint8_t, kBodyBytes + kSealBytes>;

constexpr std::size_t kBlock = 64;

// RFC 2104.
std::array<std::uint8_t, 32> hmac(const InviteKey& key, std::span<const std::uint8_t> text) {
  std::vector<std::uint8_t> inner(kBlock, 0x36);
  std::vector<std::uint8_t> outer(kBlock, 0x5c);
  for (std::size_t i = 0; i < key.size(); ++i) {
    inner[i] ^= key[i];
    outer[i] ^= key[i];
  }
  inner.insert(inner.end(), text.begin(), text.end());
  const auto digest = sha256(inner);
  outer.insert(outer.end(), digest.begin(), digest.end());
  return sha256(outer);
}

}  // namespace

bool Invite::is_from(const PublicKey& key) const {
  return std::equal(inviter.begin(), inviter.end(), key.data.begin());
}

InviteKey derive_invite_key(const SecretKey& secret) { return hmac(secret.data, as_bytes("invite codes")); }

std::string make_invite_code(const InviteKey& key, const PublicKey& inviter, UnixSeconds expires, Random& random) {
  Code code{};
  auto rest = code.begin();
  for (std::size_t i = kTimeBytes; i-- > 0;) *rest++ = static_cast<std::uint8_t>(expires >> (8 * i));
  random.fill({rest, kNumberBytes});
  rest += kNumberBytes;
  rest = std::copy_n(inviter.data.begin(), Invite::kInviterBytes, rest);
  std::copy_n(hmac(key, std::span(code).first(kBodyBytes)).begin(), kSealBytes, rest);
  return to_hex(code);
}

std::optional<Invite> open_invite_code(const InviteKey& key, std::string_view text) {
  Code code{};
  if (!decode_hex(text, code)) return std::nullopt;
  const std::span<const std::uint8_t> bytes(code);
  const auto seal = hmac(key, bytes.first(kBodyBytes));
  // All of it, so that the time it takes tells nothing.
  unsigned difference = 0;
  for (std::size_t i = 0; i < kSealBytes; ++i) difference |= static_cast<unsigned>(seal[i] ^ code[kBodyBytes + i]);
  if (difference != 0) return std::nullopt;
  Invite invite;
  for (const std::uint8_t byte : bytes.first(kTimeBytes)) invite.expires = invite.expires << 8U | byte;
  invite.number = to_hex(bytes.subspan(kTimeBytes, kNumberBytes));
  std::copy_n(bytes.begin() + kTimeBytes + kNumberBytes, Invite::kInviterBytes, invite.inviter.begin());
  return invite;
}

}  // namespace pharos::ingest
