// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure.
#pragma once

#include <string_view>

namespace pharos::net {

bool is_valid_utf8(std::string_view text);

}  // namespace pharos::net
