#include "storage/index_changes.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include "storage/index_entries.h"
#include "storage/index_merge.h"

namespace pharos::storage {
namespace {

// Where the system has no thread to give the merging one does it, when it needs it.
template <class Work>
std::future<std::vector<PostingChange>> aside(Work work) {
  return std::async(std::launch::async | std::launch::deferred, work);
}

// By the highest bits of their keys first: hashes fall evenly, so that what is left to sort are short runs, each in the
// processor's nearest cache.
std::vector<PostingChange> sorted(const std::vector<PostingChange>& changes) {
  constexpr int kBits = 12;
  Key highest = 0;
  for (const PostingChange& change : changes) highest = std::max(highest, change.posting.key);
  const int shift = std::max(static_cast<int>(std::bit_width(highest)) - kBits, 0);
  const auto run_of = [shift](const PostingChange& change) {
    return static_cast<std::size_t>(change.posting.key >> shift);
  };
  std::vector<std::size_t> ends(std::size_t{1} << kBits, 0);
  for (const PostingChange& change : changes) ++ends[run_of(change)];
  std::exclusive_scan(ends.begin(), ends.end(), ends.begin(), std::size_t{0});
  std::vector<PostingChange> placed(changes.size());
  for (const PostingChange& change : changes) placed[ends[run_of(change)]++] = change;
  auto begin = placed.begin();
  for (const std::size_t end : ends) {
    const auto next = placed.begin() + static_cast<std::ptrdiff_t>(end);
    std::ranges::sort(begin, next, std::less<>(), &PostingChange::posting);
    begin = next;
  }
  return placed;
}

}  // namespace

void IndexChanges::erase(const RecordView& record, bool has_words) {
  entries_.clear();
  list_index_entries(record, has_words ? rules_ : IndexRules(rules_.hash_key), entries_);
  for (const IndexEntry& entry : entries_) of(entry.table).changes.push_back({entry.posting, true});
}

void IndexChanges::start() {
  gathered_ = aside([this] {
    read_memtable();
    return gather(kEventIndexes.front());
  });
}

void IndexChanges::write(WriteTxn& txn) {
  for (std::size_t i = 0; i < kEventIndexes.size() && !txn.failed(); ++i) {
    const std::vector<PostingChange> changes = gathered_.get();
    if (i + 1 < kEventIndexes.size()) gathered_ = aside([this, next = kEventIndexes[i + 1]] { return gather(next); });
    if (!changes.empty()) merge_postings(txn, kEventIndexes[i], changes);
  }
}

void IndexChanges::read_memtable() {
  memtable_.each_key(
      [this](Table table, Key key, const PlaceList& places) { of(table).added.emplace_back(key, &places); });
  alive_.assign(memtable_.last_seq() - memtable_.before(), false);
  memtable_.each_event([this](const RecordView& record) { alive_[record.seq() - memtable_.before() - 1] = true; });
  for (const auto& [at, seq] : memtable_.expirations()) {
    if (is_alive(seq)) of(Table::expiry).changes.push_back({{expiry_key(at), {0, 0, seq}}, false});
  }
}

std::vector<PostingChange> IndexChanges::gather(Table table) {
  Index index;
  std::swap(index, of(table));
  index.changes.reserve(index.changes.size() + memtable_.unsorted_size(table));
  memtable_.each_unsorted(table, [&](const Posting& posting) {
    if (is_alive(posting.place.seq)) index.changes.push_back({posting, false});
  });
  index.changes = sorted(index.changes);
  if (index.added.empty()) return std::move(index.changes);
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

}  // namespace pharos::storage
