// What to tell somebody who wrote something else for a public key or an event's id.
#pragma once

#include <string>
#include <string_view>

namespace pharos {

// One sentence without its end: what was expected, and what is wrong with the text where that can be told, by the
// place of a character, the first being 1. A secret key is not repeated: what is told is logged as well.
std::string why_no_public_key(std::string_view text);
std::string why_no_event_id(std::string_view text);

}  // namespace pharos
