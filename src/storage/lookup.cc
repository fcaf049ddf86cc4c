#include "storage/lookup.h"

#include <string>

#include "nostr/kind.h"
#include "storage/index_entries.h"
#include "storage/index_levels.h"
#include "storage/keys.h"

namespace pharos::storage {

std::optional<RecordView> find_record(StoredEvents& events, const EventId& id) {
  const Key key = id_key(events.tables().hash_key, id);
  IndexCursor& cursor = events.ids();
  for (bool there = cursor.seek({key, {}}); there && cursor.posting().key == key; there = cursor.next()) {
    const std::optional<RecordView> record = events.record(cursor.posting().place.seq);
    if (record && record->id() == id) return record;
  }
  return std::nullopt;
}

std::vector<Seq> find_versions(StoredEvents& events, const PublicKey& author, Kind kind, std::string_view identifier) {
  std::vector<Seq> found;
  const Key key = replaceable_key(events.tables().hash_key, author, kind, identifier);
  std::string scratch;
  IndexCursor cursor(events.txn(), events.tables(), Table::replaceable);
  for (bool there = cursor.seek({key, {}}); there && cursor.posting().key == key; there = cursor.next()) {
    const Seq seq = cursor.posting().place.seq;
    const std::optional<RecordView> record = events.record(seq);
    if (!record || record->kind() != kind || record->pubkey() != author) continue;
    if (classify(kind) == KindClass::addressable && record_identifier(*record, scratch) != identifier) continue;
    found.push_back(seq);
  }
  return found;
}

}  // namespace pharos::storage
