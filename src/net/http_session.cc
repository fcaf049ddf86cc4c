#include "net/http_session.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

#include "net/address_text.h"
#include "net/http_message.h"
#include "net/http_request_parser.h"
#include "net/proxied_stream.h"
#include "net/tls_stream.h"
#include "net/ws_extension.h"
#include "net/ws_handshake.h"
#include "net/ws_stream.h"
#include "util/log.h"

namespace pharos::net {
namespace {

using metrics::NetMetrics;

// A client that is still sending when it is answered gets this long to read the answer.
constexpr std::chrono::milliseconds kLinger{2'000};

HttpResponse text_response(unsigned status) {
  return {status, {{"Content-Type", "text/plain"}}, std::string(reason_phrase(status)) + "\n"};
}

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<const ServerShared> shared, std::unique_ptr<ByteStream> stream,
              std::shared_ptr<Admission::Ticket> ticket)
      : shared_(std::move(shared)),
        options_(shared_->options),
        shard_(stream->shard()),
        stream_(std::move(stream)),
        ticket_(std::move(ticket)),
        parser_(options_.max_header_bytes, options_.max_body_bytes),
        deadline_(shard_) {}

  void start();

 private:
  void read_proxy_header();
  void begin();
  void refuse_for_room();
  bool refuse_for_rate(const std::string& peer_address);
  void shake_hands(std::shared_ptr<const TlsContext> context);
  void arm_deadline(std::chrono::milliseconds delay);
  void on_deadline();
  void read_on();
  void parse();
  void answer_request();
  bool answer_later(const HttpRequest& request, bool keep_alive);
  void on_answer(std::size_t request, bool keep_alive, HttpResponse response);
  HttpResponse plain_response(const HttpRequest& request);
  void upgrade();
  void respond(HttpResponse response, bool keep_alive);
  void on_responded(bool keep_alive);
  void write(std::string bytes, std::function<void()> next);
  void linger();
  void finish();
  std::string client_address(const HttpRequest& request) const;
  void warn_of_hidden_clients(const HttpRequest& request) const;
  const NetMetrics& metrics() const { return shard_.metrics(); }
  void count_rejected(NetMetrics::Rejected reason, const std::string& client = {}) const {
    metrics().rejected[static_cast<std::size_t>(reason)].add();
    if (log::level() > log::Level::debug || !stream_) return;
    log::debug("net", "connection refused",
               {{"peer", client.empty() ? stream_->peer_address() : client},
                {"reason", NetMetrics::kRejectedLabels[static_cast<std::size_t>(reason)]}});
  }

