#include "net/tcp_connector.h"

#include <list>
#include <utility>

#include "net/endpoint.h"
#include "net/shard_impl.h"
#include "net/tcp_stream.h"

namespace pharos::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kHeadStart{250};

struct Race : std::enable_shared_from_this<Race> {
  Race(IoShard& shard_in, std::vector<tcp::endpoint> endpoints_in, ConnectHandler handler_in)
      : shard(shard_in), endpoints(std::move(endpoints_in)), handler(std::move(handler_in)), head_start(shard_in) {}

  void start_next();
  void on_connected(std::list<tcp::socket>::iterator attempt, const tcp::endpoint& endpoint, const error_code& ec);
  void finish(Result<std::unique_ptr<ByteStream>, std::string> result);
  void cancel();

  IoShard& shard;
  std::vector<tcp::endpoint> endpoints;
  ConnectHandler handler;
  Timer head_start;
  std::list<tcp::socket> attempts;
  std::size_t next = 0;
  std::size_t failed = 0;
  bool done = false;
};

void Race::start_next() {
  if (done || next == endpoints.size()) return;
  const tcp::endpoint endpoint = endpoints[next++];
  attempts.emplace_back(shard.impl().context);
  const auto attempt = std::prev(attempts.end());
  attempt->async_connect(endpoint, [self = shared_from_this(), attempt, endpoint](const error_code& ec) {
    if (!self->done) self->on_connected(attempt, endpoint, ec);
  });
  if (next < endpoints.size()) head_start.arm(kHeadStart, [self = shared_from_this()] { self->start_next(); });
}

void Race::on_connected(std::list<tcp::socket>::iterator attempt, const tcp::endpoint& endpoint, const error_code& ec) {
  if (!ec) {
    tcp::socket socket = std::move(*attempt);
    return finish(make_tcp_stream(shard, std::move(socket), endpoint));
  }
  attempts.erase(attempt);
  if (++failed == endpoints.size()) return finish(to_text(endpoint) + ": " + ec.message());
  start_next();
}

void Race::finish(Result<std::unique_ptr<ByteStream>, std::string> result) {
  const ConnectHandler finished = std::move(handler);
  cancel();
  finished(std::move(result));
}

void Race::cancel() {
  done = true;
  handler = nullptr;
  head_start.cancel();
  attempts.clear();
}

class RunningRace final : public TcpConnector {
 public:
  explicit RunningRace(std::shared_ptr<Race> race) : race_(std::move(race)) {}
  ~RunningRace() override { race_->cancel(); }

 private:
  std::shared_ptr<Race> race_;
};

}  // namespace

std::unique_ptr<TcpConnector> connect_tcp(IoShard& shard, std::vector<tcp::endpoint> endpoints,
                                          ConnectHandler handler) {
  auto race = std::make_shared<Race>(shard, std::move(endpoints), std::move(handler));
  race->start_next();
  return std::make_unique<RunningRace>(std::move(race));
}

}  // namespace pharos::net
