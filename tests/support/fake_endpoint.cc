#include "support/fake_endpoint.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nostr/message.h"
#include "nostr/schnorr.h"
#include "support/temp_dir.h"
#include "support/test_certificate.h"
#include "util/random.h"
#include "util/sync.h"

namespace pharos::testing {
namespace {

constexpr std::size_t kMaxKeptEvents = 1'000;
constexpr const char* kChallenge = "a challenge of the fake relay";
constexpr const char* kDocument =
    R"({"name":"fake","supported_nips":[1,11,42],"software":"https://example.com/fake","version":"1"})";

// A bound TCP socket; with a backlog it accepts connections, in the kernel alone, and never answers.
class BoundSocket {
 public:
  BoundSocket(const std::string& host, bool listening) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, generic, size) != 0 || ::getsockname(fd_, generic, &size) != 0 ||
        (listening && ::listen(fd_, 128) != 0))
      throw std::runtime_error("cannot bind a socket on " + host);
    port_ = ntohs(address.sin_port);
  }
  ~BoundSocket() { ::close(fd_); }
  BoundSocket(const BoundSocket&) = delete;
  BoundSocket& operator=(const BoundSocket&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

Event stored_note() {
  SeededRandom random(7);
  Event event;
  event.kind = 1;
  event.created_at = 1'700'000'000;
  event.content = "stored";
  sign_event(event, generate_secret_key(random), random);
  return event;
}

bool is_secure(EndpointKind kind) { return kind == EndpointKind::healthy_tls || kind == EndpointKind::bad_certificate; }

}  // namespace

class EndpointBase : public FakeEndpoint {
 public:
  EndpointBase(EndpointKind kind, const std::string& host, std::uint16_t port)
      : port_(port), url_((is_secure(kind) ? "wss://" : "ws://") + host + ":" + std::to_string(port) + "/") {}
  const std::string& url() const override { return url_; }
  std::uint16_t port() const override { return port_; }
  void become(EndpointKind) override {}
  std::uint64_t upgrades() const override { return 0; }
  std::uint64_t documents() const override { return 0; }
  std::vector<std::string> events() const override { return {}; }
  std::uint64_t most_at_once() const override { return 0; }

 private:
  std::uint16_t port_;
  std::string url_;
};

class SocketEndpoint final : public EndpointBase {
 public:
  SocketEndpoint(EndpointKind kind, const std::string& host, std::unique_ptr<BoundSocket> socket)
      : EndpointBase(kind, host, socket->port()), socket_(std::move(socket)) {}

 private:
  std::unique_ptr<BoundSocket> socket_;
};

// What a serving endpoint shares with its connections, which may outlive it.
struct Behaviour {
  std::atomic<EndpointKind> kind{EndpointKind::healthy};
  std::chrono::milliseconds delay{0};
  Event note = stored_note();
  std::atomic<std::uint64_t> upgrades{0};
  std::atomic<std::uint64_t> documents{0};
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> most{0};
  Mutex mutex;
  std::vector<std::string> events PHAROS_GUARDED_BY(mutex);

  net::HttpResponse document() {
    ++documents;
    const std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "application/nostr+json"}};
    switch (kind) {
      case EndpointKind::no_nip11:
        return {404, {}, "not here\n"};
      case EndpointKind::http_503:
        return {503, {}, "later\n"};
      case EndpointKind::huge_nip11:
        return {200, headers, R"({"name":")" + std::string(1U << 20U, 'x') + "\"}"};
      case EndpointKind::broken_nip11:
        return {200, headers, "<html>hello</html>"};
      default:
        return {200, headers, kDocument};
    }
  }
};

// One connection: answers by the book of its kind.
class Talk : public std::enable_shared_from_this<Talk> {
 public:
  Talk(const net::WsConnectionPtr& connection, std::shared_ptr<Behaviour> behaviour)
      : connection_(connection), behaviour_(std::move(behaviour)), timer_(connection->shard()) {}

