// Message compression of permessage-deflate (RFC 7692 section 7.2), apart from its negotiation.
// One thread per object; the shard shares one workspace among all connections without context takeover, so that an
// idle connection holds no compression state.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pharos::net {

// The deflate window we use where more is allowed: events are short, and the hash and window tables stay small.
inline constexpr int kPreferredWindowBits = 13;

// Deflates one message at a time.
class Deflater {
 public:
  // window_bits 9 to 15 bounds the distance of back references, as negotiated.
  explicit Deflater(int window_bits);
  ~Deflater();

  // Appends the compressed payload of the message made of the parts. Without keep_window nothing of earlier messages
  // is referred to.
  void deflate(std::span<const std::string_view> parts, bool keep_window, std::string& out);
  int window_bits() const { return window_bits_; }

 private:
  struct Impl;
  int window_bits_;
  std::unique_ptr<Impl> impl_;
};

// Inflates one message at a time.
class Inflater {
 public:
  enum class Outcome { ok, too_large, corrupt };

  Inflater();
  ~Inflater();

  // Appends the message to out. Stops as soon as out would exceed max_bytes: a bomb costs no more than that.
  Outcome inflate(std::string_view compressed, bool keep_window, std::size_t max_bytes, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What connections of one shard share.
struct DeflateWorkspace {
  Deflater& deflater(int window_bits);
  Inflater& inflater();
  // Empty buffers for one message; what the buffer held before is gone. Two, because the handler of an inflated
  // message may send.
  std::string& deflated() { return emptied(deflated_); }
  std::string& inflated() { return emptied(inflated_); }

 private:
  static std::string& emptied(std::string& buffer);

  std::string deflated_;
  std::string inflated_;
  std::unique_ptr<Deflater> deflater_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace pharos::net
