#include "nostr/nip19.h"

#include <span>

#include "nostr/bech32.h"

namespace pharos {
namespace {

using Bytes = std::span<const std::uint8_t>;

// TLV types of NIP-19.
constexpr std::uint8_t kSpecial = 0;
constexpr std::uint8_t kRelay = 1;
constexpr std::uint8_t kAuthor = 2;
constexpr std::uint8_t kKind = 3;

struct Fields {
  std::optional<Bytes> special;
  std::vector<std::string> relays;
  std::optional<PublicKey> author;
  std::optional<Kind> kind;
};

Result<Kind, Nip19Error> read_kind(Bytes value) {
  if (value.size() != 4) return Nip19Error::bad_length;
  if (value[0] != 0 || value[1] != 0) return Nip19Error::bad_kind;
  return static_cast<Kind>(value[2] << 8 | value[3]);
}

Result<Fields, Nip19Error> read_fields(Bytes bytes) {
  Fields out;
  while (!bytes.empty()) {
    if (bytes.size() < 2 || bytes.size() - 2 < bytes[1]) return Nip19Error::bad_length;
    const std::uint8_t type = bytes[0];
    const Bytes value = bytes.subspan(2, bytes[1]);
    bytes = bytes.subspan(2 + value.size());
    if (type == kSpecial && !out.special) {
      out.special = value;
    } else if (type == kRelay) {
      out.relays.emplace_back(as_text(value));
    } else if (type == kAuthor && !out.author) {
      out.author = PublicKey::from_bytes(value);
      if (!out.author) return Nip19Error::bad_length;
    } else if (type == kKind && !out.kind) {
      PHAROS_TRY(const Kind kind, read_kind(value));
      out.kind = kind;
    }
  }
  return out;
}

template <class T>
Result<T, Nip19Error> read_fixed(const std::optional<Bytes>& bytes) {
  if (!bytes) return Nip19Error::missing_field;
  const std::optional<T> value = T::from_bytes(*bytes);
  if (!value) return Nip19Error::bad_length;
  return *value;
}

class FieldWriter {
 public:
  explicit FieldWriter(std::string_view prefix) : prefix_(prefix) {}

  void add(std::uint8_t type, Bytes value) {
    if (value.size() > 255) {
      too_long_ = true;
      return;
    }
    bytes_.push_back(type);
    bytes_.push_back(static_cast<std::uint8_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void add_relays(const std::vector<std::string>& relays) {
    for (const std::string& relay : relays) add(kRelay, as_bytes(relay));
  }
  void add_kind(Kind kind) {
    const std::uint8_t value[] = {0, 0, static_cast<std::uint8_t>(kind >> 8), static_cast<std::uint8_t>(kind & 0xff)};
    add(kKind, value);
  }
  std::optional<std::string> finish() const { return too_long_ ? std::nullopt : encode_bech32(prefix_, bytes_); }

 private:
  std::string_view prefix_;
  std::vector<std::uint8_t> bytes_;
  bool too_long_ = false;
};

Result<Nip19Entity, Nip19Error> read_pointer(std::string_view prefix, Bytes bytes) {
  PHAROS_TRY(Fields fields, read_fields(bytes));
  if (prefix == "nprofile") {
    PHAROS_TRY(const PublicKey pubkey, read_fixed<PublicKey>(fields.special));
    return ProfilePointer{pubkey, std::move(fields.relays)};
  }
  if (prefix == "nevent") {
    PHAROS_TRY(const EventId id, read_fixed<EventId>(fields.special));
    return EventPointer{id, std::move(fields.relays), fields.author, fields.kind};
  }
  if (prefix != "naddr") return Nip19Error::unknown_prefix;
  if (!fields.special || !fields.author || !fields.kind) return Nip19Error::missing_field;
  return AddressPointer{{*fields.kind, *fields.author, std::string(as_text(*fields.special))},
                        std::move(fields.relays)};
}

}  // namespace

std::string_view describe(Nip19Error error) {
  switch (error) {
    case Nip19Error::not_bech32:
      return "not bech32";
    case Nip19Error::unknown_prefix:
      return "the prefix is not npub, nsec, note, nprofile, nevent or naddr";
    case Nip19Error::bad_length:
      return "a field has the wrong length";
    case Nip19Error::bad_kind:
      return "the kind is above 65535";
    case Nip19Error::missing_field:
      return "a field is missing";
  }
  return "";
}

Result<Nip19Entity, Nip19Error> parse_nip19(std::string_view text) {
  const std::optional<Bech32> decoded = decode_bech32(text);
  if (!decoded) return Nip19Error::not_bech32;
  const std::optional<Bytes> bytes = decoded->bytes;
  if (decoded->prefix == "npub") {
    PHAROS_TRY(const PublicKey key, read_fixed<PublicKey>(bytes));
    return key;
  }
  if (decoded->prefix == "nsec") {
    PHAROS_TRY(const SecretKey secret, read_fixed<SecretKey>(bytes));
    return secret;
  }
  if (decoded->prefix == "note") {
    PHAROS_TRY(const EventId id, read_fixed<EventId>(bytes));
    return id;
  }
  return read_pointer(decoded->prefix, decoded->bytes);
}

std::optional<PublicKey> parse_public_key(std::string_view text) {
  if (const auto key = PublicKey::from_hex(text)) return key;
  const auto entity = parse_nip19(text);
  if (!entity) return std::nullopt;
  if (const auto* key = std::get_if<PublicKey>(&entity.value())) return *key;
  if (const auto* profile = std::get_if<ProfilePointer>(&entity.value())) return profile->pubkey;
  return std::nullopt;
}

std::optional<EventId> parse_event_id(std::string_view text) {
  if (const auto id = EventId::from_hex(text)) return id;
  const auto entity = parse_nip19(text);
  if (!entity) return std::nullopt;
  if (const auto* id = std::get_if<EventId>(&entity.value())) return *id;
  if (const auto* event = std::get_if<EventPointer>(&entity.value())) return event->id;
  return std::nullopt;
}

std::string encode_npub(const PublicKey& key) { return encode_bech32("npub", key.data).value(); }
std::string encode_nsec(const SecretKey& secret) { return encode_bech32("nsec", secret.data).value(); }
std::string encode_note(const EventId& id) { return encode_bech32("note", id.data).value(); }

std::optional<std::string> encode_nprofile(const ProfilePointer& profile) {
  FieldWriter writer("nprofile");
  writer.add(kSpecial, profile.pubkey.data);
  writer.add_relays(profile.relays);
  return writer.finish();
}

std::optional<std::string> encode_nevent(const EventPointer& event) {
  FieldWriter writer("nevent");
  writer.add(kSpecial, event.id.data);
  writer.add_relays(event.relays);
  if (event.author) writer.add(kAuthor, event.author->data);
  if (event.kind) writer.add_kind(*event.kind);
  return writer.finish();
}

std::optional<std::string> encode_naddr(const AddressPointer& pointer) {
  FieldWriter writer("naddr");
  writer.add(kSpecial, as_bytes(pointer.address.identifier));
  writer.add_relays(pointer.relays);
  writer.add(kAuthor, pointer.address.pubkey.data);
  writer.add_kind(pointer.address.kind);
  return writer.finish();
}

}  // namespace pharos