  void begin() {
    Behaviour& b = *behaviour_;
    ++b.upgrades;
    const std::uint64_t open = ++b.open;
    std::uint64_t most = b.most;
    while (most < open && !b.most.compare_exchange_weak(most, open)) {
    }
    auto self = shared_from_this();
    const auto connection = connection_.lock();
    connection->start({[self](std::string_view text) { self->on_message(text); }, [] {},
                       [self](net::CloseCause, std::uint16_t, std::string_view) {
                         --self->behaviour_->open;
                         self->timer_.cancel();
                       }});
    if (b.kind == EndpointKind::auth_required) {
      std::string text;
      append_auth_challenge(text, kChallenge);
      say(text);
    }
    if (b.kind == EndpointKind::closes) connection->close(net::CloseCause::policy, 1008, "go away");
  }

 private:
  void say(const std::string& text) {
    if (const auto connection = connection_.lock()) connection->send(text);
  }

  void on_message(std::string_view text) {
    switch (behaviour_->kind) {
      case EndpointKind::mute:
        return;
      case EndpointKind::garbage:
        return say("hello, push service here");
      case EndpointKind::flood:
        for (int i = 0; i < 1'000; ++i) say(R"(["NOTICE","flood"])");
        return;
      case EndpointKind::slow:
        timer_.arm(behaviour_->delay, [self = shared_from_this(), copy = std::string(text)] { self->answer(copy); });
        return;
      default:
        return answer(text);
    }
  }

  void answer(std::string_view text) {
    const auto message = parse_client_message(text, {});
    if (!message) {
      std::string out;
      append_notice(out, message.error().reason);
      return say(out);
    }
    std::visit([&](const auto& command) { on(command, text); }, message.value());
  }

  bool locked() const { return behaviour_->kind == EndpointKind::auth_required && !authenticated_; }

  void on(const ReqCommand& command, std::string_view) {
    std::string out;
    if (locked()) {
      append_closed(out, command.subscription, "auth-required: who are you?");
      return say(out);
    }
    if (behaviour_->kind != EndpointKind::empty) {
      append_event_prefix(out, command.subscription);
      append_event_json(out, behaviour_->note);
      out += ']';
      say(out);
      out.clear();
    }
    append_eose(out, command.subscription);
    say(out);
  }

  void on(const EventCommand& command, std::string_view text) {
    {
      Lock lock(behaviour_->mutex);
      if (behaviour_->events.size() < kMaxKeptEvents) behaviour_->events.emplace_back(text);
    }
    std::string reason;
    if (locked()) reason = "auth-required: who are you?";
    if (behaviour_->kind == EndpointKind::read_only) reason = "restricted: nothing is taken here";
    if (behaviour_->kind == EndpointKind::pow) reason = "pow: 28 bits needed";
    if (verify_event(command.event) != EventFault::none) reason = "invalid: signature";
    std::string out;
    append_ok(out, command.event.id.hex(), reason.empty(), reason);
    say(out);
  }

  void on(const AuthCommand& command, std::string_view) {
    authenticated_ = verify_event(command.event) == EventFault::none &&
                     command.event.tags.first("challenge") == std::string_view(kChallenge);
    std::string out;
    append_ok(out, command.event.id.hex(), authenticated_, authenticated_ ? "" : "invalid: challenge");
    say(out);
  }

  template <class Other>
  void on(const Other&, std::string_view) {}

  std::weak_ptr<net::WsConnection> connection_;  // which owns us
  std::shared_ptr<Behaviour> behaviour_;
  net::Timer timer_;
  bool authenticated_ = false;
};

class ServerEndpoint final : public EndpointBase {
 public:
  ServerEndpoint(const std::string& host, std::shared_ptr<Behaviour> behaviour, std::unique_ptr<net::Server> server,
                 std::uint16_t port)
      : EndpointBase(behaviour->kind, host, port), behaviour_(std::move(behaviour)), server_(std::move(server)) {}

