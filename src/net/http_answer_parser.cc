#include "net/http_answer_parser.h"

#include <limits>
#include <optional>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "net/http_body.h"

namespace pharos::net {
namespace http = boost::beast::http;

struct HttpAnswerParser::Impl {
  explicit Impl(const Options& options_in) : options(options_in) { restart(); }

  void restart() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(options.max_head_bytes, std::numeric_limits<std::uint32_t>::max())));
    // The length is judged by the body reader; a body that nobody will read has no cap.
    parser->body_limit(boost::none);
    state = State::head;
    headers.clear();
    reader = {};
    body.clear();
    failure.clear();
    too_large = false;
  }

  State refuse(std::string why, bool is_too_large) {
    failure = std::move(why);
    too_large = is_too_large;
    return state = State::refused;
  }

  void take_head() {
    for (const auto& field : parser->get())
      headers.emplace_back(std::string(field.name_string()), std::string(trimmed(field.value())));
    const unsigned status = parser->get().result_int();
    // Hints that come before the answer proper.
    if (status < 200 && status != 101) return restart();
    if (options.head_only) {
      state = State::complete;
      return;
    }
    using Framing = HttpBodyReader::Framing;
    const auto length = parser->content_length();
    const Framing framing = status < 200 || status == 204 || status == 304 ? Framing::none
                            : parser->chunked()                            ? Framing::chunked
                            : length                                       ? Framing::length
                                                                           : Framing::until_end;
    reader = HttpBodyReader(framing, length ? *length : 0, options.max_body_bytes);
    state = State::body;
  }

  State judge_body(HttpBodyReader::State read) {
    switch (read) {
      case HttpBodyReader::State::reading:
        return state;
      case HttpBodyReader::State::complete:
        return state = State::complete;
      case HttpBodyReader::State::malformed:
        return refuse("malformed body", false);
      case HttpBodyReader::State::too_large:
        return refuse("answer too large", true);
    }
    return state;
  }

  const Options options;
  std::optional<http::response_parser<http::empty_body>> parser;
  State state = State::head;
  Headers headers;
  HttpBodyReader reader;
  std::string body;
  std::string failure;
  bool too_large = false;
};

HttpAnswerParser::HttpAnswerParser(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
HttpAnswerParser::~HttpAnswerParser() = default;

HttpAnswerParser::State HttpAnswerParser::feed(std::string& bytes) {
  std::string_view rest = bytes;
  while (impl_->state == State::head && !rest.empty()) {
    boost::system::error_code ec;
    const std::size_t n = impl_->parser->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    rest.remove_prefix(n);
    if (ec == http::error::need_more) break;
    if (ec == http::error::header_limit)
      impl_->refuse("answer too large", true);
    else if (ec)
      impl_->refuse("not an HTTP answer: " + ec.message(), false);
    else if (impl_->parser->is_header_done())
      impl_->take_head();
  }
  if (impl_->state == State::body) impl_->judge_body(impl_->reader.feed(rest, impl_->body));
  bytes.erase(0, bytes.size() - rest.size());
  return impl_->state;
}

HttpAnswerParser::State HttpAnswerParser::finish() {
  if (impl_->state == State::body && impl_->reader.finish() == HttpBodyReader::State::complete)
    impl_->state = State::complete;
  if (impl_->state != State::complete && impl_->state != State::refused)
    impl_->refuse("closed before the end of the answer", false);
  return impl_->state;
}

void HttpAnswerParser::reset() { impl_->restart(); }
unsigned HttpAnswerParser::status() const { return impl_->parser->get().result_int(); }
const Headers& HttpAnswerParser::headers() const { return impl_->headers; }
std::string& HttpAnswerParser::body() { return impl_->body; }
const std::string& HttpAnswerParser::failure() const { return impl_->failure; }
bool HttpAnswerParser::too_large() const { return impl_->too_large; }

}  // namespace pharos::net
