// Point look-ups of events in LMDB, alike in read and write transactions. The views are valid as StoredEvents says.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "nostr/event.h"
#include "storage/stored_events.h"

namespace pharos::storage {

std::optional<RecordView> find_record(StoredEvents& events, const EventId& id);

// The stored events of a replaceable or addressable kind at this address: one at most, unless the database is damaged.
std::vector<Seq> find_versions(StoredEvents& events, const PublicKey& author, Kind kind, std::string_view identifier);

}  // namespace pharos::storage
