// Keys and values of every table, byte for byte.
//
//   u16 u48 u64      unsigned, big-endian: memcmp order is numeric order
//   hash48(n, v)     the first six bytes of SipHash-2-4 under the database's key of the byte n followed by the bytes v
//   id key           all 32 bytes of an event id, of a public key
//
//   table            key                                      value
//   events           native u64 seq, the last of a block      block (event_block.h) of records
//   (schema/event_record.fbs) dictionary       native u64 number of a chunk             entries (dictionary_table.h)
//   tombstones       'e', id, key                             u64 time   key asked for the deletion of the event id
//                    'a', key, u16 kind, hash8(0, d)          u64 cutoff versions created at or before it are deleted
//                    'v', key                                 u64 cutoff key vanished: what it signed at or before it,
//                                                             and gift wraps to it, are deleted
//   kv_*             at most 400 bytes                        any
//
// The indexes hold postings (candidate.h) in blocks (index_block.h, index_table.h), under these numbers:
//
//   index            Key                                      postings
//   by_id            hash48(1, id)                            bare
//   by_time          0                                        placed
//   by_kind          kind                                     placed
//   by_author        hash48(2, key)                           placed
//   by_author_kind   hash48(2, key) << 16 | kind              placed
//   by_tag           hash48(name, value)                      placed     one-letter names, see index_entries.h; the
//                                                                        raw bytes under name | 0x80 where it is hex
//   by_word          hash48(5, word)                          placed     words of search_text.h, where there is
//                                                                        such an index (word_index.h)
//   replaceable      hash48(3, key, u16 kind, d)              bare       d is "" for replaceable kinds
//   expiry           expires_at                               bare
//   by_entry         hash48(4, entry)                         bare       the entry's number in the dictionary
//   young_*          as the index                                        numbers doubled, see index_levels.h
//
// The placed ones are read in the order of answers within one key. Three bytes of the id settle nearly every tie
// without reading the record; whoever merges streams compares the full ids of the others.
//
// Hashes can be shared: whatever an index yields is compared with the record. Hashing under a secret key keeps anyone
// from aiming at another's number, and six bytes are enough against chance: of 2^26 keys, one in 2^22 shares its own.
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
#include "storage/packed_tags.h"
#include "storage/store.h"
#include "util/siphash.h"

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

using SmallValue = BasicKey<8>;
using TombstoneKey = BasicKey<65>;

inline constexpr std::size_t kSeqBytes = 6;
// A bit is left for what a young level marks (index_levels.h).
inline constexpr Seq kMaxSeq = (Seq{1} << (8 * kSeqBytes - 1)) - 1;
inline constexpr std::size_t kMaxLmdbKeyBytes = 511;
static_assert(TombstoneKey::kCapacity <= kMaxLmdbKeyBytes);
static_assert(TombstoneKey::kCapacity >= 1 + EventId::kSize + PublicKey::kSize);
static_assert(TombstoneKey::kCapacity >= 1 + PublicKey::kSize + 2 + 8);

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

// The tie of a candidate.
inline std::uint32_t tie_of(const EventId& id) {
  return static_cast<std::uint32_t>(get_big_endian(id.span().first<3>()));
}

// --- values ---------------------------------------------------------------------------------------------------------
SmallValue encode_seq(Seq seq);
std::optional<Seq> decode_seq(std::string_view value);

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

Key id_key(const SipKey& hash_key, const EventId& id);
Key time_key();
Key kind_key(Kind kind);
Key author_key(const SipKey& hash_key, const PublicKey& author);
Key author_kind_key(const SipKey& hash_key, const PublicKey& author, Kind kind);
// Alike for both: the value as tags are packed, which for an id or a public key is half as much to hash.
Key tag_key(const SipKey& hash_key, char name, const PackedItem& value);
Key tag_key(const SipKey& hash_key, char name, std::string_view value);
// As search_words.h has it.
Key word_key(const SipKey& hash_key, std::string_view word);
// identifier is the d value, ignored for kinds that are not addressable.
Key replaceable_key(const SipKey& hash_key, const PublicKey& author, Kind kind, std::string_view identifier);
Key expiry_key(UnixSeconds expires_at);
// hash is entry_hash(): taken once for each of many.
std::uint64_t entry_hash(const SipKey& hash_key, std::span<const std::uint8_t> entry);
Key entry_key(std::uint64_t hash);
TombstoneKey deleted_id_key(const EventId& id, const PublicKey& requester);
TombstoneKey vanished_key(const PublicKey& who);
TombstoneKey deleted_address_key(const SipKey& hash_key, const PublicKey& author, Kind kind,
                                 std::string_view identifier);

}  // namespace pharos::storage
