// The rules for a command that takes events in while no instance runs: what the database knows of them beside what the
// settings say.
#pragma once

#include "app/options_map.h"
#include "ingest/pipeline.h"
#include "storage/store.h"
#include "util/result.h"

namespace pharos::app {

// The settings of a pipeline, with the access lists, and the retention rules that are in force by now. The database is
// told of new ones where it can be written as by an instance.
Result<ingest::Options, storage::StorageFailure> with_stored_rules(storage::Store& store, const AllOptions& options,
                                                                   UnixSeconds now);

}  // namespace pharos::app
