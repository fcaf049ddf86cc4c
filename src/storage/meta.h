// The table `meta`: what a database knows about itself.
//
//   "schema_version"  u32, big-endian
//   "hash_key"        16 random bytes, the key of every hash8 in keys.h; made with the database
//   "last_seq"        u48, big-endian: the newest sequence number ever given; absent before the first event
//   "events"          u64, big-endian: how many events the tables hold; absent before the first
//   "merged"          u64, big-endian: the newest generation of memtables that is in the tables; absent before the
//   first
//   "by_word"         how the index by word stands (word_index.h); absent where there is none
//   "aged:<index>"    the key of the block of its young level that was moved last (index_ageing.h); absent before the
//   first
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/store.h"
#include "storage/txn.h"

namespace pharos::storage {

// What a merge changes, and the database's identity: files of which it is the same hold the same events.
struct Standing {
  std::optional<SipKey> hash_key;
  Seq last_seq = 0;
  std::uint64_t events = 0;
  std::uint64_t merged_generation = 0;

  bool operator==(const Standing&) const = default;
};
Standing read_standing(const Txn& txn, const Tables& tables);

// nullopt where the entry is missing or not of its size.
std::optional<std::uint32_t> read_schema_version(const Txn& txn, const Tables& tables);
std::optional<SipKey> read_hash_key(const Txn& txn, const Tables& tables);
// 0 before the first event.
Seq read_last_seq(const Txn& txn, const Tables& tables);
std::uint64_t read_event_count(const Txn& txn, const Tables& tables);
// 0 before the first.
std::uint64_t read_merged_generation(const Txn& txn, const Tables& tables);
// "" before the first.
std::string read_aged(const Txn& txn, const Tables& tables, Table index);

bool write_schema_version(WriteTxn& txn, std::uint32_t version);
bool write_hash_key(WriteTxn& txn, const SipKey& key);
bool write_last_seq(WriteTxn& txn, Seq seq);
bool write_event_count(WriteTxn& txn, std::uint64_t count);
bool write_merged_generation(WriteTxn& txn, std::uint64_t generation);
bool write_aged(WriteTxn& txn, Table index, std::string_view block);

}  // namespace pharos::storage
