#include "storage/keys.h"

#include <string>

#include "nostr/kind.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr char kIdentifierName = 0;
constexpr char kIdName = 1;
constexpr char kAuthorName = 2;
constexpr char kAddressName = 3;
constexpr char kEntryName = 4;
constexpr char kWordName = 5;
constexpr int kHexBit = 0x80;
constexpr unsigned kKindBits = 16;

std::uint64_t hash8(const SipKey& hash_key, char name, std::string_view value) {
  return siphash(hash_key, static_cast<std::uint8_t>(name), as_bytes(value));
}

Key hash48(const SipKey& hash_key, char name, std::string_view value) { return hash8(hash_key, name, value) >> 16U; }

std::string_view identifier_of(Kind kind, std::string_view identifier) {
  return classify(kind) == KindClass::addressable ? identifier : std::string_view();
}

}  // namespace

SmallValue encode_seq(Seq seq) {
  SmallValue value;
  value.add_number(seq, kSeqBytes);
  return value;
}

std::optional<Seq> decode_seq(std::string_view value) {
  if (value.size() != kSeqBytes) return std::nullopt;
  return get_big_endian(as_bytes(value));
}

std::optional<Seq> decode_event_key(std::string_view key) {
  Seq seq = 0;
  if (key.size() != sizeof seq) return std::nullopt;
  std::memcpy(&seq, key.data(), sizeof seq);
  return seq;
}

Key id_key(const SipKey& hash_key, const EventId& id) { return hash48(hash_key, kIdName, as_text(id.span())); }

Key time_key() { return 0; }

Key kind_key(Kind kind) { return kind; }

Key author_key(const SipKey& hash_key, const PublicKey& author) {
  return hash48(hash_key, kAuthorName, as_text(author.span()));
}

Key author_kind_key(const SipKey& hash_key, const PublicKey& author, Kind kind) {
  return author_key(hash_key, author) << kKindBits | kind;
}

Key tag_key(const SipKey& hash_key, char name, const PackedItem& value) {
  return hash48(hash_key, value.hex ? static_cast<char>(name | kHexBit) : name, as_text(value.bytes));
}

Key tag_key(const SipKey& hash_key, char name, std::string_view value) {
  std::string scratch;
  return tag_key(hash_key, name, pack_item(value, scratch));
}

Key word_key(const SipKey& hash_key, std::string_view word) { return hash48(hash_key, kWordName, word); }

Key replaceable_key(const SipKey& hash_key, const PublicKey& author, Kind kind, std::string_view identifier) {
  std::string address(as_text(author.span()));
  address += static_cast<char>(kind >> 8U);
  address += static_cast<char>(kind);
  address += identifier_of(kind, identifier);
  return hash48(hash_key, kAddressName, address);
}

std::uint64_t entry_hash(const SipKey& hash_key, std::span<const std::uint8_t> entry) {
  return hash8(hash_key, kEntryName, as_text(entry));
}

Key entry_key(std::uint64_t hash) { return hash >> 16U; }

Key expiry_key(UnixSeconds expires_at) { return static_cast<Key>(expires_at); }

TombstoneKey deleted_id_key(const EventId& id, const PublicKey& requester) {
  TombstoneKey key;
  key.add_byte('e');
  key.add_bytes(id.span());
  key.add_bytes(requester.span());
  return key;
}

TombstoneKey vanished_key(const PublicKey& who) {
  TombstoneKey key;
  key.add_byte('v');
  key.add_bytes(who.span());
  return key;
}

TombstoneKey deleted_address_key(const SipKey& hash_key, const PublicKey& author, Kind kind,
                                 std::string_view identifier) {
  TombstoneKey key;
  key.add_byte('a');
  key.add_bytes(author.span());
  key.add_number(kind, 2);
  key.add_number(hash8(hash_key, kIdentifierName, identifier_of(kind, identifier)), 8);
  return key;
}

}  // namespace pharos::storage
