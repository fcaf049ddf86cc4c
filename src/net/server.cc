#include "net/server.h"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

#include "net/address_text.h"
#include "net/admission.h"
#include "net/endpoint.h"
#include "net/http_session.h"
#include "net/listening_impl.h"
#include "net/shard_impl.h"
#include "net/tcp_stream.h"
#include "util/log.h"
#include "util/owned_fd.h"

namespace pharos::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Out of descriptors or memory: accepting again at once would spin.
constexpr std::chrono::milliseconds kAcceptPause{100};
// Connections taken in one turn of the loop, so that a flood leaves time for those that are open.
constexpr int kAcceptsPerTurn = 64;

// Lives on the shard `on[0]`; kept alive by its pending wait.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(const ServerOptions& options, std::vector<IoShard*> on, ServerHandlers handlers,
           std::shared_ptr<Snapshot<TlsContext>> tls)
      : shared_(std::make_shared<ServerShared>(options, std::move(handlers), std::move(tls))),
        on_(std::move(on)),
        admission_(std::make_shared<Admission>(options.max_connections, options.max_connections_per_address)),
        acceptor_(on_.front()->impl().context) {}

  std::optional<NetFailure> bind();
  void start() {
    on_.front()->post([self = shared_from_this()] {
      self->retry_.emplace(*self->on_.front());
      self->wait();
    });
  }
  void stop() {
    if (stopping_.exchange(true)) return;
    on_.front()->post([self = shared_from_this()] {
      if (self->retry_) self->retry_->cancel();
      error_code ignored;
      self->acceptor_.close(ignored);
    });
  }
  std::string address() const { return to_text(bound_); }
  std::size_t connections() const { return admission_->connections(); }

 private:
  void wait();
  void accept_some();
  void pause(int error);
  void hand_over(std::shared_ptr<OwnedFd> fd, const tcp::endpoint& peer);

  const std::shared_ptr<const ServerShared> shared_;
  const std::vector<IoShard*> on_;
  const std::shared_ptr<Admission> admission_;
  tcp::acceptor acceptor_;
  tcp::endpoint bound_;
  std::optional<Timer> retry_;
  std::size_t next_ = 0;
  bool paused_before_ = false;
  std::atomic<bool> stopping_ = false;
};

std::optional<NetFailure> Listener::bind() {
  const std::string& text = shared_->options.listen;
  if (auto fault = open_listening(acceptor_, text)) return fault;
  error_code ec;
  bound_ = acceptor_.local_endpoint(ec);
  if (ec) return NetFailure{NetError::bind, 0, "cannot listen on " + text + ": " + ec.message()};
  return std::nullopt;
}

void Listener::wait() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [self = shared_from_this()](const error_code& ec) {
    if (self->stopping_ || ec == asio::error::operation_aborted) return;
    if (ec) return self->pause(ec.value());
    self->accept_some();
  });
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int fd = ::accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause(errno);
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      continue;  // this one connection failed before it was taken
    }
    paused_before_ = false;
    peer.resize(size);
    hand_over(std::make_shared<OwnedFd>(fd), peer);
  }
  wait();
}

void Listener::pause(int error) {
  const metrics::NetMetrics& metrics = on_.front()->metrics();
  metrics.rejected[static_cast<std::size_t>(metrics::NetMetrics::Rejected::fds)].add();
  if (!std::exchange(paused_before_, true))
    log::warn("net", "cannot accept connections for now",
              {{"listen", address()}, {"reason", std::generic_category().message(error)}});
  retry_->arm(kAcceptPause, [self = shared_from_this()] {
    if (!self->stopping_) self->accept_some();
  });
}

void Listener::hand_over(std::shared_ptr<OwnedFd> fd, const tcp::endpoint& peer) {
  const std::string text = to_text(peer);
  const auto reject = [this](metrics::NetMetrics::Rejected reason) {
    on_.front()->metrics().rejected[static_cast<std::size_t>(reason)].add();
  };
  const bool speaks_for_many = is_trusted(shared_->options.trusted_proxies, text);
  if (!speaks_for_many && shared_->blocks(text)) return reject(metrics::NetMetrics::Rejected::blocked);
  std::shared_ptr<Admission::Ticket> ticket =
      admission_->enter(speaks_for_many ? std::string() : address_block(host_of(text)));
  if (!ticket) return reject(metrics::NetMetrics::Rejected::max);
  IoShard& shard = *on_[next_++ % on_.size()];
  const auto protocol = bound_.protocol();
  shard.post([fd = std::move(fd), ticket = std::move(ticket), shared = shared_, &shard, peer, protocol] {
    error_code ec;
    tcp::socket socket(shard.impl().context);
    socket.assign(protocol, fd->get(), ec);
    if (ec) return;
    fd->release();
    serve_connection(shared, make_tcp_stream(shard, std::move(socket), peer), ticket);
  });
}

class ListeningServer final : public Server {
 public:
  explicit ListeningServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
  ~ListeningServer() override { listener_->stop(); }
  std::string address() const override { return listener_->address(); }
  void stop_accepting() override { listener_->stop(); }
  std::size_t connection_count() const override { return listener_->connections(); }

 private:
  std::shared_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<Server>, NetFailure> Server::listen(const ServerOptions& options, IoShards& shards,
                                                           std::vector<IoShard*> on, ServerHandlers handlers,
                                                           std::shared_ptr<Snapshot<TlsContext>> tls) {
  if (on.empty()) on.push_back(&shards.serving(0));
  auto listener = std::make_shared<Listener>(options, std::move(on), std::move(handlers), std::move(tls));
  if (std::optional<NetFailure> failure = listener->bind()) return std::move(*failure);
  listener->start();
  return std::unique_ptr<Server>(std::make_unique<ListeningServer>(std::move(listener)));
}

}  // namespace pharos::net
