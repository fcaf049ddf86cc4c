#include "storage/merge_memtable.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "storage/abridge.h"
#include "storage/dictionary_table.h"
#include "storage/index_entries.h"
#include "storage/index_merge.h"
#include "storage/meta.h"
#include "storage/place_reader.h"
#include "storage/stored_events.h"
#include "storage/tag_numbers.h"

namespace pharos::storage {
namespace {

// Blocks that one merge writes at most: a memtable holds fewer events.
constexpr unsigned kStampBits = 24;
static_assert(Memtable::kMaxEvents < std::size_t{1} << (kStampBits - 1));

// What the merge changes in the indexes: what it erases, and what the memtable holds, which has its keys' places in
// order.
class IndexChanges {
 public:
  IndexChanges(const SipKey& hash_key, const Memtable& memtable) : hash_key_(hash_key), memtable_(memtable) {}

  void erase(const RecordView& record) {
    entries_.clear();
    list_index_entries(record, hash_key_, entries_);
    for (const IndexEntry& entry : entries_) of(entry.table).changes.push_back({entry.posting, true});
  }
  void add(Table index, const Posting& posting) { of(index).changes.push_back({posting, false}); }

  void write(WriteTxn& txn) {
    memtable_.each_key(
        [this](Table table, Key key, const PlaceList& places) { of(table).added.emplace_back(key, &places); });
    list_alive();
    for (const auto& [at, seq] : memtable_.expirations()) {
      if (is_alive(seq)) add(Table::expiry, {expiry_key(at), {0, 0, seq}});
    }
    for (std::size_t table = 0; table < kTableCount && !txn.failed(); ++table) {
      const std::vector<PostingChange> changes = gather(indexes_[table]);
      if (!changes.empty()) merge_postings(txn, static_cast<Table>(table), changes);
      indexes_[table] = {};
    }
  }

 private:
  struct Index {
    std::vector<PostingChange> changes;  // in no order
    std::vector<KeyPlaces> added;
  };
  Index& of(Table table) { return indexes_[static_cast<std::size_t>(table)]; }

  void list_alive() {
    alive_.assign(memtable_.last_seq() - memtable_.before(), false);
    memtable_.each_event([this](const RecordView& record) { alive_[record.seq() - memtable_.before() - 1] = true; });
  }
  bool is_alive(Seq seq) const { return alive_[seq - memtable_.before() - 1]; }

  std::vector<PostingChange> gather(Index& index) const {
    std::ranges::sort(index.changes, std::less<>(), &PostingChange::posting);
    std::ranges::sort(index.added);
    std::size_t most = index.changes.size();
    for (const auto& [key, places] : index.added) most += places->size();
    std::vector<PostingChange> all;
    all.reserve(most);
    auto change = index.changes.begin();
    PlaceReader reader;
    reader.read(index.added, [&](Key key, const Candidate& place) {
      if (!is_alive(place.seq)) return;
      const Posting posting{key, place};
      while (change != index.changes.end() && change->posting < posting) all.push_back(*change++);
      all.push_back({posting, false});
    });
    all.insert(all.end(), change, index.changes.end());
    return all;
  }

  const SipKey& hash_key_;
  const Memtable& memtable_;
  std::vector<bool> alive_;          // by number
  std::vector<IndexEntry> entries_;  // reused
  std::array<Index, kTableCount> indexes_;
};

class MemtableMerge {
 public:
  MemtableMerge(WriteTxn& txn, const Memtable& memtable, const BlockProfile& profile)
      : txn_(txn),
        tables_(txn.tables()),
        memtable_(memtable),
        profile_(profile),
        changes_(tables_.hash_key, memtable),
        numbers_(tables_.hash_key),
        dictionary_(txn, tables_[Table::dictionary]),
        next_stamp_(memtable.generation() << kStampBits) {}

