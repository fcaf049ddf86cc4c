#include "app/line_sink.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

namespace pharos::app {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

}  // namespace

struct LineSink::Impl {
  std::string name;
  int fd = -1;
  bool owned = false;
  std::string buffer;
  std::unique_ptr<ZSTD_CCtx, FreeContext> zstd;
  std::vector<char> packed;
  std::string error;

  ~Impl() {
    if (owned && fd >= 0) ::close(fd);
  }

  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) {
        error = name + ": " + std::strerror(errno);
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }

  bool flush(ZSTD_EndDirective directive) {
    if (!error.empty()) return false;
    if (!zstd) {
      const bool ok = write_all(buffer);
      buffer.clear();
      return ok;
    }
    ZSTD_inBuffer in{buffer.data(), buffer.size(), 0};
    while (true) {
      ZSTD_outBuffer out{packed.data(), packed.size(), 0};
      const std::size_t left = ZSTD_compressStream2(zstd.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0U) {
        error = name + ": zstd: " + ZSTD_getErrorName(left);
        return false;
      }
      if (!write_all({packed.data(), out.pos})) return false;
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) break;
    }
    buffer.clear();
    return true;
  }
};

LineSink::LineSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineSink::~LineSink() = default;

Result<std::unique_ptr<LineSink>, std::string> LineSink::open(const std::filesystem::path& file, bool zstd) {
  auto impl = std::make_unique<Impl>();
  if (file == "-") {
    impl->name = "standard output";
    impl->fd = STDOUT_FILENO;
  } else {
    impl->name = file.string();
    impl->fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    impl->owned = true;
    if (impl->fd < 0) return failure(file.string() + ": " + std::strerror(errno));
  }
  impl->buffer.reserve(kBufferBytes + 64 * 1024);
  if (zstd) {
    impl->zstd.reset(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(impl->zstd.get(), ZSTD_c_checksumFlag, 1);
    impl->packed.resize(ZSTD_CStreamOutSize());
  }
  return std::unique_ptr<LineSink>(new LineSink(std::move(impl)));
}

bool LineSink::write(std::string_view bytes) {
  impl_->buffer.append(bytes);
  return impl_->buffer.size() < kBufferBytes || impl_->flush(ZSTD_e_continue);
}

Result<void, std::string> LineSink::finish() {
  if (!impl_->flush(ZSTD_e_end)) return failure(impl_->error);
  if (impl_->owned && ::fsync(impl_->fd) != 0) return failure(impl_->name + ": " + std::strerror(errno));
  return success();
}

const std::string& LineSink::error() const { return impl_->error; }

}  // namespace pharos::app
