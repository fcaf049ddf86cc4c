#include "storage/meta.h"

#include <algorithm>

#include "storage/keys.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr std::string_view kVersionKey = "schema_version";
constexpr std::string_view kHashKeyKey = "hash_key";
constexpr std::string_view kLastSeqKey = "last_seq";
constexpr std::string_view kEventsKey = "events";
constexpr std::string_view kMergedKey = "merged";

std::string aged_key(Table index) { return std::string("aged:") + spec(index).name; }

std::uint64_t read_u64(const Txn& txn, const Tables& tables, std::string_view key) {
  const std::optional<std::string_view> value = txn.get(tables[Table::meta], key);
  return value && value->size() == 8 ? get_big_endian(as_bytes(*value)) : 0;
}

bool write_u64(WriteTxn& txn, std::string_view key, std::uint64_t number) {
  SmallValue value;
  value.add_number(number, 8);
  return txn.put(txn.tables()[Table::meta], key, value.view());
}

}  // namespace

std::optional<std::uint32_t> read_schema_version(const Txn& txn, const Tables& tables) {
  const std::optional<std::string_view> value = txn.get(tables[Table::meta], kVersionKey);
  if (!value || value->size() != 4) return std::nullopt;
  return static_cast<std::uint32_t>(get_big_endian(as_bytes(*value)));
}

std::optional<SipKey> read_hash_key(const Txn& txn, const Tables& tables) {
  const std::optional<std::string_view> value = txn.get(tables[Table::meta], kHashKeyKey);
  SipKey key;
  if (!value || value->size() != key.size()) return std::nullopt;
  std::copy(value->begin(), value->end(), key.begin());
  return key;
}

Seq read_last_seq(const Txn& txn, const Tables& tables) {
  const std::optional<std::string_view> value = txn.get(tables[Table::meta], kLastSeqKey);
  return value ? decode_seq(*value).value_or(0) : 0;
}

std::uint64_t read_merged_generation(const Txn& txn, const Tables& tables) { return read_u64(txn, tables, kMergedKey); }

std::uint64_t read_event_count(const Txn& txn, const Tables& tables) { return read_u64(txn, tables, kEventsKey); }

Standing read_standing(const Txn& txn, const Tables& tables) {
  return {read_hash_key(txn, tables), read_last_seq(txn, tables), read_event_count(txn, tables),
          read_merged_generation(txn, tables)};
}

std::string read_aged(const Txn& txn, const Tables& tables, Table index) {
  return std::string(txn.get(tables[Table::meta], aged_key(index)).value_or(""));
}

bool write_schema_version(WriteTxn& txn, std::uint32_t version) {
  SmallValue value;
  value.add_number(version, 4);
  return txn.put(txn.tables()[Table::meta], kVersionKey, value.view());
}

bool write_hash_key(WriteTxn& txn, const SipKey& key) {
  return txn.put(txn.tables()[Table::meta], kHashKeyKey, as_text(key));
}

bool write_last_seq(WriteTxn& txn, Seq seq) {
  return txn.put(txn.tables()[Table::meta], kLastSeqKey, encode_seq(seq).view());
}

bool write_event_count(WriteTxn& txn, std::uint64_t count) { return write_u64(txn, kEventsKey, count); }

bool write_merged_generation(WriteTxn& txn, std::uint64_t generation) { return write_u64(txn, kMergedKey, generation); }

bool write_aged(WriteTxn& txn, Table index, std::string_view block) {
  return txn.put(txn.tables()[Table::meta], aged_key(index), block);
}

}  // namespace pharos::storage
