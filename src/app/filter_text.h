// Filters as an operator writes them, on a command line or into the settings. Pure.
#pragma once

#include <string>
#include <string_view>

#include "nostr/filter.h"
#include "util/result.h"

namespace pharos::app {

// The failure says in one line, which does not repeat the filter, where in it something is wrong and what.
Result<Filter, std::string> read_filter(std::string_view text);

}  // namespace pharos::app
