// Whose coming the relay has told, and whose going it has not (NIP-43), over restarts: its list of members has only as
// many as fit into an event. In KvTable::misc:
//
//   "member_list/told/"             -    from the first members on, of whom nothing but the list is told
//   "member_list/told/" public key  -
//
// Reading on any thread, writing inside Store::submit_update().
#pragma once

#include <optional>
#include <set>

#include "nostr/types.h"
#include "storage/store.h"
#include "util/result.h"

namespace pharos::app {

using ToldMembers = std::set<PublicKey>;

// nullopt: nobody's was ever kept.
Result<std::optional<ToldMembers>, storage::StorageFailure> read_told_members(const storage::Store& store);

// The first ones, all of them. False on a storage error, as below.
bool begin_told_members(storage::WriteTxn& txn, const ToldMembers& members);
bool write_told_member(storage::WriteTxn& txn, const PublicKey& key, bool is_member);

}  // namespace pharos::app
