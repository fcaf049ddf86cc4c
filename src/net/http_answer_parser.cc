#include "net/http_answer_parser.h"

#include <limits>
#include <optional>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace pharos::net {
namespace http = boost::beast::http;

struct HttpAnswerParser::Impl {
  explicit Impl(const Options& options_in) : options(options_in) { restart(); }

  void restart() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(options.max_head_bytes, std::numeric_limits<std::uint32_t>::max())));
    // A body that nobody will read has no cap of its own: its length is not our business.
    if (options.head_only)
      parser->body_limit(boost::none);
    else
      parser->body_limit(options.max_body_bytes);
    parser->eager(!options.head_only);
    state = State::head;
    headers.clear();
    failure.clear();
    too_large = false;
  }

  State check(const boost::system::error_code& ec) {
    if (!ec || ec == http::error::need_more) return state;
    too_large = ec == http::error::body_limit || ec == http::error::header_limit;
    failure = too_large ? "answer too large" : "not an HTTP answer: " + ec.message();
    return state = State::refused;
  }

  void take_head() {
    for (const auto& field : parser->get())
      headers.emplace_back(std::string(field.name_string()), std::string(trimmed(field.value())));
    state = State::body;
  }

  const Options options;
  std::optional<http::response_parser<http::string_body>> parser;
  State state = State::head;
  Headers headers;
  std::string failure;
  bool too_large = false;
};

HttpAnswerParser::HttpAnswerParser(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
HttpAnswerParser::~HttpAnswerParser() = default;

HttpAnswerParser::State HttpAnswerParser::feed(std::string& bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && (impl_->state == State::head || impl_->state == State::body)) {
    boost::system::error_code ec;
    const std::size_t n = impl_->parser->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
    if (impl_->check(ec) == State::refused) break;
    if (impl_->state == State::head && impl_->parser->is_header_done()) impl_->take_head();
    const bool done = impl_->parser->is_done() || (impl_->options.head_only && impl_->state == State::body);
    // Hints that come before the answer proper.
    if (done && status() < 200 && status() != 101)
      impl_->restart();
    else if (done)
      impl_->state = State::complete;
    else if (n == 0 || ec == http::error::need_more)
      break;
  }
  bytes.erase(0, used);
  return impl_->state;
}

HttpAnswerParser::State HttpAnswerParser::finish() {
  if (impl_->state == State::complete || impl_->state == State::refused) return impl_->state;
  boost::system::error_code ec;
  if (impl_->state == State::body) impl_->parser->put_eof(ec);
  if (impl_->state == State::head || ec) {
    impl_->failure = "closed before the end of the answer";
    return impl_->state = State::refused;
  }
  return impl_->state = State::complete;
}

void HttpAnswerParser::reset() { impl_->restart(); }
unsigned HttpAnswerParser::status() const { return impl_->parser->get().result_int(); }
const Headers& HttpAnswerParser::headers() const { return impl_->headers; }
std::string& HttpAnswerParser::body() { return impl_->parser->get().body(); }
const std::string& HttpAnswerParser::failure() const { return impl_->failure; }
bool HttpAnswerParser::too_large() const { return impl_->too_large; }

}  // namespace pharos::net
