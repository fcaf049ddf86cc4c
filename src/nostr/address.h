// The coordinate of a replaceable or addressable event as `a` tags write it: kind:pubkey:d, split at the first two
// colons because d may have colons of its own (NIP-01, NIP-09). Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nostr/types.h"

namespace pharos {

struct Address {
  Kind kind = 0;
  PublicKey pubkey;
  std::string identifier;  // "" for replaceable kinds

  friend auto operator<=>(const Address&, const Address&) = default;
};

// nullopt unless there are two colons, the kind is a plain integer up to 65535 and the key is lower-case hex. Whether
// the kind is one that has an address is the caller's question.
std::optional<Address> parse_address(std::string_view text);

std::string to_string(const Address& address);

}  // namespace pharos
