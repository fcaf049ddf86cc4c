// Invite codes (NIP-43) that need no memory until they are spent: a code says until when it holds and who invited,
// under a seal (HMAC with SHA-256) that nobody else can make. So they hold over restarts, and nobody fills anything by
// asking for many. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nostr/types.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::ingest {

using InviteKey = std::array<std::uint8_t, 32>;

struct Invite {
  static constexpr std::size_t kInviterBytes = 8;

  UnixSeconds expires = 0;
  std::string number;                                 // of this code, in hex
  std::array<std::uint8_t, kInviterBytes> inviter{};  // how the key begins

  bool is_from(const PublicKey& key) const;
};

// From the secret of the relay, which it does not give away.
InviteKey derive_invite_key(const SecretKey& secret);

// expires: 0 .. 2^40-1.
std::string make_invite_code(const InviteKey& key, const PublicKey& inviter, UnixSeconds expires, Random& random);

// nullopt for what was not made with this key; whether it has expired is for the caller.
std::optional<Invite> open_invite_code(const InviteKey& key, std::string_view code);

}  // namespace pharos::ingest
