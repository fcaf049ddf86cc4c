#include "app/line_source.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

namespace pharos::app {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;
// A signal that comes just before the wait does not end it.
constexpr int kLookAtStopMilliseconds = 200;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kGzipMagic = "\x1f\x8b";

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

}  // namespace

struct LineSource::Impl {
  std::string name;
  int fd = -1;
  bool owned = false;
  const std::atomic<bool>* stop = nullptr;
  std::uint64_t total = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t lines = 0;
  std::string error;

  std::vector<char> raw = std::vector<char>(kChunkBytes);  // as read
  std::size_t raw_begin = 0;
  std::size_t raw_end = 0;
  bool raw_finished = false;

  std::unique_ptr<ZSTD_DStream, FreeStream> zstd;
  bool frame_open = false;  // the compressed file ends inside a frame otherwise

  std::string text;  // decoded, not yet given out
  std::size_t text_begin = 0;
  bool skipping = false;  // inside a line that is too long

  ~Impl() {
    if (owned && fd >= 0) ::close(fd);
  }

  bool is_to_stop() const { return stop != nullptr && *stop; }

  // False on failure (then error is set) and when it is to stop.
  bool read_raw() {
    while (!is_to_stop()) {
      pollfd waiting{fd, POLLIN, 0};
      if (::poll(&waiting, 1, stop == nullptr ? -1 : kLookAtStopMilliseconds) <= 0) continue;
      const ssize_t got = ::read(fd, raw.data(), raw.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) {
        error = name + ": " + std::strerror(errno);
        return false;
      }
      raw_begin = 0;
      raw_end = static_cast<std::size_t>(got);
      read_bytes += raw_end;
      raw_finished = got == 0;
      return true;
    }
    return false;
  }

  // Appends more decoded bytes to text; false at the end, on failure (then error is set) and when it is to stop.
  bool refill() {
    if (raw_begin == raw_end) {
      if (raw_finished || !read_raw()) return false;
      if (raw_finished) {
        if (frame_open) error = name + ": the compressed data ends early";
        return false;
      }
    }
    if (!zstd) {
      text.append(raw.data() + raw_begin, raw_end - raw_begin);
      raw_begin = raw_end;
      return true;
    }
    const std::size_t before = text.size();
    text.resize(before + kChunkBytes);
    ZSTD_outBuffer out{text.data() + before, kChunkBytes, 0};
    ZSTD_inBuffer in{raw.data(), raw_end, raw_begin};
    const std::size_t hint = ZSTD_decompressStream(zstd.get(), &out, &in);
    raw_begin = in.pos;
    text.resize(before + out.pos);
    if (ZSTD_isError(hint) != 0U) {
      error = name + ": bad zstd data: " + ZSTD_getErrorName(hint);
      return false;
    }
    frame_open = hint != 0;
    return true;
  }
};

LineSource::LineSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineSource::~LineSource() = default;

Result<std::unique_ptr<LineSource>, std::string> LineSource::open(const std::filesystem::path& file,
                                                                  const std::atomic<bool>* stop) {
  auto impl = std::make_unique<Impl>();
  impl->stop = stop;
  if (file == "-") {
    impl->name = "standard input";
    impl->fd = STDIN_FILENO;
  } else {
    impl->name = file.string();
    // Waits for no writer of a pipe: read_raw() does, and looks at stop.
    impl->fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    impl->owned = true;
    if (impl->fd < 0) return failure(file.string() + ": " + std::strerror(errno));
    struct stat status {};
    if (::fstat(impl->fd, &status) == 0 && S_ISREG(status.st_mode)) {
      impl->total = static_cast<std::uint64_t>(status.st_size);
    }
  }
  if (!impl->read_raw() && !impl->error.empty()) return failure(impl->error);
  const std::string_view start(impl->raw.data(), impl->raw_end);
  if (start.starts_with(kGzipMagic)) {
    return failure(impl->name + ": gzip is not read; pipe it: zcat " + (impl->owned ? impl->name : "FILE") +
                   " | pharos import -");
  }
  if (start.starts_with(kZstdMagic)) {
    impl->zstd.reset(ZSTD_createDStream());
    impl->frame_open = true;
  }
  return std::unique_ptr<LineSource>(new LineSource(std::move(impl)));
}

LineSource::Next LineSource::next(std::string_view& line) {
  Impl& in = *impl_;
  std::size_t searched = in.text_begin;
  while (!in.is_to_stop()) {
    const std::size_t end = in.text.find('\n', searched);
    if (end != std::string::npos) {
      line = std::string_view(in.text).substr(in.text_begin, end - in.text_begin);
      in.text_begin = end + 1;
      ++in.lines;
      if (!in.skipping && line.size() <= kMaxLineBytes) return Next::line;
      in.skipping = false;
      return Next::too_long;
    }
    in.text.erase(0, in.text_begin);
    in.text_begin = 0;
    if (in.text.size() > kMaxLineBytes) {
      in.skipping = true;
      in.text.clear();
    }
    searched = in.text.size();
    if (in.refill()) continue;
    if (!in.error.empty()) return Next::failed;
    if (in.is_to_stop()) break;
    if (in.text.empty() && !in.skipping) return Next::end;
    ++in.lines;
    in.text_begin = in.text.size();
    line = in.text;
    if (!in.skipping) return Next::line;
    in.skipping = false;
    return Next::too_long;
  }
  return Next::stopped;
}

bool LineSource::has_line() const { return impl_->text.find('\n', impl_->text_begin) != std::string::npos; }

const std::string& LineSource::name() const { return impl_->name; }
std::uint64_t LineSource::line_number() const { return impl_->lines; }
std::uint64_t LineSource::bytes_read() const { return impl_->read_bytes; }
std::uint64_t LineSource::bytes_total() const { return impl_->total; }
const std::string& LineSource::error() const { return impl_->error; }

}  // namespace pharos::app
