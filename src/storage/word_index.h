// The index by word (NIP-50) as a whole: which events it covers, and whether it is that of what the database holds.
//
// It is optional. Begun over a database that has events, it covers those that come from then on at once; the older ones
// are brought in behind them, in the order of their numbers and in batches (index_more_words()). Where it was made by
// other rules, or where a program that does not know it has written meanwhile, it is dropped and begun anew.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nostr/types.h"
#include "storage/store.h"
#include "storage/txn.h"

namespace pharos::storage {

class Env;

// In the table `meta`, under "by_word": u48 built, u48 until, u64 generation, u8 size, rules, u16 for each kind;
// big-endian.
struct WordIndexState {
  Seq built = 0;                 // up to it all are in,
  Seq until = 0;                 // of those that were there when the index was begun; newer ones are in
  std::uint64_t generation = 0;  // of the newest merge that knew of the index
  std::string rules;             // word_rules()
  std::vector<Kind> kinds;       // sorted

  bool is_complete() const { return built >= until; }
  // Whether an event of that number has its entries, its kind being one of them.
  bool covers(Seq seq) const { return seq <= built || seq > until; }

  friend bool operator==(const WordIndexState&, const WordIndexState&) = default;
};

// nullopt where there is none, or one that is not of what the database holds.
std::optional<WordIndexState> read_word_index(const Txn& txn, const Tables& tables);
bool write_word_index(WriteTxn& txn, const WordIndexState& state);

// Sees to an index of these kinds, sorted, and to none where they are empty. Before any other use of env, which is open
// for writing.
Result<void, StorageFailure> begin_word_index(Env& env, std::span<const Kind> kinds);

// Brings in the next events of those that the index lacks, about so many records looked at, in one transaction. Returns
// how it stands then. The merger's thread.
Result<WordIndexState, StorageFailure> index_more_words(Env& env, std::size_t records);

// What readers ask. Any thread; the merger moves it on.
class WordIndexProgress {
 public:
  explicit WordIndexProgress(const WordIndexState& state) : kinds_(state.kinds), left_(state.until - state.built) {}

  const std::vector<Kind>& kinds() const { return kinds_; }
  // Numbers of events that are not looked at yet.
  Seq left() const { return left_.load(std::memory_order_acquire); }
  // Searches find what there is.
  bool is_complete() const { return left() == 0; }

  // After the commit.
  void move_on(const WordIndexState& state) { left_.store(state.until - state.built, std::memory_order_release); }

 private:
  const std::vector<Kind> kinds_;
  std::atomic<Seq> left_;
};

}  // namespace pharos::storage
