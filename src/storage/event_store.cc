#include "storage/event_store.h"

#include <algorithm>

#include "nostr/kind.h"
#include "storage/index_entries.h"
#include "storage/index_levels.h"
#include "storage/tombstones.h"
#include "util/check.h"

namespace pharos::storage {

EventStore::EventStore(const Snapshot& snapshot, Memtable& active, Seq last_seq, WalBatch::Keep changes)
    : snapshot_(snapshot),
      tables_(snapshot.tables()),
      active_(active),
      first_seq_(last_seq),
      last_seq_(last_seq),
      current_(last_seq),
      changes_(changes) {}

PutOutcome EventStore::put(const Event& event, UnixSeconds now, const Draft* draft) {
  PHAROS_DEBUG_CHECK(classify(event.kind) != KindClass::ephemeral);
  PHAROS_DEBUG_CHECK(draft == nullptr || RecordView(0, draft->record).id() == event.id);
  if (snapshot_.find(event.id)) return PutOutcome::duplicate;
  const bool expired = draft != nullptr ? RecordView(0, draft->record).is_expired(now) : is_expired(event, now);
  if (expired) return PutOutcome::expired;
  if (is_vanished(event)) return event.kind == kind::kVanish ? PutOutcome::superseded : PutOutcome::vanished;
  if (is_forbidden(event)) {
    if (has_address(event.kind)) keep_older_versions_away(event);
    return PutOutcome::deleted;
  }
  std::vector<Seq> replaced;
  if (has_address(event.kind) && !replaces_all(event, replaced)) return PutOutcome::superseded;
  if (!active_.has_room()) return PutOutcome::failed_full;

  current_ = last_seq_ + 1;
  for (const Seq seq : replaced) erase(seq, Deleted::replaced);
  if (event.kind == kind::kDeletion) apply_deletion(event);
  if (event.kind == kind::kVanish) forbid_until(vanished_key(event.pubkey), event.created_at);
  insert(event, draft);
  last_seq_ = current_;
  return PutOutcome::stored;
}

void EventStore::insert(const Event& event, const Draft* draft) {
  if (draft != nullptr) {
    active_.insert(current_, as_text(draft->record), draft->entries);
    changes_.store(current_, as_text(draft->record));
    return;
  }
  encode_record(event, record_);
  active_.insert(current_, record_);
  changes_.store(current_, record_);
}

bool EventStore::is_forbidden(const Event& event) const {
  return storage::is_forbidden(event, tables_.hash_key,
                               [&](const TombstoneKey& key) { return snapshot_.tombstone(key); });
}

bool EventStore::is_vanished(const Event& event) const {
  return storage::is_vanished(event, [&](const TombstoneKey& key) { return snapshot_.tombstone(key); });
}

// NIP-01: the newest version wins, among those of one second the lowest id.
bool EventStore::replaces_all(const Event& event, std::vector<Seq>& replaced) const {
  replaced = snapshot_.versions(event.pubkey, event.kind, identifier(event));
  return std::ranges::all_of(replaced, [&](Seq seq) {
    const std::optional<RecordView> held = snapshot_.record(seq);
    if (!held || held->created_at() != event.created_at) return !held || held->created_at() < event.created_at;
    return event.id < held->id();
  });
}

namespace {

// Up to when versions go along with one that was deleted by its id at `requested`: the older ones, or one of them would
// be the newest when it came again. A version from a clock that ran ahead does not keep its author from a later one.
UnixSeconds older_versions(UnixSeconds created_at, UnixSeconds requested) {
  return std::min(created_at, requested - 1);
}

metrics::StorageMetrics::Deleted label_of(EraseCause cause) {
  using enum metrics::StorageMetrics::Deleted;
  switch (cause) {
    case EraseCause::vanish:
      return nip62;
    case EraseCause::retention:
      return retention;
    case EraseCause::admin:
      break;
  }
  return admin;
}

}  // namespace

// A request that came before the version it names leaves what a request after it would: had the version been here, it
// would have taken the place of the older ones.
void EventStore::keep_older_versions_away(const Event& event) {
  const std::optional<std::string> requested = snapshot_.tombstone(deleted_id_key(event.id, event.pubkey));
  if (!requested) return;
  current_ = last_seq_;
  delete_address({event.kind, event.pubkey, std::string(identifier(event))},
                 older_versions(event.created_at, decode_cutoff(*requested).value_or(0)));
}

void EventStore::apply_deletion(const Event& request) {
  const DeletionTargets targets = deletion_targets(request);
  for (const EventId& id : targets.ids) delete_id(id, request);
  for (const Address& address : targets.addresses) delete_address(address, request.created_at);
}

// The tombstone of an id that is not the requester's never applies.
void EventStore::delete_id(const EventId& id, const Event& request) {
  const std::optional<RecordView> target = snapshot_.find(id);
  if (target && !is_undeletable(target->kind()) && may_delete(*target, request.pubkey)) {
    erase(target->seq(), Deleted::nip09);
    if (has_address(target->kind())) {
      std::string scratch;
      const std::string_view name = record_identifier(*target, scratch);
      delete_address({target->kind(), target->pubkey(), std::string(name)},
                     older_versions(target->created_at(), request.created_at));
    }
  }
  forbid_until(deleted_id_key(id, request.pubkey), request.created_at);
}

void EventStore::delete_address(const Address& address, UnixSeconds cutoff) {
  for (const Seq seq : snapshot_.versions(address.pubkey, address.kind, address.identifier)) {
    const std::optional<RecordView> version = snapshot_.record(seq);
    if (version && version->created_at() <= cutoff) erase(seq, Deleted::nip09);
  }
  forbid_until(deleted_address_key(tables_.hash_key, address.pubkey, address.kind, address.identifier), cutoff);
}

void EventStore::erase(Seq seq, Deleted cause) {
  ErasedEvent& erased = erased_.emplace_back();
  erased.seq = seq;
  if (const std::optional<RecordView> record = snapshot_.record(seq)) {
    erased.id = record->id();
    erased.pubkey = record->pubkey();
    erased.created_at = record->created_at();
    erased.kind = record->kind();
    erased.expires_at = record->expires_at();
  }
  active_.erase(seq, current_);
  changes_.erase(seq, current_);
  ++deleted_[static_cast<std::size_t>(cause)];
}

void EventStore::forbid_until(const TombstoneKey& key, UnixSeconds time) {
  const std::optional<std::string> known = snapshot_.tombstone(key);
  if (known && decode_cutoff(*known).value_or(time) >= time) return;
  const std::optional<std::string_view> held = active_.tombstone(key.view());
  tombstones_.emplace_back(key, held ? std::optional<std::string>(*held) : std::nullopt);
  const SmallValue value = encode_cutoff(time);
  active_.set_tombstone(key, value.view());
  changes_.tombstone(key, value.view());
}

std::size_t EventStore::erase_expired(UnixSeconds now, std::size_t limit) {
  std::size_t erased = 0;
  const auto erase_if_due = [&](Seq seq) {
    const std::optional<RecordView> record = snapshot_.record(seq);
    if (!record || !record->is_expired(now)) return;
    erase(seq, Deleted::expired);
    ++erased;
  };
  for (const Memtable* memtable : snapshot_.memtables()) {
    const auto& due = memtable->expirations();
    for (auto at = due.begin(); at != due.end() && at->first <= now && erased < limit; ++at) erase_if_due(at->second);
  }
  IndexCursor cursor(snapshot_.txn(), tables_, Table::expiry);
  for (bool there = cursor.first(); there && erased < limit && cursor.posting().key <= expiry_key(now);
       there = cursor.next()) {
    erase_if_due(cursor.posting().place.seq);
  }
  return erased;
}

std::size_t EventStore::erase_events(std::span<const Seq> events, EraseCause cause) {
  current_ = last_seq_;
  std::size_t erased = 0;
  for (const Seq seq : events) {
    if (!snapshot_.record(seq)) continue;
    erase(seq, label_of(cause));
    ++erased;
  }
  return erased;
}

void EventStore::undo() {
  for (const ErasedEvent& erased : erased_) active_.restore(erased.seq);
  for (Seq seq = first_seq_ + 1; seq <= last_seq_; ++seq) active_.erase(seq, seq);
  for (auto change = tombstones_.rbegin(); change != tombstones_.rend(); ++change) {
    if (change->second) {
      active_.set_tombstone(change->first, *change->second);
    } else {
      active_.drop_tombstone(change->first);
    }
  }
  erased_.clear();
}

}  // namespace pharos::storage
