#include "storage/tombstones.h"

#include <algorithm>
#include <string>

#include "nostr/kind.h"
#include "storage/keys.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr Kind kVanish = 62;

std::optional<UnixSeconds> cutoff_of(const Txn& txn, const Tables& tables, const TombstoneKey& key) {
  const std::optional<std::string_view> value = txn.get(tables[Table::tombstones], key.view());
  if (!value || value->size() != 8) return std::nullopt;
  return static_cast<UnixSeconds>(get_big_endian(as_bytes(*value)));
}

bool id_is_forbidden(const Txn& txn, const Tables& tables, const EventId& id, const PublicKey& requester) {
  return txn.get(tables[Table::tombstones], deleted_id_key(id, requester).view()).has_value();
}

}  // namespace

bool is_undeletable(Kind kind) { return kind == kind::kDeletion || kind == kVanish; }

bool may_delete(const RecordView& record, const PublicKey& who) {
  if (record.pubkey() == who) return true;
  if (record.kind() != kind::kGiftWrap) return false;
  const std::string recipient = who.hex();
  std::string scratch;
  PackedItem item;
  std::size_t recipients = 0;
  for (PackedTagReader tags = record.tags(); tags.next_tag() && recipients < kMaxWrapRecipients;) {
    if (!tags.next_item(item) || !item.is('p') || !tags.next_item(item)) continue;
    ++recipients;
    if (item.text(scratch) == recipient) return true;
  }
  return false;
}

bool is_forbidden(const Txn& txn, const Tables& tables, const Event& event) {
  if (is_undeletable(event.kind)) return false;
  if (id_is_forbidden(txn, tables, event.id, event.pubkey)) return true;
  if (event.kind == kind::kGiftWrap) {
    std::size_t recipients = 0;
    for (const TagView tag : event.tags) {
      if (tag.name() != "p" || tag.size() < 2) continue;
      if (++recipients > kMaxWrapRecipients) break;
      const std::optional<PublicKey> recipient = PublicKey::from_hex(tag.value());
      if (recipient && id_is_forbidden(txn, tables, event.id, *recipient)) return true;
    }
  }
  const KindClass kind_class = classify(event.kind);
  if (kind_class != KindClass::replaceable && kind_class != KindClass::addressable) return false;
  const TombstoneKey key = deleted_address_key(tables.hash_key, event.pubkey, event.kind, identifier(event));
  const std::optional<UnixSeconds> cutoff = cutoff_of(txn, tables, key);
  return cutoff && event.created_at <= *cutoff;
}

bool is_tombstone(std::string_view key, std::string_view value) {
  if (key.starts_with('e')) return key.size() == 1 + EventId::kSize + PublicKey::kSize && value.empty();
  if (key.starts_with('a')) return key.size() == 1 + PublicKey::kSize + 2 + 8 && value.size() == 8;
  return false;
}

bool forbid_id(WriteTxn& txn, const EventId& id, const PublicKey& requester) {
  return txn.put(txn.tables()[Table::tombstones], deleted_id_key(id, requester).view(), {});
}

bool forbid_address(WriteTxn& txn, const Address& address, UnixSeconds cutoff) {
  const Tables& tables = txn.tables();
  const TombstoneKey key = deleted_address_key(tables.hash_key, address.pubkey, address.kind, address.identifier);
  cutoff = std::max(cutoff, cutoff_of(txn, tables, key).value_or(cutoff));
  Key value;
  value.add_number(static_cast<std::uint64_t>(cutoff), 8);
  return txn.put(tables[Table::tombstones], key.view(), value.view());
}

}  // namespace pharos::storage
