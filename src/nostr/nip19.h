// Keys, ids and pointers in the form that people copy and paste (NIP-19). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nostr/address.h"
#include "nostr/types.h"
#include "util/result.h"

namespace pharos {

struct ProfilePointer {  // nprofile
  PublicKey pubkey;
  std::vector<std::string> relays;

  friend bool operator==(const ProfilePointer&, const ProfilePointer&) = default;
};
struct EventPointer {  // nevent
  EventId id;
  std::vector<std::string> relays;
  std::optional<PublicKey> author;
  std::optional<Kind> kind;

  friend bool operator==(const EventPointer&, const EventPointer&) = default;
};
struct AddressPointer {  // naddr
  Address address;
  std::vector<std::string> relays;

  friend bool operator==(const AddressPointer&, const AddressPointer&) = default;
};

// npub, nsec, note, nprofile, nevent, naddr.
using Nip19Entity = std::variant<PublicKey, SecretKey, EventId, ProfilePointer, EventPointer, AddressPointer>;

enum class Nip19Error {
  not_bech32,      // alphabet, checksum, more than 5000 characters
  unknown_prefix,  // includes nrelay, which is deprecated
  bad_length,      // a key or id that is not 32 bytes, a kind that is not 4, a cut-off TLV
  bad_kind,        // above 65535
  missing_field,
};
std::string_view describe(Nip19Error error);

// Relays come as they stand, unparsed; unknown TLV types are skipped, as the NIP demands. Of a field that occurs twice,
// other than a relay, the first counts.
Result<Nip19Entity, Nip19Error> parse_nip19(std::string_view text);

// As people name a key or an event: hex, npub or nprofile; hex, note or nevent. nullopt for anything else.
std::optional<PublicKey> parse_public_key(std::string_view text);
std::optional<EventId> parse_event_id(std::string_view text);

std::string encode_npub(const PublicKey& key);
std::string encode_nsec(const SecretKey& secret);
std::string encode_note(const EventId& id);
// nullopt when an identifier or a relay has more than 255 bytes or the text more than 5000 characters.
std::optional<std::string> encode_nprofile(const ProfilePointer& profile);
std::optional<std::string> encode_nevent(const EventPointer& event);
std::optional<std::string> encode_naddr(const AddressPointer& address);

}  // namespace pharos
