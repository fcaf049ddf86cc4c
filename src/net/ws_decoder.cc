#include "net/ws_decoder.h"

#include <algorithm>

#include "util/utf8.h"

namespace pharos::net {
namespace {

constexpr std::size_t kKeptBytes = 4 * 1024;

// Stored blocks make incompressible input a little larger than it is.
std::size_t compressed_cap(std::size_t inflated) { return inflated + inflated / 1024 + 64; }

std::string_view as_chars(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

WsDecoder::WsDecoder(const Options& options, DeflateWorkspace& workspace) : options_(options), workspace_(workspace) {}

WsDecoder::Event WsDecoder::violation(std::uint16_t code, std::string_view reason) {
  ended_ = true;
  return {Event::Kind::violation, reason, code};
}

bool WsDecoder::read_header(std::span<std::uint8_t>& in) {
  const auto take_up_to = [&](std::size_t wanted) {
    const std::size_t n = std::min(wanted - std::min(wanted, header_size_), in.size());
    std::copy_n(in.begin(), n, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
    header_size_ += n;
    in = in.subspan(n);
    return header_size_ >= wanted;
  };
  if (!take_up_to(2)) return false;
  const unsigned length = header_[1] & 0x7fU;
  const std::size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  const std::size_t mask_bytes = (header_[1] & 0x80U) != 0 ? 4 : 0;
  if (!take_up_to(2 + length_bytes + mask_bytes)) return false;

  fin_ = (header_[0] & 0x80U) != 0;
  rsv1_ = (header_[0] & 0x40U) != 0;
  opcode_ = static_cast<Opcode>(header_[0] & 0x0fU);
  frame_size_ = length;
  if (length_bytes != 0) {
    frame_size_ = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) frame_size_ = frame_size_ << 8U | header_[2 + i];
  }
  if (mask_bytes != 0) std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(2 + length_bytes), 4, mask_.begin());
  frame_read_ = 0;
  return true;
}

WsDecoder::Event WsDecoder::check_header() {
  const bool masked = (header_[1] & 0x80U) != 0;
  const unsigned short_length = header_[1] & 0x7fU;
  if ((header_[0] & 0x30U) != 0) return violation(kCloseProtocol, "reserved bits set");
  if (masked != (options_.role == WsRole::server))
    return violation(kCloseProtocol, masked ? "masked frame from a server" : "unmasked frame from a client");
  if ((short_length == 126 && frame_size_ <= 125) || (short_length == 127 && frame_size_ <= 0xffff))
    return violation(kCloseProtocol, "length not minimal");
  if ((frame_size_ >> 63U) != 0) return violation(kCloseProtocol, "length out of range");

  switch (opcode_) {
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      if (!fin_) return violation(kCloseProtocol, "fragmented control frame");
      if (frame_size_ > kMaxControlBytes) return violation(kCloseProtocol, "control frame too long");
      if (rsv1_) return violation(kCloseProtocol, "reserved bits set");
      control_.clear();
      return {};
    case Opcode::text:
    case Opcode::binary:
      if (in_message_) return violation(kCloseProtocol, "message inside a fragmented message");
      if (rsv1_ && !options_.deflate.enabled) return violation(kCloseProtocol, "reserved bits set");
      if (opcode_ == Opcode::binary) return violation(kCloseUnsupported, "only text is spoken here");
      in_message_ = true;
      compressed_ = rsv1_;
      fragments_ = 0;
      message_.clear();
      break;
    case Opcode::continuation:
      if (!in_message_) return violation(kCloseProtocol, "continuation of nothing");
      if (rsv1_) return violation(kCloseProtocol, "reserved bits set");
      break;
    default:
      return violation(kCloseProtocol, "reserved opcode");
  }
  if (++fragments_ > options_.max_fragments) return violation(kClosePolicy, "too many fragments");
  const std::size_t cap = compressed_ ? compressed_cap(options_.max_message_bytes) : options_.max_message_bytes;
  if (frame_size_ > cap - std::min(cap, message_.size())) return violation(kCloseTooLarge, "message too large");
  return {};
}

WsDecoder::Event WsDecoder::read_payload(std::span<std::uint8_t>& in) {
  const std::span<std::uint8_t> piece =
      in.first(static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), frame_size_ - frame_read_)));
  in = in.subspan(piece.size());
  if (options_.role == WsRole::server) apply_mask(piece, mask_, static_cast<std::size_t>(frame_read_ % 4));
  frame_read_ += piece.size();
  const bool frame_done = frame_read_ == frame_size_;

  if (is_control()) {
    control_.append(as_chars(piece));
    if (!frame_done) return {};
    in_payload_ = false;
    return finish_control(control_);
  }

  // A message that lies in the input in one piece is handed on from there.
  const bool whole = frame_done && fin_ && message_.empty() && piece.size() == frame_size_;
  if (!whole) message_.append(as_chars(piece));
  if (!frame_done) return {};
  in_payload_ = false;
  if (!fin_) return {};
  in_message_ = false;
  return finish_message(whole ? as_chars(piece) : std::string_view(message_));
}

WsDecoder::Event WsDecoder::finish_control(std::string_view payload) {
  if (opcode_ == Opcode::ping) return {Event::Kind::ping, payload, 0};
  if (opcode_ == Opcode::pong) return {Event::Kind::pong, payload, 0};
  if (payload.empty()) {
    ended_ = true;
    return {Event::Kind::close, {}, kCloseNone};
  }
  if (payload.size() == 1) return violation(kCloseProtocol, "close code cut short");
  const auto code =
      static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8U | static_cast<unsigned char>(payload[1]));
  if (!is_sendable_close_code(code)) return violation(kCloseProtocol, "close code out of range");
  if (!is_utf8(payload.substr(2))) return violation(kCloseInvalidText, "close reason is not UTF-8");
  ended_ = true;
  return {Event::Kind::close, payload.substr(2), code};
}

WsDecoder::Event WsDecoder::finish_message(std::string_view payload) {
  if (compressed_) {
    std::string& inflated = workspace_.inflated();
    const bool keep = options_.deflate.peer_context_takeover;
    if (keep && !own_inflater_) own_inflater_ = std::make_unique<Inflater>();
    Inflater& inflater = keep ? *own_inflater_ : workspace_.inflater();
    switch (inflater.inflate(payload, keep, options_.max_message_bytes, inflated)) {
      case Inflater::Outcome::ok:
        break;
      case Inflater::Outcome::too_large:
        return violation(kCloseTooLarge, "message too large");
      case Inflater::Outcome::corrupt:
        return violation(kCloseInvalidText, "corrupt compression");
    }
    payload = inflated;
  }
  if (!is_utf8(payload)) return violation(kCloseInvalidText, "message is not UTF-8");
  return {Event::Kind::text, payload, 0};
}

WsDecoder::Event WsDecoder::next(std::span<std::uint8_t>& in) {
  while (!ended_) {
    if (!in_payload_) {
      if (!read_header(in)) return {};
      header_size_ = 0;
      if (const Event event = check_header(); event.kind != Event::Kind::none) return event;
      in_payload_ = true;
    } else if (in.empty() && frame_read_ < frame_size_) {
      return {};
    }
    if (const Event event = read_payload(in); event.kind != Event::Kind::none) return event;
  }
  in = {};
  return {};
}

void WsDecoder::trim() {
  if (in_message_) return;
  message_.clear();
  if (message_.capacity() > kKeptBytes) message_.shrink_to_fit();
}

}  // namespace pharos::net
