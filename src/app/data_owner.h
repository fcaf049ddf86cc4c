// Keeps root from leaving files of its own in another user's data directory, which that user's service could then
// neither open nor replace. Any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

namespace pharos::app {

// What to tell root (user id 0) who is about to write to a directory of another user; nullopt where nothing is wrong.
// A directory that is not there yet is nobody's.
std::optional<std::string> refuse_as_root(const std::filesystem::path& directory, uid_t user);

}  // namespace pharos::app
