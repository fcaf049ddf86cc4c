// Keys and values of every table, byte for byte.
//
//   u16 u48 u64      unsigned, big-endian: memcmp order is numeric order
//   id8 key8         the first eight bytes of an event id, of a public key
//   id key           all 32
//   hash8(n, v)      u64: SipHash-2-4 under the database's key of the byte n followed by the bytes of v
//   place            u64 created_at, ~id8, ~u48 seq           22 bytes; ~ inverts every bit
//
//   table            key                                      value
//   events           native u64 seq                           record (schema/event_record.fbs)
//   by_id            id8                                      u48 seq
//   by_time          "t"                                      place
//   by_kind          u16 kind                                 place
//   by_author        key8                                     place
//   by_author_kind   key8, u16 kind                           place
//   by_tag           hash8(name, value)                       place      one-letter names, see index_entries.h
//   replaceable      key8, u16 kind, hash8(0, d)              u48 seq    d is "" for replaceable kinds
//   expiry           u64 expires_at                           u48 seq
//   tombstones       'e', id, key                             u64 time   key asked for the deletion of the event id
//                    'a', key, u16 kind, hash8(0, d)          u64 cutoff versions created at or before it are deleted
//   kv_*             at most 400 bytes                        any
//
// The scan indexes (by_time to by_tag) are read backwards within one key: then places come newest first, ties by
// ascending id, and events that arrive about when they were made are appended, which leaves pages full (tables.h).
// Eight bytes of the id settle a tie without reading the record. Equal places of different events can be made with
// 2^32 hashes; whoever merges streams compares the full ids then. Four bytes would save 20 bytes an event and tie by
// accident among 2^16 events of one second.
//
// Prefixes and hashes can be shared: whatever an index yields is compared with the record. Aiming a key or an id at
// another's eight bytes takes 2^64 tries; tag values, which cost nothing to choose, are hashed under the secret key.
// Tombstones are not compared with anything, so they hold ids and keys whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "nostr/types.h"
#include "storage/candidate.h"
#include "storage/siphash.h"
#include "storage/store.h"

namespace pharos::storage {

// A key or a small value, in place.
template <std::size_t Capacity>
class BasicKey {
 public:
  static constexpr std::size_t kCapacity = Capacity;

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }
  std::size_t size() const { return size_; }

  // Room is left: size() + what is added <= kCapacity.
  void add_byte(std::uint8_t byte) { bytes_[size_++] = byte; }
  void add_bytes(std::span<const std::uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + size_);
    size_ = static_cast<std::uint8_t>(size_ + bytes.size());
  }
  // The low `width` bytes of number, big-endian.
  void add_number(std::uint64_t number, std::size_t width) {
    for (std::size_t i = width; i-- > 0;) add_byte(static_cast<std::uint8_t>(number >> (8 * i)));
  }

  friend bool operator==(const BasicKey& a, const BasicKey& b) { return a.view() == b.view(); }
  friend auto operator<=>(const BasicKey& a, const BasicKey& b) { return a.view() <=> b.view(); }

 private:
  std::array<std::uint8_t, kCapacity> bytes_{};
  std::uint8_t size_ = 0;
};

// Of indexes and small values: kept short, because a batch sorts thousands of them.
using Key = BasicKey<22>;
using TombstoneKey = BasicKey<65>;

inline constexpr std::size_t kSeqBytes = 6;
inline constexpr std::size_t kPlaceBytes = 8 + 8 + kSeqBytes;
inline constexpr Seq kMaxSeq = (Seq{1} << (8 * kSeqBytes)) - 1;
inline constexpr std::size_t kMaxLmdbKeyBytes = 511;
static_assert(Key::kCapacity <= kMaxLmdbKeyBytes && TombstoneKey::kCapacity <= kMaxLmdbKeyBytes);
static_assert(Key::kCapacity >= kPlaceBytes && Key::kCapacity >= 8 + 2 + 8);
static_assert(TombstoneKey::kCapacity >= 1 + EventId::kSize + PublicKey::kSize);
static_assert(TombstoneKey::kCapacity >= 1 + PublicKey::kSize + 2 + 8);
// LMDB wants values of grouped tables to be of even size.
static_assert(kPlaceBytes % 2 == 0 && kSeqBytes % 2 == 0);

// At most eight bytes.
inline std::uint64_t get_big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8U | byte;
  return number;
}

// The first eight bytes, as the number that orders as they do.
template <class Tag, std::size_t N>
std::uint64_t prefix8(const FixedBytes<Tag, N>& bytes) {
  return get_big_endian(bytes.span().template first<8>());
}

std::uint64_t hash8(const SipKey& hash_key, char name, std::string_view value);

// --- values ---------------------------------------------------------------------------------------------------------
Key encode_seq(Seq seq);
std::optional<Seq> decode_seq(std::string_view value);

Key encode_place(const Candidate& candidate);
std::optional<Candidate> decode_place(std::string_view value);

// --- keys -----------------------------------------------------------------------------------------------------------
// Of events: native order, aligned.
class EventKey {
 public:
  explicit EventKey(Seq seq) : seq_(seq) {}
  std::string_view view() const { return {reinterpret_cast<const char*>(&seq_), sizeof seq_}; }

 private:
  Seq seq_;
};
std::optional<Seq> decode_event_key(std::string_view key);

Key id_key(const EventId& id);
Key time_key();
Key kind_key(Kind kind);
Key author_key(const PublicKey& author);
Key author_kind_key(const PublicKey& author, Kind kind);
Key tag_key(const SipKey& hash_key, char name, std::string_view value);
// identifier is the d value, ignored for kinds that are not addressable.
Key replaceable_key(const SipKey& hash_key, const PublicKey& author, Kind kind, std::string_view identifier);
Key expiry_key(UnixSeconds expires_at);
TombstoneKey deleted_id_key(const EventId& id, const PublicKey& requester);
TombstoneKey deleted_address_key(const SipKey& hash_key, const PublicKey& author, Kind kind,
                                 std::string_view identifier);

}  // namespace pharos::storage