  void become(EndpointKind kind) override { behaviour_->kind = kind; }
  std::uint64_t upgrades() const override { return behaviour_->upgrades; }
  std::uint64_t documents() const override { return behaviour_->documents; }
  std::uint64_t most_at_once() const override { return behaviour_->most; }
  std::vector<std::string> events() const override {
    Lock lock(behaviour_->mutex);
    return behaviour_->events;
  }

 private:
  std::shared_ptr<Behaviour> behaviour_;
  std::unique_ptr<net::Server> server_;
};

struct FakeEndpoints::Impl {
  explicit Impl(net::IoShards& s) : shards(s) {
    write("ca.pem", authority.certificate);
    CertificateRequest request;
    request.ip_addresses = {"127.0.0.1"};
    good = load("good", make_certificate(authority, request));
    bad = load("bad", make_certificate(make_authority("Nobody"), request));
  }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = (directory.path() / name).string();
    std::ofstream(path) << text;
    return path;
  }

  std::shared_ptr<Snapshot<net::TlsContext>> load(const std::string& name, const TestCertificate& certificate) {
    auto context =
        net::TlsContext::load(write(name + ".pem", certificate.certificate), write(name + ".key", certificate.key));
    if (!context) throw std::runtime_error(context.error().detail);
    return std::make_shared<Snapshot<net::TlsContext>>(context.value());
  }

  net::IoShards& shards;
  TempDir directory;
  TestCertificate authority = make_authority();
  std::shared_ptr<Snapshot<net::TlsContext>> good;
  std::shared_ptr<Snapshot<net::TlsContext>> bad;
  std::vector<std::unique_ptr<FakeEndpoint>> endpoints;
};

FakeEndpoints::FakeEndpoints(net::IoShards& shards) : impl_(std::make_unique<Impl>(shards)) {}
FakeEndpoints::~FakeEndpoints() = default;
std::string FakeEndpoints::ca_file() const { return (impl_->directory.path() / "ca.pem").string(); }

FakeEndpoint& FakeEndpoints::add(EndpointKind kind, const std::string& host) {
  if (kind == EndpointKind::silent || kind == EndpointKind::dead) {
    auto socket = std::make_unique<BoundSocket>(host, kind == EndpointKind::silent);
    return *impl_->endpoints.emplace_back(std::make_unique<SocketEndpoint>(kind, host, std::move(socket)));
  }
  auto behaviour = std::make_shared<Behaviour>();
  behaviour->kind = kind;
  behaviour->delay = delay;

  net::ServerHandlers handlers;
  handlers.on_http = [behaviour](const net::HttpRequest&) { return behaviour->document(); };
  handlers.on_upgrade = [behaviour](const net::HttpRequest&) -> std::optional<net::HttpResponse> {
    if (behaviour->kind != EndpointKind::http_503) return std::nullopt;
    return net::HttpResponse{503, {}, "later\n"};
  };
  handlers.on_connection = [behaviour](net::WsConnectionPtr connection, const net::HttpRequest&) {
    std::make_shared<Talk>(connection, behaviour)->begin();
  };
  net::ServerOptions options;
  options.listen = host + ":0";
  std::shared_ptr<Snapshot<net::TlsContext>> tls;
  if (is_secure(kind)) tls = kind == EndpointKind::healthy_tls ? impl_->good : impl_->bad;
  auto server = net::Server::listen(options, impl_->shards, {&impl_->shards.serving(0)}, std::move(handlers), tls);
  if (!server) throw std::runtime_error(server.error().detail);
  const std::string address = server.value()->address();
  const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
  return *impl_->endpoints.emplace_back(
      std::make_unique<ServerEndpoint>(host, std::move(behaviour), std::move(server).value(), port));
}

}  // namespace pharos::testing
