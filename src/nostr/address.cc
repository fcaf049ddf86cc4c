#include "nostr/address.h"

#include "nostr/json_number.h"

namespace pharos {

std::optional<Address> parse_address(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == text.npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  if (second == text.npos) return std::nullopt;
  const std::optional<std::uint64_t> kind = parse_json_unsigned(text.substr(0, first));
  if (!kind || *kind > 65535) return std::nullopt;
  const std::optional<PublicKey> pubkey = PublicKey::from_hex(text.substr(first + 1, second - first - 1));
  if (!pubkey) return std::nullopt;
  return Address{static_cast<Kind>(*kind), *pubkey, std::string(text.substr(second + 1))};
}

std::string to_string(const Address& address) {
  std::string out = std::to_string(address.kind);
  out += ':';
  append_hex(out, address.pubkey.data);
  out += ':';
  out += address.identifier;
  return out;
}

}  // namespace pharos
