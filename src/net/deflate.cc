#include "net/deflate.h"

#include <algorithm>
#include <array>

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

namespace pharos::net {
namespace zlib = boost::beast::zlib;

namespace {
// JSON events are short: level 3 finds most of what level 9 finds. Memory level 4 keeps the hash table that every
// message without context takeover starts by clearing at 4 KiB.
constexpr int kLevel = 3;
constexpr int kMemoryLevel = 4;
constexpr std::size_t kInflateStep = 16 * 1024;
constexpr std::size_t kKeptBytes = 256 * 1024;
// Ends each message; the sender leaves it out (RFC 7692 section 7.2.1).
constexpr std::array<unsigned char, 4> kTail{0x00, 0x00, 0xff, 0xff};
}  // namespace

struct Deflater::Impl {
  zlib::deflate_stream stream;
  bool used = false;
};

Deflater::Deflater(int window_bits) : window_bits_(std::clamp(window_bits, 9, 15)), impl_(std::make_unique<Impl>()) {
  impl_->stream.reset(kLevel, window_bits_, kMemoryLevel, zlib::Strategy::normal);
}
Deflater::~Deflater() = default;

void Deflater::deflate(std::span<const std::string_view> parts, bool keep_window, std::string& out) {
  if (impl_->used && !keep_window) impl_->stream.reset();
  impl_->used = true;

  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  const std::size_t start = out.size();
  out.resize(start + impl_->stream.upper_bound(size) + 64);

  zlib::z_params z{};
  z.next_out = out.data() + start;
  z.avail_out = out.size() - start;
  boost::system::error_code ec;
  const auto write = [&](zlib::Flush flush) {
    for (;;) {
      impl_->stream.write(z, flush, ec);
      if (z.avail_out != 0) return;
      const std::size_t used = out.size() - start;
      out.resize(out.size() + size / 4 + 1024);
      z.next_out = out.data() + start + used;
      z.avail_out = out.size() - start - used;
    }
  };
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    z.next_in = part.data();
    z.avail_in = part.size();
    write(zlib::Flush::none);
  }
  write(zlib::Flush::block);
  write(zlib::Flush::sync);
  out.resize(out.size() - z.avail_out - kTail.size());
}

struct Inflater::Impl {
  zlib::inflate_stream stream;
};

Inflater::Inflater() : impl_(std::make_unique<Impl>()) { impl_->stream.reset(15); }
Inflater::~Inflater() = default;

Inflater::Outcome Inflater::inflate(std::string_view compressed, bool keep_window, std::size_t max_bytes,
                                    std::string& out) {
  if (!keep_window) impl_->stream.reset(15);

  const std::array<std::string_view, 2> inputs{
      compressed, std::string_view(reinterpret_cast<const char*>(kTail.data()), kTail.size())};
  std::size_t filled = out.size();
  for (const std::string_view input : inputs) {
    zlib::z_params z{};
    z.next_in = input.data();
    z.avail_in = input.size();
    for (;;) {
      // One byte beyond the cap tells a message that fills it from one that exceeds it.
      const std::size_t room = std::min(kInflateStep, max_bytes + 1 - filled);
      out.resize(filled + room);
      z.next_out = out.data() + filled;
      z.avail_out = room;
      boost::system::error_code ec;
      impl_->stream.write(z, zlib::Flush::sync, ec);
      filled += room - z.avail_out;
      if (filled > max_bytes) return Outcome::too_large;
      if (ec == zlib::error::end_of_stream) {
        // A final block may end the stream inside a message; what follows starts a new one (section 7.2.3.4).
        impl_->stream.reset(15);
        if (z.avail_in == 0) break;
        continue;
      }
      if (ec && ec != zlib::error::need_buffers) return Outcome::corrupt;
      if (z.avail_out != 0) {
        if (z.avail_in != 0) return Outcome::corrupt;
        break;
      }
    }
  }
  out.resize(filled);
  return Outcome::ok;
}

Deflater& DeflateWorkspace::deflater(int window_bits) {
  if (!deflater_ || deflater_->window_bits() != window_bits) deflater_ = std::make_unique<Deflater>(window_bits);
  return *deflater_;
}

Inflater& DeflateWorkspace::inflater() {
  if (!inflater_) inflater_ = std::make_unique<Inflater>();
  return *inflater_;
}

std::string& DeflateWorkspace::emptied(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBytes) buffer.shrink_to_fit();
  return buffer;
}

}  // namespace pharos::net
