// Any bytes of a peer before the upgrade, either way round: parsers stay within their caps and say the same however
// the bytes are cut; the answer to an extension offer is one that our own client side accepts.

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/http_answer_parser.h"
#include "net/http_request_parser.h"
#include "net/socks5.h"
#include "net/ws_extension.h"
#include "net/ws_handshake.h"
#include "util/bytes.h"
#include "util/check.h"

namespace {

using namespace pharos::net;

constexpr std::size_t kCap = 2048;

template <class Parser>
typename Parser::State feed(Parser& parser, std::string_view bytes, std::size_t step) {
  std::string waiting;
  auto state = Parser::State::head;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    waiting += bytes.substr(at, step);
    state = parser.feed(waiting);
    if (state == Parser::State::complete || state == Parser::State::refused) return state;
    PHAROS_FATAL_CHECK(waiting.size() <= kCap + step);
  }
  return state;
}

void check_request(std::string_view bytes, std::size_t step) {
  HttpRequestParser whole(kCap, kCap);
  HttpRequestParser pieces(kCap, kCap);
  const auto state = feed(whole, bytes, bytes.size() + 1);
  if (state != feed(pieces, bytes, step) || state != HttpRequestParser::State::complete) return;
  HttpRequest& request = whole.request();
  PHAROS_FATAL_CHECK(request.body == pieces.request().body && request.target == pieces.request().target);
  PHAROS_FATAL_CHECK(request.body.size() <= kCap);
  if (asks_for_websocket(request) && !check_upgrade(request, whole.is_http_1_0()))
    PHAROS_FATAL_CHECK(request.header("Sec-WebSocket-Key").size() == 24);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1U + data[1] % 32U;
  const std::string_view text = pharos::as_text({data + 2, size - 2});
  switch (data[0] % 4) {
    case 0:
      check_request(text, step);
      break;
    case 1: {
      HttpAnswerParser parser({kCap, kCap, (data[1] & 1U) != 0});
      feed(parser, text, step);
      parser.finish();
      PHAROS_FATAL_CHECK(parser.body().size() <= kCap);
      check_upgrade_answer(parser.status(), parser.headers(), "dGhlIHNhbXBsZSBub25jZQ==");
      break;
    }
    case 2: {
      WsOptions options;
      options.deflate_context_takeover = (data[1] & 1U) != 0;
      const DeflateAnswer answer = answer_deflate_offer(text, options);
      PHAROS_FATAL_CHECK(accept_deflate_answer(answer.header, options).has_value());
      accept_deflate_answer(text, options);
      break;
    }
    default: {
      Socks5Connect socks("relay.onion", 443);
      std::string bytes(text);
      socks.feed(bytes);
      break;
    }
  }
  return 0;
}