  const std::shared_ptr<const ServerShared> shared_;
  const ServerOptions& options_;
  IoShard& shard_;
  std::unique_ptr<ByteStream> stream_;  // nullptr while proxy_header_ has it
  std::shared_ptr<ProxyHeaderReader> proxy_header_;
  std::shared_ptr<Admission::Ticket> ticket_;
  HttpRequestParser parser_;
  std::string received_;
  std::string outgoing_;
  std::size_t requests_ = 0;
  bool counted_ = false;  // the first request, with the handshake
  bool reading_ = false;
  bool answering_ = false;
  bool awaited_ = false;  // the answer that on_http_later promised
  bool writing_ = false;
  bool continue_sent_ = false;
  bool lingering_ = false;
  Timer deadline_;
};

void HttpSession::start() {
  arm_deadline(options_.handshake_timeout);
  if (options_.proxy_protocol && is_trusted(options_.trusted_proxies, stream_->peer_address()))
    return read_proxy_header();
  begin();
}

void HttpSession::read_proxy_header() {
  proxy_header_ = std::make_shared<ProxyHeaderReader>(std::move(stream_));
  proxy_header_->start([self = shared_from_this()](std::unique_ptr<ByteStream> stream) {
    self->proxy_header_.reset();
    self->stream_ = std::move(stream);
    if (!self->stream_) {
      self->count_rejected(NetMetrics::Rejected::handshake);
      return self->finish();
    }
    const std::string& peer = self->stream_->peer_address();
    if (!is_trusted(self->options_.trusted_proxies, peer)) self->ticket_->speak_for(address_block(host_of(peer)));
    self->begin();
  });
}

void HttpSession::begin() {
  std::shared_ptr<const TlsContext> context = shared_->tls ? shared_->tls->get() : nullptr;
  if (context)
    shake_hands(std::move(context));
  else
    read_on();
}

void HttpSession::shake_hands(std::shared_ptr<const TlsContext> context) {
  const std::string& peer = stream_->peer_address();
  if (is_trusted(options_.trusted_proxies, peer)) {
    // For whom it speaks comes with the request.
  } else if (shared_->blocks(peer)) {
    count_rejected(NetMetrics::Rejected::blocked);
    return finish();
  } else if (shared_->handlers.is_too_fast) {
    if (shared_->handlers.is_too_fast(peer)) {
      count_rejected(NetMetrics::Rejected::rate);
      return finish();
    }
    counted_ = true;
  }
  std::unique_ptr<TlsStream> tls = make_tls_server_stream(std::move(stream_), std::move(context));
  TlsStream& handshaking = *tls;
  stream_ = std::move(tls);
  handshaking.handshake([self = shared_from_this()](const std::optional<NetFailure>& failure) {
    if (!failure) return self->read_on();
    self->metrics().tls_handshake_failures.add();
    self->count_rejected(NetMetrics::Rejected::handshake);
    log::debug("net", "TLS handshake failed", {{"peer", self->stream_->peer_address()}, {"reason", failure->detail}});
    self->finish();
  });
}

void HttpSession::arm_deadline(std::chrono::milliseconds delay) {
  deadline_.arm(delay, [self = shared_from_this()] { self->on_deadline(); });
}

void HttpSession::on_deadline() {
  if (std::exchange(awaited_, false)) return respond(text_response(503), false);
  const bool is_awaiting = !answering_ && !lingering_;
  if (is_awaiting && requests_ == 0) count_rejected(NetMetrics::Rejected::handshake);
  // A peer that leaves our "100 Continue" unread would not read a 408 either, and the stream takes one write at a time.
  if (is_awaiting && !writing_ && parser_.begun()) return respond(text_response(408), false);
  finish();
}

void HttpSession::read_on() {
  if (reading_) return;
  reading_ = true;
  stream_->read([self = shared_from_this()](ReadStatus status, std::span<std::uint8_t> bytes) {
    self->reading_ = false;
    if (status != ReadStatus::data) return self->finish();
    if (self->lingering_) return self->read_on();
    // Answered already, because it took too long.
    if (self->answering_) return;
    self->received_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    self->parse();
  });
}

void HttpSession::parse() {
  const bool first_byte = !parser_.begun() && requests_ != 0;
  switch (parser_.feed(received_)) {
    case HttpRequestParser::State::complete:
      return answer_request();
    case HttpRequestParser::State::refused:
      if (requests_ == 0) count_rejected(NetMetrics::Rejected::handshake);
      return respond(text_response(parser_.status()), false);
    case HttpRequestParser::State::body:
      if (parser_.expects_continue() && !continue_sent_) {
        continue_sent_ = true;
        return write("HTTP/1.1 100 Continue\r\n\r\n", [this] { read_on(); });
      }
      break;
    case HttpRequestParser::State::head:
      break;
  }
  if (first_byte && parser_.begun()) arm_deadline(options_.handshake_timeout);
  read_on();
}

std::string HttpSession::client_address(const HttpRequest& request) const {
  return forwarded_client(request.header("X-Forwarded-For"), stream_->peer_address(), options_.trusted_proxies);
}

void HttpSession::warn_of_hidden_clients(const HttpRequest& request) const {
  if (shared_->warned_of_hidden_clients) return;
  const std::string& peer = stream_->peer_address();
  if (!hides_its_clients(request.header("X-Forwarded-For"), request.header("Host"), peer, options_.trusted_proxies))
    return;
  if (!shared_->warned_of_hidden_clients.exchange(true))
    log::warn("net", "a proxy sends no X-Forwarded-For: limits and bans by address hold for all its clients or none",
              {{"listen", options_.listen}, {"peer", peer}, {"host", request.header("Host")}});
}

void HttpSession::answer_request() {
  ++requests_;
  answering_ = true;
  deadline_.cancel();
  HttpRequest& request = parser_.request();
  request.peer_address = client_address(request);
  warn_of_hidden_clients(request);
  if (ticket_->refused()) return refuse_for_room();
  if (shared_->blocks(request.peer_address)) {
    count_rejected(NetMetrics::Rejected::blocked, request.peer_address);
    return respond(text_response(403), false);
  }
  if (refuse_for_rate(request.peer_address)) return;
  if (shared_->handlers.on_connection && asks_for_websocket(request)) {
    // A connection of a proxy brings one client when it is a WebSocket, and whoever comes when it is not.
    const bool is_forwarded = request.peer_address != stream_->peer_address();
    if (is_forwarded && !ticket_->speak_for(address_block(host_of(request.peer_address)))) return refuse_for_room();
    return upgrade();
  }
  const bool keep_alive = parser_.keep_alive() && requests_ < options_.max_requests_per_connection;
  if (!answer_later(request, keep_alive)) respond(plain_response(request), keep_alive);
}

void HttpSession::refuse_for_room() {
  count_rejected(*ticket_->refused());
  HttpResponse response = text_response(503);
  response.headers.emplace_back("Retry-After", "30");
  respond(std::move(response), false);
}

bool HttpSession::refuse_for_rate(const std::string& peer_address) {
  if (!shared_->handlers.is_too_fast || std::exchange(counted_, false)) return false;
  const auto wait = shared_->handlers.is_too_fast(peer_address);
  if (!wait) return false;
  count_rejected(NetMetrics::Rejected::rate, peer_address);
  HttpResponse response = text_response(429);
  response.headers.emplace_back("Retry-After", std::to_string(wait->count()));
  respond(std::move(response), false);
  return true;
}

bool HttpSession::answer_later(const HttpRequest& request, bool keep_alive) {
  if (!shared_->handlers.on_http_later) return false;
  const HttpAnswer answer = [weak = weak_from_this(), &shard = shard_, number = requests_,
                             keep_alive](HttpResponse response) {
    shard.post([weak, number, keep_alive, shared = std::make_shared<HttpResponse>(std::move(response))] {
      if (const auto self = weak.lock()) self->on_answer(number, keep_alive, std::move(*shared));
    });
  };
  try {
    awaited_ = shared_->handlers.on_http_later(request, answer);
  } catch (const std::exception& e) {
    metrics().handler_exceptions.add();
    log::error("net", "exception escaped a request handler", {{"target", request.target}, {"what", e.what()}});
    respond(text_response(500), false);
    return true;
  }
  // Keeps the session alive meanwhile.
  if (awaited_) arm_deadline(options_.answer_timeout);
  return awaited_;
}

void HttpSession::on_answer(std::size_t request, bool keep_alive, HttpResponse response) {
  if (request != requests_ || !std::exchange(awaited_, false)) return;
  respond(std::move(response), keep_alive);
}

HttpResponse HttpSession::plain_response(const HttpRequest& request) {
  try {
    if (shared_->handlers.on_http) return shared_->handlers.on_http(request);
  } catch (const std::exception& e) {
    metrics().handler_exceptions.add();
    log::error("net", "exception escaped a request handler", {{"target", request.target}, {"what", e.what()}});
    return text_response(500);
  }
  if (!shared_->handlers.on_connection) return text_response(404);
  HttpResponse response = text_response(426);
  response.headers.emplace_back("Upgrade", "websocket");
  return response;
}

void HttpSession::upgrade() {
  const HttpRequest& request = parser_.request();
  std::optional<HttpResponse> refusal = check_upgrade(request, parser_.is_http_1_0());
  if (refusal) count_rejected(NetMetrics::Rejected::handshake);
  if (!refusal && shared_->handlers.on_upgrade) {
    try {
      refusal = shared_->handlers.on_upgrade(request);
    } catch (const std::exception& e) {
      metrics().handler_exceptions.add();
      log::error("net", "exception escaped an upgrade handler", {{"what", e.what()}});
      refusal = text_response(500);
    }
  }
  if (refusal) return respond(std::move(*refusal), false);

  const DeflateAnswer deflate = answer_deflate_offer(request.header("Sec-WebSocket-Extensions"), options_.ws);
  arm_deadline(options_.handshake_timeout);
  write(switching_protocols(request, deflate.header), [this, params = deflate.params] {
    deadline_.cancel();
    metrics().listeners[static_cast<std::size_t>(options_.listener)].opened.add();
    const HttpRequest upgraded = std::move(parser_.request());
    WsSetup setup;
    setup.options = options_.ws;
    setup.deflate = params;
    setup.received = std::move(received_);
    setup.peer_address = upgraded.peer_address;
    setup.slot = std::move(ticket_);
    const WsConnectionPtr connection = make_ws_connection(std::move(stream_), std::move(setup));
    shared_->handlers.on_connection(connection, upgraded);
  });
}

void HttpSession::respond(HttpResponse response, bool keep_alive) {
  answering_ = true;
  const std::size_t code_class = std::clamp<std::size_t>(response.status / 100, 1, 5) - 1;
  metrics().listeners[static_cast<std::size_t>(options_.listener)].requests[code_class].add();

  std::string out = parser_.state() != HttpRequestParser::State::refused && parser_.is_http_1_0() && keep_alive
                        ? "HTTP/1.0 "
                        : "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  append_header(out, "Date", http_date(std::time(nullptr)));
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  const bool bodyless = response.status == 204 || response.status == 304 || response.status < 200;
  if (!bodyless) append_header(out, "Content-Length", std::to_string(response.body.size()));
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  out += "\r\n";
  if (!bodyless && parser_.request().method != "HEAD") out += response.body;

  arm_deadline(options_.handshake_timeout);
  write(std::move(out), [this, keep_alive] { on_responded(keep_alive); });
}

void HttpSession::on_responded(bool keep_alive) {
  if (!keep_alive) return linger();
  answering_ = false;
  continue_sent_ = false;
  parser_.reset();
  arm_deadline(received_.empty() ? options_.http_idle_timeout : options_.handshake_timeout);
  if (received_.empty())
    read_on();
  else
    parse();
}

// next runs once all bytes are with the kernel, while this is alive.
void HttpSession::write(std::string bytes, std::function<void()> next) {
  writing_ = true;
  outgoing_ = std::move(bytes);
  stream_->write(outgoing_, [self = shared_from_this(), next = std::move(next)](WriteOutcome outcome) {
    self->writing_ = false;
    if (!outcome.ok) return self->finish();
    std::string().swap(self->outgoing_);
    next();
  });
}

void HttpSession::linger() {
  lingering_ = true;
  stream_->shutdown_write();
  arm_deadline(kLinger);
  read_on();
}

void HttpSession::finish() {
  deadline_.cancel();
  if (proxy_header_) proxy_header_->close();
  proxy_header_.reset();
  if (stream_) stream_->close();
  ticket_.reset();
}

}  // namespace

void serve_connection(std::shared_ptr<const ServerShared> shared, std::unique_ptr<ByteStream> stream,
                      std::shared_ptr<Admission::Ticket> ticket) {
  std::make_shared<HttpSession>(std::move(shared), std::move(stream), std::move(ticket))->start();
}

}  // namespace pharos::net
