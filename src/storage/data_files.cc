#include "storage/data_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "util/log.h"

namespace pharos::storage {
namespace {

constexpr std::string_view kFirst = "data.mdb";
constexpr std::string_view kPrefix = "data-";
constexpr std::string_view kSuffix = ".mdb";
constexpr std::string_view kDraft = ".tmp";
constexpr std::string_view kFirstLock = "lock.mdb";
constexpr std::string_view kLock = "-lock";

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (name == kFirst) return 0;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || number == 0) return std::nullopt;
  return number;
}

std::vector<std::string> names_in(const std::filesystem::path& directory, std::error_code& code) {
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(directory, code), end; !code && entry != end; entry.increment(code)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

StorageFailure unlisted(const std::filesystem::path& directory, std::error_code code) {
  const bool refused = code == std::errc::permission_denied;
  return {refused ? StorageError::permission : StorageError::io,
          "cannot list " + directory.string() + ": " + code.message()};
}

StorageFailure failed(const char* what, const std::filesystem::path& path, int code) {
  return {code == ENOSPC ? StorageError::disk_full : StorageError::io,
          std::string(what) + " " + path.string() + ": " + std::strerror(code)};
}

// With its lock.
void remove_data(const std::filesystem::path& directory, std::uint64_t number) {
  std::error_code ignored;
  std::error_code kept;
  std::filesystem::remove(data_path(directory, number), kept);
  if (kept) {
    log::warn("storage", "a file that the database does without cannot be removed; remove it before the next start",
              {{"file", data_path(directory, number).string()}, {"error", kept.message()}});
  }
  std::filesystem::remove(number == 0 ? directory / kFirstLock : data_path(directory, number) += kLock, ignored);
}

Result<void, StorageFailure> sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("cannot open", directory, errno);
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (code != 0) return failed("cannot sync", directory, code);
  return success();
}

}  // namespace

std::filesystem::path data_path(const std::filesystem::path& directory, std::uint64_t number) {
  if (number == 0) return directory / kFirst;
  return directory / (std::string(kPrefix) + std::to_string(number) + std::string(kSuffix));
}

std::filesystem::path draft_data_path(const std::filesystem::path& directory, std::uint64_t number) {
  return data_path(directory, number) += kDraft;
}

Result<std::optional<std::uint64_t>, StorageFailure> newest_data(const std::filesystem::path& directory) {
  std::error_code code;
  std::optional<std::uint64_t> newest;
  for (const std::string& name : names_in(directory, code)) newest = std::max(newest, number_of(name));
  if (code && code != std::errc::no_such_file_or_directory) return failure(unlisted(directory, code));
  return newest;
}

Result<std::vector<std::uint64_t>, StorageFailure> older_data(const std::filesystem::path& directory,
                                                              std::uint64_t number) {
  std::error_code code;
  std::vector<std::uint64_t> older;
  for (const std::string& name : names_in(directory, code)) {
    if (const auto found = number_of(name); found && *found < number) older.push_back(*found);
  }
  if (code) return failure(unlisted(directory, code));
  return older;
}

Result<void, StorageFailure> publish_data(const std::filesystem::path& directory, std::uint64_t number) {
  const std::filesystem::path draft = draft_data_path(directory, number);
  if (::rename(draft.c_str(), data_path(directory, number).c_str()) != 0) {
    return failed("cannot give its name to", draft, errno);
  }
  return sync_directory(directory);
}

void remove_older_data(const std::filesystem::path& directory, std::uint64_t number) {
  // The name of the newer one may be all that was lost with the process that gave it.
  if (!sync_directory(directory)) return;
  std::error_code ignored;
  for (const std::string& name : names_in(directory, ignored)) {
    // A lock without its database is what a reader made that came late.
    const std::string_view data =
        std::string_view(name).substr(0, name.size() - (name.ends_with(kLock) ? kLock.size() : 0));
    if (const auto found = number_of(data); found && *found < number) remove_data(directory, *found);
    if (name.starts_with(kPrefix) && name.ends_with(kDraft)) std::filesystem::remove(directory / name, ignored);
  }
  static_cast<void>(sync_directory(directory));
}

Result<void, StorageFailure> retract_data(const std::filesystem::path& directory, std::uint64_t number) {
  for (const std::filesystem::path& file : {draft_data_path(directory, number), data_path(directory, number)}) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return failed("cannot remove", file, errno);
  }
  remove_data(directory, number);
  return sync_directory(directory);
}

}  // namespace pharos::storage
