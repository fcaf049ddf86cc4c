// What a change of the access lists came to, in words for the operator who ordered it. Pure.
#pragma once

#include <string>

#include "ingest/access_change.h"

namespace pharos::app {

// One or more sentences. The subject is in its one spelling; before is what the change was made of, after what it made
// of its lists.
std::string told(ingest::AccessAction action, const std::string& subject, const ingest::AccessRules& before,
                 const ingest::AccessLists& after);

}  // namespace pharos::app
