#include "storage/seq_scan.h"

#include <algorithm>

#include "storage/keys.h"
#include "storage/snapshot.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

class Walk {
 public:
  Walk(const Snapshot& snapshot, Seq through, std::size_t records, const std::function<void(const RecordView&)>& visit)
      : snapshot_(snapshot), through_(through), records_(records), visit_(visit) {}

  // Each returns false when the records are used up; done() is the last number that needs no visit.
  bool lmdb(Seq after) {
    done_ = after;
    for (auto record = snapshot_.merged().at_or_after(after + 1); record && record->seq() <= through_;
         record = snapshot_.merged().at_or_after(record->seq() + 1)) {
      if (!snapshot_.erased_above_lmdb(record->seq()) && !give(*record)) return false;
    }
    return true;
  }
  bool memtable(const Memtable& memtable) {
    done_ = std::max(done_, std::min(memtable.before(), through_));
    const Seq last = std::min(through_, snapshot_.as_of());
    for (Seq seq = std::max(done_, memtable.before()) + 1; seq <= last && snapshot_.memtable_of(seq) == &memtable;
         ++seq) {
      const std::optional<RecordView> record = snapshot_.record(seq);
      if (record && !give(*record)) return false;
    }
    return true;
  }
  Seq done() const { return done_; }

 private:
  bool give(const RecordView& record) {
    if (records_ == 0) return false;
    --records_;
    visit_(record);
    done_ = record.seq();
    return true;
  }

  const Snapshot& snapshot_;
  const Seq through_;
  std::size_t records_;
  const std::function<void(const RecordView&)>& visit_;
  Seq done_ = 0;
};

}  // namespace

Result<Seq, StorageFailure> scan_by_seq(const Store& store, Seq after, Seq through, std::size_t records,
                                        const std::function<void(const RecordView&)>& visit) {
  PHAROS_TRY(const auto snapshot, store.snapshot());
  Walk walk(snapshot, through, records, visit);
  bool all = walk.lmdb(after);
  const auto newest_first = snapshot.memtables();
  for (std::size_t i = newest_first.size(); all && i-- > 0;) all = walk.memtable(*newest_first[i]);
  if (snapshot.failed()) return failure(snapshot.failure());
  return all ? through : walk.done();
}

}  // namespace pharos::storage
