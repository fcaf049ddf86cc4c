// A text that goes to many connections, and its deflated form, which the first who needs it makes and everybody
// shares. Immutable to those who use it. Any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "metrics/handles.h"
#include "net/deflate.h"

namespace pharos::net {

class SharedText {
 public:
  explicit SharedText(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  // Whether a peer that keeps a window of 2^window_bits bytes can inflate the deflated form.
  bool fits_window(int window_bits) const;

  // Blocks of raw deflate as Deflater makes them: byte-aligned, without the tail, referring to nothing outside of
  // themselves. They may follow other blocks of one message. The workspace is that of the caller's shard; a call that
  // finds another thread at it waits. Lives as long as this.
  std::string_view deflated(DeflateWorkspace& workspace, const metrics::Counter& deflations) const;

 private:
  const std::string text_;
  mutable std::once_flag once_;
  mutable std::string deflated_;
};

// The most that a stored block of raw deflate holds.
inline constexpr std::size_t kMaxStoredBytes = 65'535;
// What stands before so many bytes to make them a stored block that others may follow (RFC 1951 section 3.2.4). The
// block must begin at a byte boundary.
std::string stored_block_head(std::size_t size);

}  // namespace pharos::net
