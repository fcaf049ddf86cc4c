// Any bytes of a peer: the decoder stays within its caps, hands up UTF-8 only, ends at the first close or violation,
// and says the same however the bytes are cut. The first byte chooses the options, the second the cut.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "net/ws_decoder.h"
#include "util/check.h"
#include "util/utf8.h"

namespace {

using pharos::net::WsDecoder;
using Kind = WsDecoder::Event::Kind;

struct Seen {
  Kind kind;
  std::string payload;
  std::uint16_t code;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> decode(const WsDecoder::Options& options, std::vector<std::uint8_t> bytes, std::size_t step) {
  pharos::net::DeflateWorkspace workspace;
  WsDecoder decoder(options, workspace);
  std::vector<Seen> seen;
  bool ended = false;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::span<std::uint8_t> in(bytes.data() + at, std::min(step, bytes.size() - at));
    while (!in.empty()) {
      const WsDecoder::Event event = decoder.next(in);
      if (event.kind == Kind::none) continue;
      PHAROS_FATAL_CHECK(!ended);
      ended = event.kind == Kind::close || event.kind == Kind::violation;
      if (event.kind == Kind::text) {
        PHAROS_FATAL_CHECK(pharos::is_utf8(event.payload));
        PHAROS_FATAL_CHECK(event.payload.size() <= options.max_message_bytes);
      }
      seen.push_back({event.kind, std::string(event.payload), event.code});
    }
    PHAROS_FATAL_CHECK(decoder.buffered_bytes() <= 4 * options.max_message_bytes);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  WsDecoder::Options options;
  options.role = (data[0] & 1U) != 0 ? pharos::net::WsRole::client : pharos::net::WsRole::server;
  options.deflate.enabled = (data[0] & 2U) != 0;
  options.deflate.peer_context_takeover = (data[0] & 4U) != 0;
  options.max_message_bytes = 4096;
  options.max_fragments = 8;
  const std::vector<std::uint8_t> bytes(data + 2, data + size);
  const std::size_t step = 1U + data[1] % 16U;
  PHAROS_FATAL_CHECK(decode(options, bytes, bytes.size() + 1) == decode(options, bytes, step));
  return 0;
}
