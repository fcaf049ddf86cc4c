#include "storage/keys.h"

#include <string>

#include "nostr/kind.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr char kIdentifierName = 0;

void add_address(auto& key, const SipKey& hash_key, Kind kind, std::string_view identifier) {
  key.add_number(kind, 2);
  key.add_number(
      hash8(hash_key, kIdentifierName, classify(kind) == KindClass::addressable ? identifier : std::string_view()), 8);
}

}  // namespace

std::uint64_t hash8(const SipKey& hash_key, char name, std::string_view value) {
  constexpr std::size_t kUsual = 120;
  if (value.size() < kUsual) {
    std::array<std::uint8_t, kUsual> bytes;
    bytes[0] = static_cast<std::uint8_t>(name);
    std::copy(value.begin(), value.end(), bytes.begin() + 1);
    return siphash(hash_key, std::span(bytes).first(value.size() + 1));
  }
  std::string bytes(1, name);
  bytes.append(value);
  return siphash(hash_key, as_bytes(bytes));
}

Key encode_seq(Seq seq) {
  Key value;
  value.add_number(seq, kSeqBytes);
  return value;
}

std::optional<Seq> decode_seq(std::string_view value) {
  if (value.size() != kSeqBytes) return std::nullopt;
  return get_big_endian(as_bytes(value));
}

Key encode_place(const Candidate& candidate) {
  Key value;
  value.add_number(static_cast<std::uint64_t>(candidate.created_at), 8);
  value.add_number(~candidate.id_prefix, 8);
  value.add_number(~candidate.seq, kSeqBytes);
  return value;
}

std::optional<Candidate> decode_place(std::string_view value) {
  if (value.size() != kPlaceBytes) return std::nullopt;
  const std::span<const std::uint8_t> bytes = as_bytes(value);
  Candidate candidate;
  candidate.created_at = static_cast<UnixSeconds>(get_big_endian(bytes.first(8)));
  candidate.id_prefix = ~get_big_endian(bytes.subspan(8, 8));
  candidate.seq = ~get_big_endian(bytes.subspan(16)) & kMaxSeq;
  return candidate;
}

std::optional<Seq> decode_event_key(std::string_view key) {
  Seq seq = 0;
  if (key.size() != sizeof seq) return std::nullopt;
  std::memcpy(&seq, key.data(), sizeof seq);
  return seq;
}

Key id_key(const EventId& id) {
  Key key;
  key.add_bytes(id.span().first<8>());
  return key;
}

Key time_key() {
  Key key;
  key.add_byte('t');
  return key;
}

Key kind_key(Kind kind) {
  Key key;
  key.add_number(kind, 2);
  return key;
}

Key author_key(const PublicKey& author) {
  Key key;
  key.add_bytes(author.span().first<8>());
  return key;
}

Key author_kind_key(const PublicKey& author, Kind kind) {
  Key key = author_key(author);
  key.add_number(kind, 2);
  return key;
}

Key tag_key(const SipKey& hash_key, char name, std::string_view value) {
  Key key;
  key.add_number(hash8(hash_key, name, value), 8);
  return key;
}

Key replaceable_key(const SipKey& hash_key, const PublicKey& author, Kind kind, std::string_view identifier) {
  Key key = author_key(author);
  add_address(key, hash_key, kind, identifier);
  return key;
}

Key expiry_key(UnixSeconds expires_at) {
  Key key;
  key.add_number(static_cast<std::uint64_t>(expires_at), 8);
  return key;
}

TombstoneKey deleted_id_key(const EventId& id, const PublicKey& requester) {
  TombstoneKey key;
  key.add_byte('e');
  key.add_bytes(id.span());
  key.add_bytes(requester.span());
  return key;
}

TombstoneKey deleted_address_key(const SipKey& hash_key, const PublicKey& author, Kind kind,
                                 std::string_view identifier) {
  TombstoneKey key;
  key.add_byte('a');
  key.add_bytes(author.span());
  add_address(key, hash_key, kind, identifier);
  return key;
}

}  // namespace pharos::storage
