// The access lists, their audit and what the settings add, as JSON for the admin listener. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "ingest/access_store.h"

namespace pharos::app {

// One object: a list of objects for each list, "settings" with those of the settings, "audit" and
// "requests", those of members, newest first.
std::string access_json(const ingest::AccessRules& rules, const std::vector<ingest::AuditEntry>& audit,
                        const std::vector<ingest::AuditEntry>& requests);

}  // namespace pharos::app
