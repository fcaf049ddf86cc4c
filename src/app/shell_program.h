// Which program a command for /bin/sh begins with. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pharos::app {

// The first word that is neither an assignment nor `exec`, without its quotes; nullopt where only the shell can tell,
// as of expansions and of words that are the shell's own.
std::optional<std::string> program_of(std::string_view command);

}  // namespace pharos::app
