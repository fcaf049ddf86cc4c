// What to tell somebody who wrote something else for a public key.
#pragma once

#include <string>
#include <string_view>

namespace pharos {

// A whole sentence without its end. A secret key is not repeated: what is told is logged as well.
std::string why_no_public_key(std::string_view text);

}  // namespace pharos
