#include "storage/draft_directory.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pharos::storage {
namespace {

StorageFailure failed(const char* what, const std::filesystem::path& path, int code) {
  StorageError error = StorageError::cannot_create;
  if (code == ENOSPC || code == EDQUOT) error = StorageError::disk_full;
  if (code == EACCES || code == EPERM || code == EROFS) error = StorageError::permission;
  if (code == EIO) error = StorageError::io;
  return {error, std::string(what) + " " + path.string() + ": " + std::generic_category().message(code)};
}

// "/a/b/" and "b" as "/a/b": the parent and the name beside it are asked for.
std::filesystem::path plain(const std::filesystem::path& name) {
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::absolute(name, ignored).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

std::filesystem::path draft_of(std::filesystem::path name) { return name += ".part"; }

Result<void, StorageFailure> expect_free(const std::filesystem::path& name) {
  struct stat status {};
  if (::stat(name.c_str(), &status) != 0) {
    if (errno == ENOENT) return success();
    return failed("cannot examine", name, errno);
  }
  if (!S_ISDIR(status.st_mode)) return failed("cannot make", name, EEXIST);
  std::error_code code;
  const bool empty = std::filesystem::is_empty(name, code);
  if (code) return failed("cannot list", name, code.value());
  if (!empty) return failed("cannot use", name, ENOTEMPTY);
  return success();
}

}  // namespace

DraftDirectory::DraftDirectory(std::filesystem::path name, Belongs belongs)
    : name_(std::move(name)), draft_(draft_of(name_)), belongs_(belongs) {}

Result<std::unique_ptr<DraftDirectory>, StorageFailure> DraftDirectory::begin(const std::filesystem::path& name,
                                                                              Belongs belongs) {
  std::unique_ptr<DraftDirectory> draft(new DraftDirectory(plain(name), belongs));
  PHAROS_TRYV(expect_free(draft->name_));
  PHAROS_TRYV(draft->make());
  return draft;
}

Result<void, StorageFailure> DraftDirectory::make() {
  if (::mkdir(draft_.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make", draft_, errno);
  const int descriptor = ::open(draft_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return failed("cannot open", draft_, errno);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    ::close(descriptor);
    if (code == EWOULDBLOCK) {
      return StorageFailure{StorageError::locked, draft_.string() + " is being written by another process"};
    }
    return failed("cannot lock", draft_, code);
  }
  descriptor_ = descriptor;
  if (!clear()) return failed("cannot use", draft_, ENOTEMPTY);
  if (::fchmod(descriptor_, 0700) != 0) return failed("cannot make", draft_, errno);
  return success();
}

DraftDirectory::~DraftDirectory() {
  if (descriptor_ < 0) return;
  if (!finished_ && clear()) ::rmdir(draft_.c_str());
  ::close(descriptor_);
}

bool DraftDirectory::clear() {
  bool cleared = true;
  std::error_code code;
  for (std::filesystem::directory_iterator entry(draft_, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code kept;
    cleared &= belongs_(entry->path().filename().string()) && entry->is_regular_file(kept) &&
               std::filesystem::remove(entry->path(), kept);
  }
  return cleared && !code;
}

Result<void, StorageFailure> DraftDirectory::finish() {
  if (::fsync(descriptor_) != 0) return failed("cannot sync", draft_, errno);
  if (::rename(draft_.c_str(), name_.c_str()) != 0) return failed("cannot give its name to", draft_, errno);
  finished_ = true;
  const std::filesystem::path parent = name_.parent_path();
  const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("cannot open", parent, errno);
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (code != 0) return failed("cannot sync", parent, code);
  return success();
}

}  // namespace pharos::storage
