// Judges what a relay says in OK, CLOSED and NOTICE by its machine-readable prefix (NIP-01, NIP-42). Pure.
#pragma once

#include <string_view>

#include "monitor/result.h"

namespace pharos::monitor {

// The fault that a refusal with this message means; never none. Only prefixes count, because words such as "auth" or
// "pay" stand in unrelated sentences.
Fault judge_refusal(std::string_view message);

// NOTICEs are for people; only these prefixes make one an answer to what was asked last. none for all others.
Fault judge_notice(std::string_view message);

// The text begins with one of the machine-readable prefixes.
bool is_machine_readable(std::string_view message);

}  // namespace pharos::monitor
