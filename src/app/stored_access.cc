#include "app/stored_access.h"

#include <utility>

#include "ingest/access_store.h"

namespace pharos::app {

Result<std::shared_ptr<Snapshot<ingest::AccessRules>>, storage::StorageFailure> stored_access(
    const storage::Store& store, const ingest::FixedAccess& fixed) {
  PHAROS_TRY(auto access, ingest::read_access(store));
  return std::make_shared<Snapshot<ingest::AccessRules>>(
      std::make_shared<const ingest::AccessRules>(std::make_shared<const ingest::AccessLists>(std::move(access.lists)),
                                                  std::make_shared<const ingest::FixedAccess>(fixed), 1));
}

}  // namespace pharos::app
