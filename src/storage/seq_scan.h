// Stored events in the order of their sequence numbers: what a reader with a cursor of its own goes through.
#pragma once

#include <cstddef>
#include <functional>

#include "storage/record.h"
#include "storage/store.h"

namespace pharos::storage {

// Visits at most `records` events with after < seq <= through, in ascending order, in one read transaction. Returns the
// number up to which everything was visited: the last visited, or `through` when nothing is left up to it. Expired
// events come too. The view is valid during the visit only. Any thread.
Result<Seq, StorageFailure> scan_by_seq(const Store& store, Seq after, Seq through, std::size_t records,
                                        const std::function<void(const RecordView&)>& visit);

}  // namespace pharos::storage
