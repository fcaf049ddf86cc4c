// What was committed to the log and has not been merged into LMDB yet: records, index entries, erasures, tombstones.
//
// One thread, the writer's, changes it; any thread reads meanwhile without locks. Readers see sequence numbers beyond
// the commit they know of, whose events may never be: they pass their own bound (`as_of`) and get nothing newer. Once
// frozen nothing changes any more and the merger reads it whole.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/index_entries.h"
#include "storage/place_lists.h"
#include "storage/record.h"
#include "storage/store.h"
#include "util/arena.h"
#include "util/check.h"

namespace pharos::storage {

class Memtable {
 public:
  // Who asks before the merge. The writer asks by_id and replaceable alone; the entries of the other indexes then are
  // not sorted as they come, which costs half as much.
  enum class Asked { by_queries, by_writer };
  bool can_be_asked(Table index) const {
    return asked_ == Asked::by_queries || index == Table::by_id || index == Table::replaceable;
  }

  // The generation names its log file; events get numbers above `before`. The rules are the database's. Memory comes
  // from the chunks, where given, and goes back there.
  Memtable(std::uint64_t generation, Seq before, const IndexRules& rules, std::size_t expected_events,
           std::shared_ptr<ArenaChunks> chunks = nullptr, Asked asked = Asked::by_queries);
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  std::uint64_t generation() const { return generation_; }
  // Numbers up to it belong to older memtables and LMDB.
  Seq before() const { return before_; }

  // --- the writer's thread ---
  // seq is above all so far; at most kMaxEvents after before(). record as encode_record() made it.
  RecordView insert(Seq seq, std::string_view record);
  // The same with the record's index entries, under any number.
  RecordView insert(Seq seq, std::string_view record, std::span<const IndexEntry> entries);
  // From the commit `by` on that event, of this memtable or older, is gone.
  void erase(Seq seq, Seq by);
  // Takes the erasure back; false where none is here.
  void restore(Seq seq);
  void set_tombstone(const TombstoneKey& key, std::string_view value);
  void drop_tombstone(const TombstoneKey& key);
  std::optional<std::string_view> tombstone(std::string_view key) const;
  Seq last_seq() const { return last_seq_.load(std::memory_order_relaxed); }
  bool empty() const;
  // Of memory.
  std::size_t bytes() const { return memory_.used(); }
  bool has_room() const { return last_seq() - before_ < kMaxEvents; }
  // By expiration, those of erased events too.
  const std::pmr::multimap<UnixSeconds, Seq>& expirations() const { return expirations_; }

  // --- any thread ---
  // The event of that number unless it is newer than as_of or was erased by then.
  std::optional<RecordView> record(Seq seq, Seq as_of) const;
  // True when an event of an older memtable or LMDB was erased here, as of that commit.
  bool erases(Seq seq, Seq as_of) const;
  // can_be_asked(table)
  const PlaceList* places(Table table, Key key) const {
    PHAROS_DEBUG_CHECK(can_be_asked(table));
    return lists_.find(table, key);
  }

  // Visits the events up to as_of, which is committed, that were not erased here by then, by number.
  template <class Visit>
  void each_event_until(Seq as_of, const Visit& visit) const {
    const Seq last = std::min(as_of, last_seq());
    for (Seq seq = before_ + 1; seq <= last; ++seq) {
      if (const Slot* ahead = seq + kAhead <= last ? slot(seq + kAhead) : nullptr) {
        __builtin_prefetch(ahead->bytes.load(std::memory_order_relaxed));
      }
      if (const auto held = record(seq, last)) visit(*held);
    }
  }

  // --- once frozen, any thread ---
  // All of them.
  template <class Visit>
  void each_event(const Visit& visit) const {
    each_event_until(last_seq(), visit);
  }
  // Visits every key of every index that can be asked with its places, those of erased events too, in no order.
  template <class Visit>
  void each_key(const Visit& visit) const {
    lists_.each(visit);
  }
  // Visits the postings of an index that cannot be asked, likewise.
  template <class Visit>
  void each_unsorted(Table table, const Visit& visit) const {
    for (const PostingChunk* chunk = unsorted(table); chunk != nullptr; chunk = chunk->before) {
      for (std::size_t i = 0; i < chunk->size; ++i) visit(chunk->postings[i]);
    }
  }
  std::size_t unsorted_size(Table table) const {
    std::size_t size = 0;
    for (const PostingChunk* chunk = unsorted(table); chunk != nullptr; chunk = chunk->before) size += chunk->size;
    return size;
  }
  // The older events erased here.
  std::vector<Seq> erased() const;
  using Tombstones = std::pmr::map<std::pmr::string, std::pmr::string, std::less<>>;
  const Tombstones& tombstones() const { return tombstones_; }

  static constexpr std::size_t kMaxEvents = 1U << 20U;

 private:
  // A number that was skipped has no bytes.
  struct Slot {
    std::atomic<const std::uint8_t*> bytes{nullptr};
    std::uint32_t size = 0;
    std::atomic<Seq> erased_by{kNever};
  };
  struct Erasure {
    Seq seq;
    std::atomic<Seq> by;
    Erasure* next;
  };
  static constexpr Seq kNever = ~Seq{0};
  static constexpr std::size_t kChunk = 1024;
  // Records that are fetched before they are visited.
  static constexpr std::size_t kAhead = 4;
  using Chunk = std::array<Slot, kChunk>;
  struct PostingChunk {
    static constexpr std::size_t kSize = 512;
    PostingChunk* before = nullptr;
    std::size_t size = 0;
    std::array<Posting, kSize> postings;
  };

  RecordView keep(Seq seq, std::string_view record);
  void index(const RecordView& record, std::span<const IndexEntry> entries);
  void add_unsorted(Table table, const Posting& posting);
  PostingChunk*& unsorted(Table table) { return unsorted_[static_cast<std::size_t>(table)]; }
  const PostingChunk* unsorted(Table table) const { return unsorted_[static_cast<std::size_t>(table)]; }
  Slot* slot(Seq seq) const;
  Slot& slot_to_fill(Seq seq);
  std::atomic<Erasure*>& erasure_bucket(Seq seq) const;
  Erasure* find_erasure(Seq seq) const;

  const std::uint64_t generation_;
  const Seq before_;
  const IndexRules rules_;
  const Asked asked_;
  Arena memory_;
  std::atomic<Seq> last_seq_;
  std::array<std::atomic<Chunk*>, kMaxEvents / kChunk> chunks_{};
  static constexpr std::size_t kErasureBuckets = 1U << 14U;
  std::unique_ptr<std::atomic<Erasure*>[]> erasures_;
  std::atomic<std::size_t> erasure_count_{0};
  PlaceLists lists_;
  std::array<PostingChunk*, kTableCount> unsorted_{};  // the last chunk of each
  Tombstones tombstones_{&memory_};
  // Bits of the tombstones' keys: every event is asked for, and hardly one has any.
  static constexpr std::size_t kTombstoneBits = 1U << 16U;
  std::bitset<kTombstoneBits> tombstone_bits_;
  std::pmr::multimap<UnixSeconds, Seq> expirations_{&memory_};
  std::vector<IndexEntry> entries_;  // reused
};

}  // namespace pharos::storage
