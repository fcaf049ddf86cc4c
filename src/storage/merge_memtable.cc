#include "storage/merge_memtable.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/abridge.h"
#include "storage/dictionary_table.h"
#include "storage/index_changes.h"
#include "storage/index_merge.h"
#include "storage/meta.h"
#include "storage/stored_events.h"
#include "storage/tag_numbers.h"
#include "storage/word_index.h"

namespace pharos::storage {
namespace {

// Blocks that one merge writes at most: a memtable holds fewer events.
constexpr unsigned kStampBits = 24;
static_assert(Memtable::kMaxEvents < std::size_t{1} << (kStampBits - 1));

class MemtableMerge {
 public:
  MemtableMerge(WriteTxn& txn, const Memtable& memtable, const BlockProfile& profile)
      : txn_(txn),
        tables_(txn.tables()),
        memtable_(memtable),
        profile_(profile),
        changes_(tables_.rules(), memtable),
        words_(read_word_index(txn, tables_)),
        numbers_(tables_.hash_key),
        dictionary_(txn, tables_[Table::dictionary]),
        next_stamp_(memtable.generation() << kStampBits) {}

  bool run() {
    const std::uint64_t before = read_event_count(txn_, tables_);
    // Reading comes first: the first write moves what was read.
    list_erased();
    changes_.start();
    assign_numbers();
    erase_from_blocks();
    if (txn_.damaged()) return txn_.fail_corrupt();
    dictionary_.flush();
    const std::uint64_t inserted = insert();
    changes_.write(txn_);
    merge_new_entries();
    for (const auto& [key, value] : memtable_.tombstones()) txn_.put(tables_[Table::tombstones], key, value);
    if (memtable_.last_seq() > memtable_.before()) write_last_seq(txn_, memtable_.last_seq());
    write_event_count(txn_, before + inserted - erased_.size());
    write_merged_generation(txn_, memtable_.generation());
    if (words_) {
      words_->generation = memtable_.generation();
      write_word_index(txn_, *words_);
    }
    return !txn_.failed();
  }

 private:
  void list_erased() {
    StoredEvents stored(txn_, tables_);
    for (const Seq seq : memtable_.erased()) {
      // An event of a memtable that was erased before that one was merged never came here.
      const auto record = stored.record(seq);
      if (!record) continue;
      changes_.erase(*record, words_ && words_->covers(seq));
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
          new_entries_.push_back({{key, {0, 0, number}}, false});
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
  void merge_new_entries() {
    std::ranges::sort(new_entries_, std::less<>(), &PostingChange::posting);
    if (!new_entries_.empty()) merge_postings(txn_, Table::by_entry, new_entries_);
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
  std::optional<WordIndexState> words_;
  std::vector<PostingChange> new_entries_;  // of the dictionary
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
