#include "storage/check.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include <lmdb.h>

#include "nostr/canonical.h"
#include "nostr/kind.h"
#include "nostr/schnorr.h"
#include "nostr/sha256.h"
#include "storage/abridge.h"
#include "storage/dictionary_table.h"
#include "storage/index_entries.h"
#include "storage/index_levels.h"
#include "storage/kv_table.h"
#include "storage/meta.h"
#include "storage/record.h"
#include "storage/stored_events.h"
#include "storage/tombstones.h"
#include "storage/word_index.h"

namespace pharos::storage {
namespace {

constexpr std::uint64_t kProgressEvery = 4096;

constexpr std::array kKvTables{Table::kv_router_ledger,  Table::kv_router_outbox, Table::kv_monitor_target,
                               Table::kv_monitor_result, Table::kv_document,      Table::kv_misc,
                               Table::kv_access};

class Check {
 public:
  Check(const ReadTxn& txn, const Tables& tables, const CheckOptions& options,
        const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : txn_(txn), tables_(tables), options_(options), progress_(progress), stored_(txn, tables) {}

  Result<CheckReport, StorageFailure> run(const Snapshot& snapshot) {
    for (const Memtable* memtable : snapshot.memtables()) {
      memtable->each_event([&](const RecordView& record) {
        static_cast<void>(check_event(record));
        ++report_.logged_events;
      });
    }
    return run();
  }

  Result<CheckReport, StorageFailure> run() {
    last_seq_ = read_last_seq(txn_, tables_);
    words_ = read_word_index(txn_, tables_);
    walk_blocks();
    check_dictionary();
    for (const Table table : kEventIndexes) {
      if (table == Table::by_word && !words_) continue;
      const std::uint64_t found = walk_index(table);
      report_.index_entries += found;
      // Postings are unique, so all but those that a record asked for are strays.
      if (found != backed_[static_cast<std::size_t>(table)]) find_strays(table);
    }
    walk_same_key(Table::by_id);
    walk_same_key(Table::replaceable);
    walk_tombstones();
    for (const Table table : kKvTables) walk_kv(table);
    if (txn_.failed()) return txn_.failure();
    return std::move(report_);
  }

 private:
  void note(Contradiction what, Table table, const std::string& where) {
    ++report_.counts[static_cast<std::size_t>(what)];
    if (report_.findings.size() >= options_.max_listed) return;
    report_.findings.push_back(std::string(spec(table).name) + ": " + describe(what) + ", " + where);
  }

  void walk_blocks() {
    const std::uint64_t total = read_event_count(txn_, tables_);
    Cursor cursor(txn_, tables_[Table::events]);
    for (bool more = cursor.first(); more; more = cursor.next()) {
      const auto last = decode_event_key(cursor.key());
      const auto head = read_block_head(cursor.value());
      const auto unpacked = BlockBody::unpack(cursor.value());
      const auto block = unpacked && head ? EventBlockReader::parse(*head, unpacked->bytes())
                                          : EventBlockReader::parse(cursor.value());
      if (!last || !block || !block->verify() || block->head().last() != *last) {
        note(Contradiction::bad_block, Table::events, "up to seq " + std::to_string(last.value_or(0)));
        continue;
      }
      for (auto seq = block->at_or_after(0); seq; seq = block->at_or_after(*seq + 1)) {
        ++report_.events;
        check_record(*seq, *block->record(*seq));
        if (progress_ && report_.events % kProgressEvery == 0) progress_(report_.events, total);
      }
    }
    if (total != report_.events) {
      note(Contradiction::wrong_count, Table::meta,
           std::to_string(total) + " events for " + std::to_string(report_.events));
    }
    if (progress_) progress_(report_.events, total);
  }

  // What the record says about itself; returns what to call it, and leaves the event in event_.
  std::string check_event(const RecordView& record) {
    record.decode(event_);
    std::string named = "seq " + std::to_string(record.seq()) + ", id " + event_.id.hex();
    if (!is_canonical(record)) note(Contradiction::bad_record, Table::events, named);
    if (compute_id(event_) != event_.id) note(Contradiction::wrong_id, Table::events, named);
    if (options_.signatures && !verify_signature(event_.pubkey, event_.id, event_.sig)) {
      note(Contradiction::wrong_signature, Table::events, named);
    }
    if (classify(event_.kind) == KindClass::ephemeral) note(Contradiction::ephemeral_stored, Table::events, named);
    return named;
  }

  void check_record(Seq seq, std::span<const std::uint8_t> bytes) {
    const std::string where = "seq " + std::to_string(seq);
    if (!verify_record(bytes, &stored_.dictionary())) {
      note(Contradiction::bad_record, Table::events, where);
      return;
    }
    const RecordView record(seq, bytes, &stored_.dictionary());
    if (seq > last_seq_) note(Contradiction::seq_beyond_last, Table::events, where);
    const std::string named = check_event(record);
    if (is_forbidden(event_, tables_.hash_key, tombstones()))
      note(Contradiction::deleted_but_stored, Table::tombstones, named);
    if (event_.kind == kind::kDeletion) check_targets(named);
    check_vanished(named);
    check_entries(record, named);
  }

  void check_dictionary() {
    const Dbi table = tables_[Table::dictionary];
    if (!verify_dictionary(txn_, table)) note(Contradiction::bad_block, Table::dictionary, "its chunks");
    const StoredDictionary dictionary(txn_, table);
    for (std::uint64_t number = 0; number < dictionary.size(); ++number) {
      const auto entry = dictionary.entry(static_cast<EntryNumber>(number));
      const Key key = entry_key(entry_hash(tables_.hash_key, entry));
      if (holds({Table::by_entry, {key, {0, 0, number}}})) continue;
      note(Contradiction::missing_entry, Table::by_entry, "number " + std::to_string(number));
    }
    const std::uint64_t found = walk_index(Table::by_entry);
    if (found > dictionary.size())
      note(Contradiction::stray_entry, Table::by_entry, std::to_string(found) + " entries");
  }

  // The record when it verifies.
  std::optional<RecordView> stored(Seq seq) {
    const auto record = stored_.record(seq);
    return record && verify_record(record->bytes(), &stored_.dictionary()) ? record : std::nullopt;
  }

  TombstoneLookup tombstones() const {
    return [this](const TombstoneKey& key) -> std::optional<std::string> {
      const auto value = txn_.get(tables_[Table::tombstones], key.view());
      return value ? std::optional<std::string>(*value) : std::nullopt;
    };
  }

  void check_vanished(const std::string& named) {
    const bool is_forbidden = is_vanished(event_, tombstones());
    if (event_.kind != kind::kVanish) {
      if (is_forbidden) ++report_.vanishing;
    } else if (!is_forbidden) {
      note(Contradiction::missing_tombstone, Table::tombstones, named);
    }
  }

  void check_targets(const std::string& named) {
    const TombstoneLookup lookup = tombstones();
    const DeletionTargets targets = deletion_targets(event_);
    for (const EventId& id : targets.ids) {
      if (!lookup(deleted_id_key(id, event_.pubkey))) note(Contradiction::missing_tombstone, Table::tombstones, named);
    }
    for (const Address& address : targets.addresses) {
      const auto held = lookup(deleted_address_key(tables_.hash_key, address.pubkey, address.kind, address.identifier));
      const auto cutoff = held ? decode_cutoff(*held) : std::nullopt;
      if (!cutoff || *cutoff < event_.created_at) note(Contradiction::missing_tombstone, Table::tombstones, named);
    }
  }

  void check_entries(const RecordView& record, const std::string& named) {
    entries_.clear();
    list_index_entries(record, rules_of(record.seq()), entries_);
    for (const IndexEntry& entry : entries_) {
      if (holds(entry)) {
        ++backed_[static_cast<std::size_t>(entry.table)];
      } else {
        note(Contradiction::missing_entry, entry.table, named);
      }
    }
  }

  IndexRules rules_of(Seq seq) const {
    const bool has_words = words_ && words_->covers(seq);
    return {tables_.hash_key, has_words ? std::span<const Kind>(words_->kinds) : std::span<const Kind>()};
  }

  bool holds(const IndexEntry& entry) {
    std::optional<IndexCursor>& cursor = cursors_[static_cast<std::size_t>(entry.table)];
    if (!cursor) cursor.emplace(txn_, tables_, entry.table);
    return cursor->seek(entry.posting) && cursor->posting() == entry.posting && !cursor->is_erased();
  }

  // Returns how many postings there are.
  std::uint64_t walk_index(Table table) {
    const std::size_t bad_blocks = report_.counts[static_cast<std::size_t>(Contradiction::bad_block)];
    std::uint64_t postings = walk_level(table, [](const Posting&) {});
    const bool whole = bad_blocks == report_.counts[static_cast<std::size_t>(Contradiction::bad_block)];
    const std::optional<Table> young = young_level(table);
    if (!young) return postings;
    LevelCursor old(txn_, tables_, table);
    walk_level(*young, [&](const Posting& stored) {
      const PostingChange change = from_young(stored);
      change.erased ? --postings : ++postings;
      if (!whole) return;
      const bool in_old = old.seek(change.posting) && old.posting() == change.posting;
      if (in_old == change.erased) return;
      note(Contradiction::stray_entry, *young, "seq " + std::to_string(change.posting.place.seq));
    });
    return postings;
  }

  // Block by block, so that a damaged one hides itself only.
  template <class Visit>
  std::uint64_t walk_level(Table table, const Visit& visit) {
    const PostingShape shape = posting_shape(table);
    std::uint64_t postings = 0;
    std::optional<Posting> before;
    Cursor cursor(txn_, tables_[table]);
    for (bool more = cursor.first(); more; more = cursor.next()) {
      const std::optional<Posting> last = decode_block_key(shape, cursor.key());
      IndexBlockReader block(shape, as_bytes(cursor.value()));
      bool in_order = last.has_value();
      while (block.next()) {
        in_order = in_order && (!before || *before < block.posting());
        before = block.posting();
        visit(block.posting());
        ++postings;
      }
      if (in_order && !block.malformed() && before == last) continue;
      note(Contradiction::bad_block, table, "one of " + std::to_string(cursor.value().size()) + " bytes");
    }
    return postings;
  }

  void find_strays(Table table) {
    IndexCursor cursor(txn_, tables_, table);
    for (bool more = cursor.first(); more; more = cursor.next()) {
      if (cursor.is_erased()) continue;
      const IndexEntry entry{table, cursor.posting()};
      const Seq seq = entry.posting.place.seq;
      if (!record_lists(seq, entry)) note(Contradiction::stray_entry, table, "seq " + std::to_string(seq));
    }
  }

  bool record_lists(Seq seq, const IndexEntry& entry) {
    const auto record = stored(seq);
    if (!record) return false;
    entries_.clear();
    list_index_entries(*record, rules_of(seq), entries_);
    return std::ranges::find(entries_, entry) != entries_.end();
  }

  void walk_tombstones() {
    Cursor cursor(txn_, tables_[Table::tombstones]);
    for (bool more = cursor.first(); more; more = cursor.next()) {
      ++report_.tombstones;
      if (is_tombstone(cursor.key(), cursor.value())) continue;
      note(Contradiction::bad_key, Table::tombstones, "a key of " + std::to_string(cursor.key().size()) + " bytes");
    }
  }

  void walk_kv(Table table) {
    Cursor cursor(txn_, tables_[table]);
    for (bool more = cursor.first(); more; more = cursor.next()) {
      ++report_.other_entries;
      const std::string where = "a key of " + std::to_string(cursor.key().size()) + " bytes";
      if (cursor.key().empty() || cursor.key().size() > kMaxKvKeyBytes) note(Contradiction::bad_key, table, where);
      if (table == Table::kv_document && as_text(sha256(as_bytes(cursor.value()))) != cursor.key()) {
        note(Contradiction::wrong_digest, table, where);
      }
    }
  }

  // Entries of different events may share a key there, by their hash; the same id or address may not stand twice.
  void walk_same_key(Table table) {
    std::vector<Seq> same;
    Key key = 0;
    IndexCursor cursor(txn_, tables_, table);
    for (bool more = cursor.first(); more; more = cursor.next()) {
      if (cursor.posting().key != key) {
        check_same(table, same);
        same.clear();
        key = cursor.posting().key;
      }
      same.push_back(cursor.posting().place.seq);
    }
    check_same(table, same);
  }

  void check_same(Table table, const std::vector<Seq>& same) {
    if (same.size() < 2) return;
    std::set<std::string> seen;
    for (const Seq seq : same) {
      const auto record = stored(seq);
      if (!record) continue;
      record->decode(event_);
      std::string name = event_.id.hex();
      if (table == Table::replaceable) {
        name = event_.pubkey.hex() + ":" + std::to_string(event_.kind) + ":";
        if (classify(event_.kind) == KindClass::addressable) name += identifier(event_);
      }
      if (seen.insert(name).second) continue;
      const auto what = table == Table::by_id ? Contradiction::duplicate_id : Contradiction::duplicate_address;
      note(what, table, "seq " + std::to_string(seq) + ", id " + event_.id.hex());
    }
  }

  const ReadTxn& txn_;
  const Tables& tables_;
  const CheckOptions& options_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  StoredEvents stored_;
  CheckReport report_;
  Seq last_seq_ = 0;
  std::optional<WordIndexState> words_;
  std::array<std::uint64_t, kTableCount> backed_{};  // entries that a record has
  std::array<std::optional<IndexCursor>, kTableCount> cursors_;
  Event event_;                      // reused
  std::vector<IndexEntry> entries_;  // reused
};

}  // namespace

const char* describe(Contradiction contradiction) {
  switch (contradiction) {
    case Contradiction::bad_record:
      return "record does not verify";
    case Contradiction::bad_block:
      return "a block is damaged";
    case Contradiction::wrong_count:
      return "the number of events is not as noted";
    case Contradiction::wrong_id:
      return "id is not the hash of the event";
    case Contradiction::wrong_signature:
      return "signature does not verify";
    case Contradiction::ephemeral_stored:
      return "ephemeral event is stored";
    case Contradiction::seq_beyond_last:
      return "sequence number above the last one given";
    case Contradiction::missing_entry:
      return "index entry is missing";
    case Contradiction::stray_entry:
      return "stray index entry";
    case Contradiction::duplicate_id:
      return "id is stored twice";
    case Contradiction::duplicate_address:
      return "two versions of one address";
    case Contradiction::deleted_but_stored:
      return "deleted event is stored";
    case Contradiction::missing_tombstone:
      return "request without its tombstone";
    case Contradiction::wrong_digest:
      return "document is not what its key is the hash of";
    case Contradiction::bad_key:
      return "malformed key or value";
  }
  return "unknown";
}

std::uint64_t CheckReport::total() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

Result<CheckReport, StorageFailure> check_database(const ReadTxn& txn, const Tables& tables,
                                                   const CheckOptions& options,
                                                   const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return Check(txn, tables, options, progress).run();
}

Result<CheckReport, StorageFailure> check_database(const Snapshot& snapshot, const CheckOptions& options,
                                                   const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return Check(snapshot.txn(), snapshot.tables(), options, progress).run(snapshot);
}

}  // namespace pharos::storage
