// An index in two levels, read as one.
//
// Entries of the indexes by hash fall all over their keys. Merged into a large index, each memtable would change nearly
// all of its blocks: at eight million events 90,000 of the index by tag for 36,000 events. What memtables bring is
// gathered in a young level instead, a table of its own that stays small, and goes from there to the old level a range
// of keys at a time (index_ageing.h): a block of the old one is changed once for what many memtables brought, and
// 16,000 blocks are written for those events.
//
// The young level holds changes: an entry that the old one lacks, or the mark that an entry of the old one is erased.
// The number of its posting is the event's, doubled, plus 1 for a mark, so that a mark has its entry's place in the
// order. The indexes that grow at an end, and those with few entries, have one level.
#pragma once

#include <optional>

#include "storage/index_table.h"

namespace pharos::storage {

struct PostingChange {
  Posting posting;
  bool erased = false;  // else it is added

  friend bool operator==(const PostingChange&, const PostingChange&) = default;
};

// The table of its young level; nullopt where an index has one level.
std::optional<Table> young_level(Table index);

// How a change lies in a young level, and back.
constexpr Posting as_young(PostingChange change) {
  change.posting.place.seq = 2 * change.posting.place.seq + (change.erased ? 1 : 0);
  return change.posting;
}
constexpr PostingChange from_young(Posting posting) {
  const bool erased = posting.place.seq % 2 != 0;
  posting.place.seq /= 2;
  return {posting, erased};
}

// A place in an index. As LevelCursor. An entry that the young level marks as erased is still given, so that nobody
// walks over thousands of them at once.
class IndexCursor {
 public:
  IndexCursor(const Txn& txn, const Tables& tables, Table index);

  // To the first posting that is `at` or comes after it.
  bool seek(const Posting& at);
  // Strictly after it.
  bool seek_after(const Posting& at) { return seek(at) && (posting() != at || next()); }
  bool first();
  bool next();
  const Posting& posting() const { return now_; }
  // The young level marks it: there is no such entry any more. Whoever looks into the event's record need not ask.
  bool is_erased() const { return is_erased_; }

  // The last posting of the key, erased or not; nullopt when it has none. The cursor is to be moved by a seek then.
  std::optional<Posting> last_of(Key key);

 private:
  // To the lesser of where both levels stand.
  bool settle();

  LevelCursor old_;
  std::optional<LevelCursor> young_;
  bool in_old_ = false;  // it stands at a posting
  bool in_young_ = false;
  bool is_erased_ = false;
  Posting now_;
};

}  // namespace pharos::storage
