#include <optional>
#include <utility>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "net/dial.h"
#include "net/http_answer_parser.h"
#include "net/ws_connector.h"

namespace pharos::net {
namespace {

namespace urls = boost::urls;

constexpr std::size_t kMaxHeadBytes = 32 * 1024;

using FetchCallback = std::function<void(Result<Fetched, DialFailure>)>;

// Where a redirect leads; nullopt when that is not an http or https URL.
std::optional<DialTarget> redirect_target(const DialTarget& from, const std::string& location) {
  const std::string base_text =
      std::string(from.secure ? "https" : "http") + "://" + host_header_of(from) + from.target;
  const auto base = urls::parse_uri(base_text);
  const auto reference = urls::parse_uri_reference(location);
  if (!base || !reference) return std::nullopt;
  urls::url resolved;
  if (!urls::resolve(*base, *reference, resolved)) return std::nullopt;

  DialTarget target;
  if (resolved.scheme_id() == urls::scheme::https)
    target.secure = true;
  else if (resolved.scheme_id() != urls::scheme::http)
    return std::nullopt;
  target.host = resolved.host_address();
  target.port = resolved.has_port() && !resolved.port().empty() ? resolved.port_number()
                                                                : static_cast<std::uint16_t>(target.secure ? 443 : 80);
  target.target = std::string(resolved.encoded_resource());
  if (!target.target.starts_with('/')) target.target.insert(0, "/");
  return target;
}

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

class HttpGet final : public Dial {
 public:
  HttpGet(IoShard& shard, const DialTarget& target, const FetchOptions& options, FetchCallback done)
      : Dial(shard, target, options.dial),
        fetch_(options),
        callback_(std::move(done)),
        parser_({kMaxHeadBytes, options.max_body_bytes, false}) {}

 private:
  void on_open() override {
    std::string request = (fetch_.post ? "POST " : "GET ") + target_.target + " HTTP/1.1\r\n";
    append_header(request, "Host", host_header_of(target_));
    if (!options_.user_agent.empty()) append_header(request, "User-Agent", options_.user_agent);
    for (const auto& [name, value] : fetch_.headers) append_header(request, name, value);
    if (fetch_.post) append_header(request, "Content-Length", std::to_string(fetch_.post->size()));
    append_header(request, "Connection", "close");
    request += "\r\n";
    if (fetch_.post) request += *fetch_.post;
    parser_.reset();
    stage_ = "waiting for the answer";
    write(std::move(request), NetError::http, [this] { read_answer(); });
  }

  void read_answer() {
    read(NetError::http, [this](bool ended) {
      HttpAnswerParser::State state = parser_.feed(received_);
      if (ended) state = parser_.finish();
      switch (state) {
        case HttpAnswerParser::State::refused:
          return fail(parser_.too_large() ? NetError::too_large : NetError::http, parser_.failure());
        case HttpAnswerParser::State::complete:
          return answered();
        case HttpAnswerParser::State::head:
        case HttpAnswerParser::State::body:
          return read_answer();
      }
    });
  }

  void answered() {
    const std::string location = header_of(parser_.headers(), "Location");
    if (is_redirect(parser_.status()) && !location.empty() && redirects_ < fetch_.max_redirects) {
      ++redirects_;
      const std::optional<DialTarget> next = redirect_target(target_, location);
      if (!next) return fail(NetError::http, "redirect to something else than http: " + location, parser_.status());
      return restart(*next);
    }
    lap(times_.http);
    Fetched fetched{parser_.status(), parser_.headers(), std::move(parser_.body()), times_, tls_};
    take_stream()->close();
    if (const FetchCallback callback = std::exchange(callback_, nullptr)) callback(std::move(fetched));
  }

  void on_failure(DialFailure failure) override {
    if (const FetchCallback callback = std::exchange(callback_, nullptr)) callback(std::move(failure));
  }
  void drop_callback() override { callback_ = nullptr; }

  const FetchOptions fetch_;
  FetchCallback callback_;
  HttpAnswerParser parser_;
  unsigned redirects_ = 0;
};

}  // namespace

std::unique_ptr<PendingDial> http_get(IoShard& shard, const DialTarget& target, const FetchOptions& options,
                                      FetchCallback done) {
  return start_dial(std::make_shared<HttpGet>(shard, target, options, std::move(done)));
}

}  // namespace pharos::net
