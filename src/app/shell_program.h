// Which program a command for /bin/sh begins with. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pharos::app {

// The path that is the first word besides assignments and `exec`, without its quotes; nullopt where only the shell can
// tell, as of expansions, of names that it looks for and of its own words.
std::optional<std::string> program_of(std::string_view command);

}  // namespace pharos::app
