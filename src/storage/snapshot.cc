#include "storage/snapshot.h"

#include <utility>

#include "nostr/kind.h"
#include "storage/index_entries.h"
#include "storage/lookup.h"
#include "storage/meta.h"

namespace pharos::storage {

Snapshot::Snapshot(ReadTxn txn, const Tables& tables, std::shared_ptr<const Memtables::List> memtables, Seq as_of)
    : held_(std::move(memtables)),
      lmdb_(std::make_unique<Lmdb>(std::move(txn), tables)),
      tables_(&tables),
      as_of_(as_of) {
  if (!held_ || held_->empty()) return;
  const std::uint64_t merged = read_merged_generation(lmdb_->txn, tables);
  for (const auto& memtable : *held_) {
    if (memtable->generation() > merged) layers_.push_back(memtable.get());
  }
}

bool Snapshot::erased_above(Seq seq, std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (layers_[i]->erases(seq, as_of_)) return true;
  }
  return false;
}

const Memtable* Snapshot::memtable_of(Seq seq) const {
  for (const Memtable* layer : layers_) {
    if (seq > layer->before()) return layer;
  }
  return nullptr;
}

std::optional<RecordView> Snapshot::record(Seq seq) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (seq > layers_[i]->before()) {
      auto held = layers_[i]->record(seq, as_of_);
      return held && !erased_above(seq, i) ? held : std::nullopt;
    }
  }
  return erased_above_lmdb(seq) ? std::nullopt : merged().record(seq);
}

std::optional<RecordView> Snapshot::find(const EventId& id) const {
  const Key key = id_key(tables_->hash_key, id);
  for (const Memtable* layer : layers_) {
    const PlaceList* list = layer->places(Table::by_id, key);
    for (const auto* node = list != nullptr ? list->newest() : nullptr; node != nullptr; node = node->next()) {
      const auto held = record(node->place.seq);
      if (held && held->id() == id) return held;
    }
  }
  auto held = find_record(merged(), id);
  return held && !erased_above_lmdb(held->seq()) ? held : std::nullopt;
}

std::vector<Seq> Snapshot::versions(const PublicKey& author, Kind kind, std::string_view identifier) const {
  std::vector<Seq> found;
  std::string scratch;
  const auto is_version = [&](const RecordView& record) {
    if (record.kind() != kind || record.pubkey() != author) return false;
    return classify(kind) != KindClass::addressable || record_identifier(record, scratch) == identifier;
  };
  const Key key = replaceable_key(tables_->hash_key, author, kind, identifier);
  for (const Memtable* layer : layers_) {
    const PlaceList* list = layer->places(Table::replaceable, key);
    for (const auto* node = list != nullptr ? list->newest() : nullptr; node != nullptr; node = node->next()) {
      const auto held = record(node->place.seq);
      if (held && is_version(*held)) found.push_back(held->seq());
    }
  }
  for (const Seq seq : find_versions(merged(), author, kind, identifier)) {
    if (!erased_above_lmdb(seq)) found.push_back(seq);
  }
  return found;
}

std::optional<std::string> Snapshot::tombstone(const TombstoneKey& key) const {
  for (const Memtable* layer : layers_) {
    if (const auto value = layer->tombstone(key.view())) return std::string(*value);
  }
  const auto value = txn().get((*tables_)[Table::tombstones], key.view());
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

}  // namespace pharos::storage
