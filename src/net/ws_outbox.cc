#include "net/ws_outbox.h"

#include <algorithm>
#include <array>

#include "util/random.h"

namespace pharos::net {
namespace {
constexpr std::size_t kKeptBytes = 16 * 1024;

std::size_t size_of(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  return size;
}
}  // namespace

WsOutbox::WsOutbox(WsRole role, const DeflateParams& deflate, std::size_t deflate_min_bytes, std::size_t max_bytes,
                   DeflateWorkspace& workspace, const metrics::NetMetrics& metrics)
    : role_(role),
      deflate_(deflate),
      deflate_min_bytes_(deflate_min_bytes),
      max_bytes_(max_bytes),
      workspace_(workspace),
      metrics_(metrics) {}

WsOutbox::~WsOutbox() { metrics_.outbound_buffered_bytes.add(-static_cast<std::int64_t>(size())); }

std::optional<MaskKey> WsOutbox::mask() const {
  if (role_ == WsRole::server) return std::nullopt;
  MaskKey key;
  SystemRandom().fill(key);
  return key;
}

void WsOutbox::count(std::size_t before) {
  metrics_.outbound_buffered_bytes.add(static_cast<std::int64_t>(size()) - static_cast<std::int64_t>(before));
}

bool WsOutbox::fits(std::size_t bytes) const {
  return bytes + kMaxHeaderBytes <= max_bytes_ - std::min(max_bytes_, size());
}

void WsOutbox::queue(bool compressed, std::span<const std::string_view> payload, std::size_t bytes) {
  const std::size_t before = size();
  append_frame(waiting_, Opcode::text, compressed, payload, mask());
  metrics_.frames_sent.add();
  metrics_.sent_payload_bytes.add(bytes);
  if (compressed) metrics_.deflate_saved_bytes.add(bytes - std::min(bytes, size_of(payload)));
  count(before);
}

bool WsOutbox::add_message(std::initializer_list<std::string_view> parts) {
  const std::span<const std::string_view> payload(parts.begin(), parts.size());
  const std::size_t bytes = size_of(payload);
  if (!fits(bytes)) return false;

  if (deflates(bytes)) {
    const bool keep = deflate_.our_context_takeover;
    std::string& deflated = workspace_.deflated();
    const int window_bits = std::min(deflate_.our_window_bits, kPreferredWindowBits);
    if (keep && !own_deflater_) own_deflater_ = std::make_unique<Deflater>(window_bits);
    Deflater& deflater = keep ? *own_deflater_ : workspace_.deflater(window_bits);
    deflater.deflate(payload, keep, deflated);
    metrics_.deflations.add();
    // What went into a kept window must be sent that way, or the peer's window differs from ours.
    if (keep || deflated.size() < bytes) {
      const std::string_view compressed = deflated;
      queue(true, {&compressed, 1}, bytes);
      return true;
    }
  }
  queue(false, payload, bytes);
  return true;
}

bool WsOutbox::add_shared(std::string_view prefix, const SharedText& rest) {
  const std::size_t bytes = prefix.size() + rest.text().size();
  // A window that the peer keeps would hold what our compressor does not know of. That one could begin anew each time,
  // but then it saves nothing, and saving is what the window is kept for: some 410 bytes a live event instead of 523.
  const bool shares = deflates(bytes) && !deflate_.our_context_takeover && prefix.size() <= kMaxStoredBytes &&
                      rest.fits_window(deflate_.our_window_bits);
  if (!shares) return add_message({prefix, rest.text()});
  if (!fits(bytes)) return false;

  const std::string head = stored_block_head(prefix.size());
  const std::array<std::string_view, 3> compressed{head, prefix, rest.deflated(workspace_, metrics_.deflations)};
  const std::array<std::string_view, 2> plain{prefix, rest.text()};
  if (size_of(compressed) < bytes) {
    queue(true, compressed, bytes);
  } else {
    queue(false, plain, bytes);
  }
  return true;
}

void WsOutbox::add_control(Opcode opcode, std::string_view payload) {
  const std::size_t before = size();
  if (opcode == Opcode::close) take_pong();
  append_frame(waiting_, opcode, false, {&payload, 1}, mask());
  metrics_.frames_sent.add();
  count(before);
}

void WsOutbox::set_pong(std::string_view payload) {
  const std::size_t before = size();
  pong_.clear();
  append_frame(pong_, Opcode::pong, false, {&payload, 1}, mask());
  count(before);
}

void WsOutbox::take_pong() {
  if (pong_.empty()) return;
  waiting_.append(pong_);
  pong_ = {};
  metrics_.frames_sent.add();
}

std::string_view WsOutbox::slice() {
  if (in_flight_.empty()) {
    take_pong();
    in_flight_.swap(waiting_);
    offset_ = 0;
  }
  slice_ = std::min(kSliceBytes, in_flight_.size() - offset_);
  return std::string_view(in_flight_).substr(offset_, slice_);
}

void WsOutbox::sent() {
  const std::size_t before = size();
  offset_ += slice_;
  slice_ = 0;
  if (offset_ == in_flight_.size()) {
    in_flight_.clear();
    offset_ = 0;
    if (in_flight_.capacity() > kKeptBytes) in_flight_.shrink_to_fit();
  }
  count(before);
}

void WsOutbox::drop_waiting() {
  const std::size_t before = size();
  std::string().swap(waiting_);
  std::string().swap(pong_);
  count(before);
}

}  // namespace pharos::net
