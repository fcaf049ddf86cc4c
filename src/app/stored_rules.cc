#include "app/stored_rules.h"

#include <memory>
#include <utility>

#include "ingest/access_store.h"
#include "storage/retention_notice_store.h"

namespace pharos::app {

Result<ingest::Options, storage::StorageFailure> with_stored_rules(storage::Store& store, const AllOptions& options,
                                                                   UnixSeconds now) {
  ingest::Options out = options.ingest;
  PHAROS_TRY(auto access, ingest::read_access(store));
  out.access = std::make_shared<Snapshot<ingest::AccessRules>>(
      std::make_shared<const ingest::AccessRules>(std::make_shared<const ingest::AccessLists>(std::move(access.lists)),
                                                  std::make_shared<const ingest::FixedAccess>(options.access), 1));
  PHAROS_TRY(auto rules, storage::take_retention(store, options.retention, now));
  out.admission.retention = std::make_shared<const Snapshot<storage::RetentionRules>>(
      std::make_shared<const storage::RetentionRules>(std::move(rules)));
  return out;
}

}  // namespace pharos::app
