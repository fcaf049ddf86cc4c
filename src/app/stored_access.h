// The access rules for a command that takes events in while no instance runs: the lists of the database beside those of
// the settings.
#pragma once

#include <memory>

#include "ingest/access_lists.h"
#include "storage/store.h"
#include "util/result.h"
#include "util/snapshot.h"

namespace pharos::app {

Result<std::shared_ptr<Snapshot<ingest::AccessRules>>, storage::StorageFailure> stored_access(
    const storage::Store& store, const ingest::FixedAccess& fixed);

}  // namespace pharos::app
