#include "app/line_sink.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

namespace pharos::app {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// The descriptor of this process which the name stands for: /dev/stdout and /dev/fd/1 lead to /proc/self/fd/1. What
// they lead to from there may be a file, but it is the open file that is meant, and where it is written.
std::optional<int> own_descriptor(std::filesystem::path name) {
  constexpr int kMostLinks = 40;  // as the kernel has it
  std::error_code error;
  const std::filesystem::path descriptors = std::filesystem::canonical("/proc/self/fd", error);
  for (int links = 0; !error && links < kMostLinks && std::filesystem::is_symlink(name, error); ++links) {
    const std::filesystem::path folder =
        std::filesystem::canonical(std::filesystem::absolute(name).parent_path(), error);
    if (error) break;
    if (folder == descriptors) {
      const std::string number = name.filename();
      int descriptor = -1;
      std::from_chars(number.data(), number.data() + number.size(), descriptor);
      return descriptor;
    }
    name = folder / std::filesystem::read_symlink(name, error);
  }
  return std::nullopt;
}

}  // namespace

struct LineSink::Impl {
  std::string name;
  int fd = -1;
  bool owned = false;
  // Of a regular file: where it is written, and where it belongs. Empty for what only takes bytes, such as a pipe.
  std::filesystem::path draft;
  std::filesystem::path target;
  Existing existing = Existing::replaced;
  std::string buffer;
  std::unique_ptr<ZSTD_CCtx, FreeContext> zstd;
  std::vector<char> packed;
  std::string error;

  ~Impl() {
    if (owned && fd >= 0) ::close(fd);
    if (!draft.empty()) ::unlink(draft.c_str());
  }

  bool failed() {
    error = name + ": " + std::strerror(errno);
    return false;
  }

  bool refuse(const std::string& why) {
    error = name + ": " + why;
    return false;
  }

  bool open_file(const std::filesystem::path& file) {
    name = file.string();
    owned = true;
    if (const auto descriptor = own_descriptor(file)) {
      fd = ::fcntl(*descriptor, F_DUPFD_CLOEXEC, 0);
      return fd >= 0 || failed();
    }
    struct stat status {};
    const bool exists = ::stat(file.c_str(), &status) == 0;
    if (!exists && ::lstat(file.c_str(), &status) == 0) return refuse("it is a link that leads nowhere");
    if (exists && !S_ISREG(status.st_mode)) {
      fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
      return fd >= 0 || failed();
    }
    if (exists && existing == Existing::refused) return refuse("it is there already; --force replaces it");
    std::error_code error_code;
    target = std::filesystem::canonical(file, error_code);  // a link stays a link
    if (error_code) target = file;
    draft = target.string() + "." + std::to_string(::getpid()) + ".part";
    ::unlink(draft.c_str());  // of a process that was killed and had our number
    fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
      draft.clear();
      return failed();
    }
    return !exists || ::fchmod(fd, status.st_mode & 07777) == 0 || failed();
  }

  bool take_name() const {
    if (existing == Existing::replaced) return ::rename(draft.c_str(), target.c_str()) == 0;
    if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return true;
    // Not every file system has it.
    if (errno != EINVAL) return false;
    return ::link(draft.c_str(), target.c_str()) == 0 && ::unlink(draft.c_str()) == 0;
  }

  bool publish() {
    if (draft.empty()) return true;
    if (::fsync(fd) != 0) return failed();
    if (!take_name()) {
      if (errno != EEXIST) return failed();
      // It may have taken hours.
      const std::string kept = std::exchange(draft, {}).string();
      return refuse("it has come meanwhile and stays as it is; what was to be written is in " + kept);
    }
    draft.clear();
    const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      ::fsync(directory);
      ::close(directory);
    }
    return true;
  }

  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return failed();
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }

  // Empties the buffer even after a failure: a caller that goes on must not fill memory.
  bool flush(ZSTD_EndDirective directive) {
    const bool ok = error.empty() && (zstd ? pack(directive) : write_all(buffer));
    buffer.clear();
    return ok;
  }

  bool pack(ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{buffer.data(), buffer.size(), 0};
    while (true) {
      ZSTD_outBuffer out{packed.data(), packed.size(), 0};
      const std::size_t left = ZSTD_compressStream2(zstd.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0U) {
        error = name + ": zstd: " + ZSTD_getErrorName(left);
        return false;
      }
      if (!write_all({packed.data(), out.pos})) return false;
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return true;
    }
  }
};

LineSink::LineSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineSink::~LineSink() = default;

Result<std::unique_ptr<LineSink>, std::string> LineSink::open(const std::filesystem::path& file, bool zstd,
                                                              Existing existing) {
  auto impl = std::make_unique<Impl>();
  impl->existing = existing;
  if (file == "-") {
    impl->name = "standard output";
    impl->fd = STDOUT_FILENO;
  } else if (!impl->open_file(file)) {
    return failure(impl->error);
  }
  impl->buffer.reserve(kBufferBytes + 64 * 1024);
  if (zstd) {
    impl->zstd.reset(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(impl->zstd.get(), ZSTD_c_checksumFlag, 1);
    impl->packed.resize(ZSTD_CStreamOutSize());
  }
  return std::unique_ptr<LineSink>(new LineSink(std::move(impl)));
}

bool LineSink::is_draft() const { return !impl_->draft.empty(); }

bool LineSink::write(std::string_view bytes) {
  impl_->buffer.append(bytes);
  return impl_->buffer.size() < kBufferBytes || impl_->flush(ZSTD_e_continue);
}

Result<void, std::string> LineSink::finish() {
  if (impl_->flush(ZSTD_e_end) && impl_->publish()) return success();
  return failure(impl_->error);
}

const std::string& LineSink::error() const { return impl_->error; }

}  // namespace pharos::app
