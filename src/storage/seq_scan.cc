#include "storage/seq_scan.h"

#include "storage/keys.h"
#include "storage/tables.h"
#include "storage/txn.h"

namespace pharos::storage {

Result<Seq, StorageFailure> scan_by_seq(const Store& store, Seq after, Seq through, std::size_t records,
                                        const std::function<void(const RecordView&)>& visit) {
  auto opened = store.read();
  if (!opened) return failure(opened.error());
  const ReadTxn txn = std::move(opened).value();
  Seq done = after;
  {
    Cursor cursor(txn, store.tables()[Table::events]);
    const EventKey start(after + 1);
    for (bool found = cursor.seek(start.view());; found = cursor.next()) {
      const Seq seq = found ? decode_event_key(cursor.key()).value_or(0) : 0;
      if (!found || seq == 0 || seq > through) {
        done = through;
        break;
      }
      if (records-- == 0) break;
      visit(RecordView(seq, as_bytes(cursor.value())));
      done = seq;
    }
  }
  if (txn.failed()) return failure(txn.failure());
  return done;
}

}  // namespace pharos::storage
