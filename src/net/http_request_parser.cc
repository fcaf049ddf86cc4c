#include "net/http_request_parser.h"

#include <limits>
#include <optional>
#include <utility>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "net/http_body.h"
#include "net/http_message.h"

namespace pharos::net {
namespace http = boost::beast::http;

namespace {

unsigned status_of(const boost::system::error_code& ec) {
  if (ec == http::error::header_limit) return 431;
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::bad_version) return 505;
  return 400;
}

// The path and query of an origin-form or absolute-form target; nullopt for the other forms but "*".
std::optional<std::string> path_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t slash = target.find_first_of("/?", scheme.size());
    if (slash == std::string_view::npos) return "/";
    const std::string_view rest = target.substr(slash);
    return rest.front() == '/' ? std::string(rest) : "/" + std::string(rest);
  }
  if (target.starts_with('/') || target == "*") return std::string(target);
  return std::nullopt;
}

}  // namespace

std::string HttpRequest::header(std::string_view name) const { return header_of(headers, name); }

struct HttpRequestParser::Impl {
  Impl(std::size_t max_header, std::size_t max_body) : max_header_bytes(max_header), max_body_bytes(max_body) {
    restart();
  }

  void restart() {
    parser.emplace();
    parser->header_limit(
        static_cast<std::uint32_t>(std::min<std::size_t>(max_header_bytes, std::numeric_limits<std::uint32_t>::max())));
    parser->body_limit(max_body_bytes);
    state = State::head;
    status = 0;
    begun = false;
    request = {};
  }

  State refuse(unsigned code) {
    status = code;
    return state = State::refused;
  }

  State take_head() {
    const auto& message = parser->get();
    request.method = std::string(message.method_string());
    for (const auto& field : message)
      request.headers.emplace_back(std::string(field.name_string()), std::string(trimmed(field.value())));
    std::optional<std::string> path = path_of(message.target());
    if (!path) return refuse(400);
    request.target = std::move(*path);
    const std::size_t hosts = header_count(request.headers, "Host");
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return refuse(400);
    const auto length = parser->content_length();
    const auto framing = parser->chunked() ? HttpBodyReader::Framing::chunked
                         : length          ? HttpBodyReader::Framing::length
                                           : HttpBodyReader::Framing::none;
    body = HttpBodyReader(framing, length ? *length : 0, max_body_bytes);
    return state = State::body;
  }

  State take_body(std::string_view& bytes) {
    switch (body.feed(bytes, request.body)) {
      case HttpBodyReader::State::reading:
        return state;
      case HttpBodyReader::State::complete:
        return state = State::complete;
      case HttpBodyReader::State::malformed:
        return refuse(400);
      case HttpBodyReader::State::too_large:
        return refuse(413);
    }
    return state;
  }

  const std::size_t max_header_bytes;
  const std::size_t max_body_bytes;
  std::optional<http::request_parser<http::empty_body>> parser;
  State state = State::head;
  unsigned status = 0;
  bool begun = false;
  HttpRequest request;
  HttpBodyReader body;
};

HttpRequestParser::HttpRequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : impl_(std::make_unique<Impl>(max_header_bytes, max_body_bytes)) {}
HttpRequestParser::~HttpRequestParser() = default;

HttpRequestParser::State HttpRequestParser::feed(std::string& bytes) {
  std::string_view rest = bytes;
  impl_->begun = impl_->begun || !bytes.empty();
  // Beast asks for an incomplete head to be shown again, whole, with what came since.
  while (impl_->state == State::head && !rest.empty()) {
    boost::system::error_code ec;
    const std::size_t n = impl_->parser->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    rest.remove_prefix(n);
    if (ec == http::error::need_more) break;
    if (ec)
      impl_->refuse(status_of(ec));
    else if (impl_->parser->is_header_done())
      impl_->take_head();
  }
  if (impl_->state == State::body) impl_->take_body(rest);
  bytes.erase(0, bytes.size() - rest.size());
  return impl_->state;
}

HttpRequestParser::State HttpRequestParser::state() const { return impl_->state; }
void HttpRequestParser::reset() { impl_->restart(); }
HttpRequest& HttpRequestParser::request() { return impl_->request; }
bool HttpRequestParser::keep_alive() const { return impl_->parser->keep_alive(); }
bool HttpRequestParser::is_http_1_0() const { return impl_->parser->get().version() < 11; }
bool HttpRequestParser::expects_continue() const {
  return !is_http_1_0() && equals_ignoring_case(header_of(impl_->request.headers, "Expect"), "100-continue");
}
unsigned HttpRequestParser::status() const { return impl_->status; }
bool HttpRequestParser::begun() const { return impl_->begun; }

}  // namespace pharos::net
