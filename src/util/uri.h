// Whether a text is a URI (RFC 3986, section 3), as far as it shows: a scheme, a colon and something behind it, without
// spaces. Pure; any thread.
#pragma once

#include <string>

namespace pharos {

bool is_uri(const std::string& text);
// One that begins with https:// or http://.
bool is_web_url(const std::string& text);

}  // namespace pharos
