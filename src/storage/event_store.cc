#include "storage/event_store.h"

#include <algorithm>

#include "nostr/kind.h"
#include "storage/lookup.h"
#include "storage/meta.h"
#include "storage/tombstones.h"
#include "util/bytes.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

bool has_address(Kind kind) {
  const KindClass kind_class = classify(kind);
  return kind_class == KindClass::replaceable || kind_class == KindClass::addressable;
}

// Read by the rules themselves, so written at once.
bool is_immediate(Table table) { return table == Table::by_id || table == Table::replaceable; }

}  // namespace

EventStore::EventStore(WriteTxn& txn, Seq last_seq)
    : txn_(txn), tables_(txn.tables()), first_seq_(last_seq), last_seq_(last_seq) {}

PutOutcome EventStore::put(const Event& event, UnixSeconds now) {
  PHAROS_DEBUG_CHECK(classify(event.kind) != KindClass::ephemeral);
  if (find_record(txn_, tables_, event.id)) return PutOutcome::duplicate;
  if (is_expired(event, now)) return PutOutcome::expired;
  if (is_forbidden(txn_, tables_, event)) return PutOutcome::deleted;
  std::vector<Seq> replaced;
  if (has_address(event.kind) && !replaces_all(event, replaced)) return PutOutcome::superseded;

  for (const Seq seq : replaced) erase(seq, Deleted::replaced);
  if (event.kind == kind::kDeletion) apply_deletion(event);
  insert(event);
  return PutOutcome::stored;
}

// NIP-01: the newest version wins, among those of one second the lowest id.
bool EventStore::replaces_all(const Event& event, std::vector<Seq>& replaced) const {
  replaced = find_versions(txn_, tables_, event.pubkey, event.kind, identifier(event));
  return std::ranges::all_of(replaced, [&](Seq seq) {
    const std::optional<RecordView> held = find_record(txn_, tables_, seq);
    if (!held || held->created_at() != event.created_at) return !held || held->created_at() < event.created_at;
    return event.id < held->id();
  });
}

void EventStore::apply_deletion(const Event& request) {
  std::size_t targets = 0;
  for (const TagView tag : request.tags) {
    if (tag.size() < 2) continue;
    if (tag[0] == "e") {
      const std::optional<EventId> id = EventId::from_hex(tag[1]);
      if (!id) continue;
      delete_id(*id, request.pubkey);
    } else if (tag[0] == "a") {
      const std::optional<Address> address = parse_address(tag[1]);
      if (!address || address->pubkey != request.pubkey || !has_address(address->kind)) continue;
      if (classify(address->kind) == KindClass::replaceable && !address->identifier.empty()) continue;
      delete_address(*address, request.created_at);
    } else {
      continue;
    }
    if (++targets == kMaxDeletionTargets) return;
  }
}

void EventStore::delete_id(const EventId& id, const PublicKey& requester) {
  const std::optional<RecordView> target = find_record(txn_, tables_, id);
  if (target && (is_undeletable(target->kind()) || !may_delete(*target, requester))) return;
  if (target) erase(target->seq(), Deleted::nip09);
  forbid_id(txn_, id, requester);
}

void EventStore::delete_address(const Address& address, UnixSeconds cutoff) {
  for (const Seq seq : find_versions(txn_, tables_, address.pubkey, address.kind, address.identifier)) {
    const std::optional<RecordView> version = find_record(txn_, tables_, seq);
    if (version && version->created_at() <= cutoff) erase(seq, Deleted::nip09);
  }
  forbid_address(txn_, address, cutoff);
}

void EventStore::insert(const Event& event) {
  encode_record(event, record_);
  const RecordView record(last_seq_ + 1, as_bytes(record_));
  if (!txn_.append(tables_[Table::events], EventKey(record.seq()).view(), record_)) return;
  ++last_seq_;
  bytes_written_ += record_.size();
  change_entries(record, Change::insert);
}

void EventStore::erase(Seq seq, Deleted cause) {
  const std::optional<RecordView> record = find_record(txn_, tables_, seq);
  if (!record) return;
  change_entries(*record, Change::erase);
  txn_.erase(tables_[Table::events], EventKey(seq).view());
  ++deleted_[static_cast<std::size_t>(cause)];
}

void EventStore::change_entries(const RecordView& record, Change change) {
  entries_.clear();
  list_index_entries(record, tables_.hash_key, entries_);
  // The record may lie in a page that the first write moves; it is not read below.
  for (const IndexEntry& entry : entries_) {
    if (is_immediate(entry.table)) {
      apply(entry, change);
    } else {
      pending_.push_back({entry, change});
    }
  }
}

void EventStore::apply(const IndexEntry& entry, Change change) {
  if (change == Change::insert) {
    txn_.put_grouped(tables_[entry.table], entry.key.view(), entry.value.view());
  } else {
    txn_.erase_grouped(tables_[entry.table], entry.key.view(), entry.value.view());
  }
}

std::size_t EventStore::erase_expired(UnixSeconds now, std::size_t limit) {
  std::vector<IndexEntry> due;
  {
    const Key after = expiry_key(now);
    Cursor cursor(txn_, tables_[Table::expiry]);
    for (bool there = cursor.first(); there && due.size() < limit && cursor.key() <= after.view();
         there = cursor.next()) {
      IndexEntry& entry = due.emplace_back();
      entry.table = Table::expiry;
      entry.key.add_bytes(as_bytes(cursor.key()));
      entry.value.add_bytes(as_bytes(cursor.value()));
    }
  }
  for (const IndexEntry& entry : due) {
    const Seq seq = decode_seq(entry.value.view()).value_or(0);
    const std::optional<RecordView> record = find_record(txn_, tables_, seq);
    if (record && record->is_expired(now)) {
      erase(seq, Deleted::expired);
    } else {
      // An entry that no event asked for would be met again for ever.
      apply(entry, Change::erase);
    }
  }
  return due.size();
}

bool EventStore::flush() {
  // Every entry holds the number of its event, so an insertion and an erasure of the same entry are of one event and
  // come in this order.
  std::ranges::stable_sort(pending_, {}, &Pending::entry);
  for (auto at = pending_.begin(); at != pending_.end();) {
    const auto end = std::find_if(at, pending_.end(), [&](const Pending& other) { return other.entry != at->entry; });
    if (end - at == 1) apply(at->entry, at->change);
    at = end;
  }
  pending_.clear();
  if (last_seq_ != first_seq_) write_last_seq(txn_, last_seq_);
  return !txn_.failed();
}

}  // namespace pharos::storage