  bool run() {
    const std::uint64_t before = read_event_count(txn_, tables_);
    // Reading comes first: the first write moves what was read.
    list_erased();
    assign_numbers();
    erase_from_blocks();
    if (txn_.damaged()) return txn_.fail_corrupt();
    dictionary_.flush();
    const std::uint64_t inserted = insert();
    changes_.write(txn_);
    for (const auto& [key, value] : memtable_.tombstones()) txn_.put(tables_[Table::tombstones], key, value);
    if (memtable_.last_seq() > memtable_.before()) write_last_seq(txn_, memtable_.last_seq());
    write_event_count(txn_, before + inserted - erased_.size());
    write_merged_generation(txn_, memtable_.generation());
    return !txn_.failed();
  }

 private:
  void list_erased() {
    StoredEvents stored(txn_, tables_);
    for (const Seq seq : memtable_.erased()) {
      // An event of a memtable that was erased before that one was merged never came here.
      const auto record = stored.record(seq);
      if (!record) continue;
      changes_.erase(*record);
      erased_.push_back(seq);
    }
  }

  void assign_numbers() {
    memtable_.each_event([&](const RecordView& record) { numbers_.count(record); });
    IndexCursor by_entry(txn_, tables_, Table::by_entry);
    const StoredDictionary stored(txn_, tables_[Table::dictionary]);
    numbers_.assign(
        [&](Key key, EntryBytes bytes) -> std::optional<EntryNumber> {
          for (bool there = by_entry.seek({key, {}}); there && by_entry.posting().key == key; there = by_entry.next()) {
            const auto number = static_cast<EntryNumber>(by_entry.posting().place.seq);
            if (std::ranges::equal(stored.entry(number), bytes)) return number;
          }
          return std::nullopt;
        },
        [&](Key key, EntryBytes bytes) -> std::optional<EntryNumber> {
          if (dictionary_.size() >= DictionaryWriter::kMaxEntries) return std::nullopt;
          const EntryNumber number = dictionary_.add(bytes);
          changes_.add(Table::by_entry, {key, {0, 0, number}});
          return number;
        });
  }

  void erase_from_blocks() {
    const Dbi events = tables_[Table::events];
    Cursor blocks(txn_, events);
    std::string left;
    for (std::size_t begin = 0; begin < erased_.size() && !txn_.failed();) {
      if (!blocks.seek(EventKey(erased_[begin]).view())) return;
      const EventKey key(decode_event_key(blocks.key()).value_or(0));
      const auto of_block = std::upper_bound(erased_.begin() + static_cast<std::ptrdiff_t>(begin), erased_.end(),
                                             decode_event_key(key.view()).value_or(0));
      const auto end = static_cast<std::size_t>(of_block - erased_.begin());
      const std::span<const Seq> gone(erased_.data() + begin, end - begin);
      if (gone.empty() || !rewrite_without(blocks.value(), gone, next_stamp_++, profile_, left)) {
        txn_.fail_corrupt();
        return;
      }
      left.empty() ? txn_.erase(events, key.view()) : txn_.put(events, key.view(), left);
      begin = end;
    }
  }

  std::uint64_t insert() {
    std::uint64_t inserted = 0;
    EventBlockWriter block(profile_);
    std::string record;
    memtable_.each_event([&](const RecordView& plain) {
      abridge(
          plain, [this](EntryBytes) { return numbers_.next(); }, record);
      if (!block.fits(plain.seq(), record.size())) append(block);
      block.add(plain.seq(), as_bytes(record));
      ++inserted;
    });
    if (!block.empty()) append(block);
    return inserted;
  }
  void append(EventBlockWriter& block) {
    const EventKey key(block.last());
    block.finish(next_stamp_++, block_);
    txn_.append(tables_[Table::events], key.view(), block_);
  }

  WriteTxn& txn_;
  const Tables& tables_;
  const Memtable& memtable_;
  const BlockProfile& profile_;
  IndexChanges changes_;
  TagNumbers numbers_;
  DictionaryWriter dictionary_;
  std::vector<Seq> erased_;  // that LMDB held, ascending
  std::uint64_t next_stamp_;
  std::string block_;  // reused
};

}  // namespace

bool merge_memtable(WriteTxn& txn, const Memtable& memtable, const BlockProfile& profile) {
  return MemtableMerge(txn, memtable, profile).run();
}

}  // namespace pharos::storage
