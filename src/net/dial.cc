#include "net/dial.h"

#include <algorithm>
#include <utility>

#include "net/address_policy.h"
#include "net/endpoint.h"

namespace pharos::net {
namespace asio = boost::asio;
using asio::ip::address;
using asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxAddresses = 8;

bool breaks_line(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

class Handle final : public PendingDial {
 public:
  explicit Handle(std::shared_ptr<Dial> dial) : dial_(std::move(dial)) {}
  ~Handle() override { dial_->cancel(); }

 private:
  std::shared_ptr<Dial> dial_;
};

}  // namespace

std::unique_ptr<PendingDial> start_dial(std::shared_ptr<Dial> dial) {
  dial->start();
  return std::make_unique<Handle>(std::move(dial));
}

std::string host_header_of(const DialTarget& target) {
  if (!target.host_header.empty()) return target.host_header;
  const bool is_v6 = target.host.find(':') != std::string::npos;
  std::string text = is_v6 ? "[" + target.host + "]" : target.host;
  if (target.port != (target.secure ? 443 : 80)) text += ":" + std::to_string(target.port);
  return text;
}

Dial::Dial(IoShard& shard, const DialTarget& target, const DialOptions& options)
    : shard_(shard), target_(target), options_(options), deadline_(shard), lap_(steady_clock::now()) {}

void Dial::start() {
  deadline_.arm(options_.timeout, [self = shared_from_this()] {
    self->fail(NetError::timeout, std::string("no answer in time: ") + self->stage_);
  });
  restart(target_);
}

void Dial::restart(const DialTarget& target) {
  target_ = target;
  times_ = {};
  tls_ = {};
  received_.clear();
  if (stream_) stream_->close();
  stream_.reset();
  lap_ = steady_clock::now();
  if (target_.host.empty() || breaks_line(target_.host) || breaks_line(target_.target) ||
      breaks_line(target_.host_header) || target_.port == 0) {
    shard_.post([self = shared_from_this()] { self->fail(NetError::bad_address, "not a host, port and path"); });
    return;
  }
  if (options_.socks5_proxy.empty()) return resolve_name();

  // The name is the proxy's to resolve, but an address literal is known here.
  stage_ = "connecting to the proxy";
  boost::system::error_code ec;
  const address literal = asio::ip::make_address(target_.host, ec);
  const std::optional<tcp::endpoint> proxy = parse_endpoint(options_.socks5_proxy);
  if (!ec && !options_.allow_private_addresses && !is_public_address(literal)) {
    shard_.post([self = shared_from_this()] { self->fail(NetError::address_refused, self->target_.host); });
  } else if (!proxy) {
    shard_.post([self = shared_from_this()] {
      self->fail(NetError::bad_address, "proxy \"" + self->options_.socks5_proxy + "\" is not address:port");
    });
  } else {
    connector_ = connect_tcp(shard_, {*proxy},
                             [self = shared_from_this()](auto connected) { self->on_connected(std::move(connected)); });
  }
}

void Dial::resolve_name() {
  stage_ = "resolving";
  lookup_ = resolve(shard_, target_.host, [self = shared_from_this()](auto addresses) {
    if (self->done_) return;
    if (!addresses) return self->fail(NetError::dns, addresses.error());
    self->lap(self->times_.dns);
    self->connect(addresses.value());
  });
}

void Dial::connect(const std::vector<address>& addresses) {
  stage_ = "connecting";
  std::vector<tcp::endpoint> endpoints;
  for (const address& each : addresses) {
    if (!options_.allow_private_addresses && !is_public_address(each)) continue;
    if (endpoints.size() < kMaxAddresses) endpoints.emplace_back(each, target_.port);
  }
  if (endpoints.empty()) return fail(NetError::address_refused, addresses.front().to_string());
  connector_ = connect_tcp(shard_, std::move(endpoints),
                           [self = shared_from_this()](auto connected) { self->on_connected(std::move(connected)); });
}

void Dial::on_connected(Result<std::unique_ptr<ByteStream>, std::string> connected) {
  if (done_) return;
  const bool proxied = !options_.socks5_proxy.empty();
  if (!connected) return fail(proxied ? NetError::proxy : NetError::tcp, connected.error());
  stream_ = std::move(connected).value();
  address_ = stream_->peer_address();
  if (!proxied) {
    lap(times_.tcp);
    return start_tls();
  }
  socks_ = std::make_unique<Socks5Connect>(target_.host, target_.port);
  talk_to_proxy();
}

void Dial::talk_to_proxy() {
  stage_ = "waiting for the proxy";
  switch (socks_->feed(received_)) {
    case Socks5Connect::State::failed:
      return fail(NetError::proxy, socks_->failure());
    case Socks5Connect::State::connected:
      lap(times_.tcp);
      return start_tls();
    case Socks5Connect::State::working:
      break;
  }
  const auto read_on = [this] {
    read(NetError::proxy, [this](bool ended) {
      if (ended) return fail(NetError::proxy, "proxy: closed the connection");
      talk_to_proxy();
    });
  };
  std::string bytes = socks_->to_send();
  if (bytes.empty()) return read_on();
  write(std::move(bytes), NetError::proxy, read_on);
}

void Dial::start_tls() {
  if (!target_.secure) return on_open();
  stage_ = "TLS handshake";
  auto made = make_tls_client_stream(std::move(stream_), target_.host, options_.ca_file);
  if (!made) return fail(made.error().error, made.error().detail);
  TlsStream& tls = *made.value();
  stream_ = std::move(made).value();
  tls.handshake([self = shared_from_this(), &tls](const std::optional<NetFailure>& failure) {
    if (self->done_) return;
    self->tls_ = tls.peer();
    if (failure) return self->fail(failure->error, failure->detail);
    self->lap(self->times_.tls);
    self->on_open();
  });
}

void Dial::lap(std::chrono::microseconds& stage) {
  const auto now = steady_clock::now();
  stage = std::chrono::duration_cast<std::chrono::microseconds>(now - lap_);
  lap_ = now;
}

void Dial::write(std::string bytes, NetError stage, std::function<void()> next) {
  outgoing_ = std::move(bytes);
  stream_->write(outgoing_, [self = shared_from_this(), stage, next = std::move(next)](WriteOutcome outcome) {
    if (self->done_) return;
    if (!outcome.ok) return self->fail(stage, self->stream_->error_text());
    next();
  });
}

void Dial::read(NetError stage, std::function<void(bool)> next) {
  stream_->read(
      [self = shared_from_this(), stage, next = std::move(next)](ReadStatus status, std::span<std::uint8_t> bytes) {
        if (self->done_) return;
        if (status == ReadStatus::failed) return self->fail(stage, self->stream_->error_text());
        self->received_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        next(status == ReadStatus::end);
      });
}

std::unique_ptr<ByteStream> Dial::take_stream() {
  done_ = true;
  deadline_.cancel();
  return std::move(stream_);
}

void Dial::fail(NetError error, std::string detail, unsigned http_status) {
  if (done_) return;
  const std::shared_ptr<Dial> keep = shared_from_this();
  give_up();
  on_failure({{error, http_status, std::move(detail)}, times_, tls_});
}

void Dial::cancel() {
  if (!done_) give_up();
  drop_callback();
}

void Dial::give_up() {
  done_ = true;
  deadline_.cancel();
  lookup_.reset();
  connector_.reset();
  if (stream_) stream_->close();
}

}  // namespace pharos::net
