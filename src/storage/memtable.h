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
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/index_entries.h"
#include "storage/place_lists.h"
#include "storage/record.h"
#include "storage/store.h"
#include "util/arena.h"

namespace pharos::storage {

class Memtable {
 public:
  // The generation names its log file; events get numbers above `before`. hash_key is the database's. Memory comes from
  // the chunks, where given, and goes back there.
  Memtable(std::uint64_t generation, Seq before, const SipKey& hash_key, std::size_t expected_events,
           std::shared_ptr<ArenaChunks> chunks = nullptr);
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  std::uint64_t generation() const { return generation_; }
  // Numbers up to it belong to older memtables and LMDB.
  Seq before() const { return before_; }

  // --- the writer's thread ---
  // seq is above all so far; at most kMaxEvents after before(). record as encode_record() made it.
  RecordView insert(Seq seq, std::string_view record);
  // From the commit `by` on that event, of this memtable or older, is gone.
  void erase(Seq seq, Seq by);
  // Takes the erasure back; false where none is here.
  void restore(Seq seq);
  void set_tombstone(const TombstoneKey& key, std::string_view value);
  void drop_tombstone(const TombstoneKey& key);
  std::optional<std::string_view> tombstone(std::string_view key) const;
  Seq last_seq() const { return last_seq_; }
  bool empty() const;
  // Of memory.
  std::size_t bytes() const { return memory_.used(); }
  bool has_room() const { return last_seq_ - before_ < kMaxEvents; }
  // By expiration, those of erased events too.
  const std::pmr::multimap<UnixSeconds, Seq>& expirations() const { return expirations_; }

  // --- any thread ---
  // The event of that number unless it is newer than as_of or was erased by then.
  std::optional<RecordView> record(Seq seq, Seq as_of) const;
  // True when an event of an older memtable or LMDB was erased here, as of that commit.
  bool erases(Seq seq, Seq as_of) const;
  const PlaceList* places(Table table, Key key) const { return lists_.find(table, key); }

  // --- once frozen, any thread ---
  // Visits the events that were not erased here, by number.
  template <class Visit>
  void each_event(const Visit& visit) const {
    for (Seq seq = before_ + 1; seq <= last_seq_; ++seq) {
      if (const Slot* ahead = seq + kAhead <= last_seq_ ? slot(seq + kAhead) : nullptr) {
        __builtin_prefetch(ahead->bytes.load(std::memory_order_relaxed));
      }
      if (const auto held = record(seq, last_seq_)) visit(*held);
    }
  }
  // Visits every key of every index but expiry with its places, those of erased events too, in no order.
  template <class Visit>
  void each_key(const Visit& visit) const {
    lists_.each(visit);
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

  Slot* slot(Seq seq) const;
  Slot& slot_to_fill(Seq seq);
  std::atomic<Erasure*>& erasure_bucket(Seq seq) const;
  Erasure* find_erasure(Seq seq) const;

  const std::uint64_t generation_;
  const Seq before_;
  const SipKey hash_key_;
  Arena memory_;
  Seq last_seq_;
  std::array<std::atomic<Chunk*>, kMaxEvents / kChunk> chunks_{};
  static constexpr std::size_t kErasureBuckets = 1U << 14U;
  std::unique_ptr<std::atomic<Erasure*>[]> erasures_;
  std::atomic<std::size_t> erasure_count_{0};
  PlaceLists lists_;
  Tombstones tombstones_{&memory_};
  // Bits of the tombstones' keys: every event is asked for, and hardly one has any.
  static constexpr std::size_t kTombstoneBits = 1U << 16U;
  std::bitset<kTombstoneBits> tombstone_bits_;
  std::pmr::multimap<UnixSeconds, Seq> expirations_{&memory_};
  std::vector<IndexEntry> entries_;  // reused
};

}  // namespace pharos::storage
