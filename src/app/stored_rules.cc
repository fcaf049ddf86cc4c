#include "app/stored_rules.h"

#include <memory>
#include <utility>

#include "ingest/access_store.h"
#include "storage/retention_notice_store.h"

namespace pharos::app {

Result<ingest::Options, storage::StorageFailure> with_stored_rules(const storage::Store& store,
                                                                   const AllOptions& options, UnixSeconds now) {
  ingest::Options out = options.ingest;
  PHAROS_TRY(auto access, ingest::read_access(store));
  out.access = std::make_shared<Snapshot<ingest::AccessRules>>(
      std::make_shared<const ingest::AccessRules>(std::make_shared<const ingest::AccessLists>(std::move(access.lists)),
                                                  std::make_shared<const ingest::FixedAccess>(options.access), 1));
  PHAROS_TRY(auto rules, storage::rules_in_force(store, *options.retention.rules, options.retention.interval, now));
  out.admission.retention = std::make_shared<const Snapshot<storage::RetentionRules>>(
      std::make_shared<const storage::RetentionRules>(std::move(rules)));
  return out;
}

}  // namespace pharos::app
