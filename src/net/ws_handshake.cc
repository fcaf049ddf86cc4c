#include "net/ws_handshake.h"

#include <array>
#include <cstdint>

#include <openssl/evp.h>

#include "util/random.h"

namespace pharos::net {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Sixteen bytes in base64: 22 digits and two pads.
bool is_key(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  return key.substr(0, 22).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
         std::string_view::npos;
}

HttpResponse refusal(unsigned status, std::string text) {
  return {status, {{"Content-Type", "text/plain"}}, std::move(text)};
}

}  // namespace

bool asks_for_websocket(const HttpRequest& request) {
  return has_token(request.header("Upgrade"), "websocket") && has_token(request.header("Connection"), "upgrade");
}

std::optional<HttpResponse> check_upgrade(const HttpRequest& request, bool is_http_1_0) {
  if (is_http_1_0) return refusal(400, "a WebSocket needs HTTP/1.1\n");
  if (request.method != "GET") return refusal(400, "a WebSocket is opened by GET\n");
  if (request.header("Sec-WebSocket-Version") != "13") {
    HttpResponse response = refusal(426, "only version 13 of WebSocket is spoken here\n");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return response;
  }
  if (!is_key(request.header("Sec-WebSocket-Key"))) return refusal(400, "Sec-WebSocket-Key is missing or ill-formed\n");
  if (!request.body.empty()) return refusal(400, "a WebSocket request has no body\n");
  return std::nullopt;
}

std::string accept_of(std::string_view key) {
  std::string text(key);
  text += kGuid;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(std::span(digest).first(size));
}

std::string switching_protocols(const HttpRequest& request, std::string_view extensions) {
  std::string out = "HTTP/1.1 101 Switching Protocols\r\n";
  append_header(out, "Upgrade", "websocket");
  append_header(out, "Connection", "Upgrade");
  append_header(out, "Sec-WebSocket-Accept", accept_of(request.header("Sec-WebSocket-Key")));
  if (!extensions.empty()) append_header(out, "Sec-WebSocket-Extensions", extensions);
  out += "\r\n";
  return out;
}

std::string make_upgrade_key() {
  std::array<std::uint8_t, 16> bytes{};
  SystemRandom().fill(bytes);
  return base64(bytes);
}

std::string upgrade_request(std::string_view target, std::string_view host, std::string_view user_agent,
                            std::string_view key, std::string_view extensions) {
  std::string out = "GET ";
  out.append(target).append(" HTTP/1.1\r\n");
  append_header(out, "Host", host);
  append_header(out, "Upgrade", "websocket");
  append_header(out, "Connection", "Upgrade");
  append_header(out, "Sec-WebSocket-Key", key);
  append_header(out, "Sec-WebSocket-Version", "13");
  if (!extensions.empty()) append_header(out, "Sec-WebSocket-Extensions", extensions);
  if (!user_agent.empty()) append_header(out, "User-Agent", user_agent);
  out += "\r\n";
  return out;
}

std::optional<std::string> check_upgrade_answer(unsigned status, const Headers& headers, std::string_view key) {
  if (status != 101) return "upgrade refused with status " + std::to_string(status);
  if (!has_token(header_of(headers, "Upgrade"), "websocket") || !has_token(header_of(headers, "Connection"), "upgrade"))
    return "upgrade answer without Upgrade: websocket";
  if (header_of(headers, "Sec-WebSocket-Accept") != accept_of(key)) return "upgrade answer with a wrong accept value";
  if (!header_of(headers, "Sec-WebSocket-Protocol").empty()) return "upgrade answer with a protocol nobody offered";
  return std::nullopt;
}

}  // namespace pharos::net
