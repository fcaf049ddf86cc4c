#include "app/data_owner.h"

#include <vector>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

namespace pharos::app {
namespace {

// "pharos", or "#998" of a user without a name.
std::string user_name(uid_t user) {
  constexpr std::size_t kEntryBytes = 16 * 1024;
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return fmt::format("#{}", user);
}

}  // namespace

std::optional<std::string> refuse_as_root(const std::filesystem::path& directory, uid_t user) {
  struct stat status {};
  if (user != 0 || ::stat(directory.c_str(), &status) != 0 || status.st_uid == 0) return std::nullopt;
  const std::string owner = user_name(status.st_uid);
  return fmt::format("{} belongs to {}; run it as its owner: runuser -u {} -- pharos ...", directory.string(), owner,
                     owner);
}

}  // namespace pharos::app
