// Point look-ups of stored events, alike in read and write transactions.
#pragma once

#include <optional>
#include <vector>

#include "nostr/event.h"
#include "storage/record.h"
#include "storage/store.h"
#include "storage/tables.h"
#include "storage/txn.h"

namespace pharos::storage {

// The views are valid as Txn says.
std::optional<RecordView> find_record(const Txn& txn, const Tables& tables, Seq seq);
std::optional<RecordView> find_record(const Txn& txn, const Tables& tables, const EventId& id);

// The stored events of a replaceable or addressable kind at this address: one at most, unless the database is damaged.
std::vector<Seq> find_versions(const Txn& txn, const Tables& tables, const PublicKey& author, Kind kind,
                               std::string_view identifier);

}  // namespace pharos::storage
