#include "storage/files.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace pharos::storage {
namespace {

StorageFailure failed(const char* what, const std::filesystem::path& path, int code) {
  StorageError error = StorageError::io;
  if (code == ENOSPC || code == EDQUOT) error = StorageError::disk_full;
  if (code == ENOENT) error = StorageError::cannot_create;
  if (code == EACCES || code == EPERM || code == EROFS) error = StorageError::permission;
  return {error, std::string(what) + " " + path.string() + ": " + std::generic_category().message(code)};
}

Result<void, StorageFailure> sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("cannot open", directory, errno);
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (code != 0) return failed("cannot sync", directory, code);
  return success();
}

class SystemFile final : public File {
 public:
  SystemFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  ~SystemFile() override { ::close(descriptor_); }

  Result<void, StorageFailure> reserve(std::uint64_t size) override {
    const int code = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
    if (code != 0) return failed("cannot reserve room for", path_, code);
    return success();
  }

  Result<void, StorageFailure> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return failed("cannot write", path_, written < 0 ? errno : EIO);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return success();
  }

  Result<void, StorageFailure> sync() override {
    if (::fdatasync(descriptor_) != 0) return failed("cannot sync", path_, errno);
    return named_durably();
  }

 private:
  // The entry in the directory, once.
  Result<void, StorageFailure> named_durably() {
    if (named_) return success();
    PHAROS_TRYV(sync_directory(path_.parent_path()));
    named_ = true;
    return success();
  }

  const std::filesystem::path path_;
  const int descriptor_;
  bool named_ = false;
};

class SystemFiles final : public Files {
 public:
  Result<std::unique_ptr<File>, StorageFailure> create(const std::filesystem::path& path) override {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return failed("cannot create", path, errno);
    return std::unique_ptr<File>(std::make_unique<SystemFile>(path, descriptor));
  }

  Result<std::string, StorageFailure> read(const std::filesystem::path& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return failed("cannot read", path, errno);
    std::string text;
    constexpr std::size_t kStep = 1U << 20U;
    ssize_t got = 0;
    do {
      const std::size_t held = text.size();
      text.resize(held + kStep);
      do {
        got = ::read(descriptor, text.data() + held, kStep);
      } while (got < 0 && errno == EINTR);
      text.resize(held + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    } while (got > 0);
    const int code = got < 0 ? errno : 0;
    ::close(descriptor);
    if (code != 0) return failed("cannot read", path, code);
    return text;
  }

  Result<bool, StorageFailure> keep(const std::filesystem::path& path, const std::filesystem::path& kept) override {
    if (::link(path.c_str(), kept.c_str()) != 0) {
      const int code = errno;
      if (code != EEXIST) return failed("cannot give another name to", path, code);
      std::error_code unread;
      if (!std::filesystem::equivalent(path, kept, unread)) return false;
    }
    PHAROS_TRYV(sync_directory(kept.parent_path()));
    return true;
  }

  Result<void, StorageFailure> remove(const std::filesystem::path& path) override {
    std::error_code code;
    std::filesystem::remove(path, code);
    if (code) return failed("cannot remove", path, code.value());
    return success();
  }
};

}  // namespace

Files& system_files() {
  static SystemFiles files;
  return files;
}

}  // namespace pharos::storage
