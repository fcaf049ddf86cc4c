#include "net/tcp_stream.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include "net/endpoint.h"
#include "net/shard_impl.h"

namespace pharos::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// What pending operations share with the stream.
struct Core : std::enable_shared_from_this<Core> {
  Core(IoShard& shard_in, tcp::socket socket_in, std::string peer_in)
      : shard(shard_in), socket(std::move(socket_in)), peer(std::move(peer_in)) {}

  void read(ReadHandler handler) {
    socket.async_wait(tcp::socket::wait_read,
                      [core = shared_from_this(), handler = std::move(handler)](const error_code& ec) mutable {
                        if (core->closed) return;
                        if (ec)
                          core->fail_read(ec.value(), handler);
                        else
                          core->receive(std::move(handler));
                      });
  }

  void receive(ReadHandler handler) {
    Scratch& scratch = *shard.impl().wire_scratch;
    const ssize_t n = ::recv(socket.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (n > 0) {
      shard.metrics().received_wire_bytes.add(static_cast<std::uint64_t>(n));
      handler(ReadStatus::data, std::span(scratch).first(static_cast<std::size_t>(n)));
    } else if (n == 0) {
      handler(ReadStatus::end, {});
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
      read(std::move(handler));
    } else {
      fail_read(errno, handler);
    }
  }

  void fail_read(int error, const ReadHandler& handler) {
    error_text = std::generic_category().message(error);
    handler(ReadStatus::failed, {});
  }

  void send(std::string_view rest, bool stalled, WriteHandler handler) {
    while (!rest.empty()) {
      const ssize_t n = ::send(socket.native_handle(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      shard.metrics().sends.add();
      if (n >= 0) {
        shard.metrics().sent_wire_bytes.add(static_cast<std::uint64_t>(n));
        rest.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        wait_writable(rest, std::move(handler));
        return;
      } else if (errno != EINTR) {
        error_text = std::generic_category().message(errno);
        finish_write({false, stalled}, std::move(handler));
        return;
      }
    }
    finish_write({true, stalled}, std::move(handler));
  }

  void wait_writable(std::string_view rest, WriteHandler handler) {
    socket.async_wait(tcp::socket::wait_write,
                      [core = shared_from_this(), rest, handler = std::move(handler)](const error_code& ec) mutable {
                        if (core->closed) return;
                        if (ec) {
                          core->error_text = ec.message();
                          core->finish_write({false, true}, std::move(handler));
                        } else {
                          core->send(rest, true, std::move(handler));
                        }
                      });
  }

  void finish_write(WriteOutcome outcome, WriteHandler handler) {
    asio::post(shard.impl().context, [core = shared_from_this(), outcome, handler = std::move(handler)] {
      if (!core->closed) handler(outcome);
    });
  }

  IoShard& shard;
  tcp::socket socket;
  std::string peer;
  std::string error_text;
  bool closed = false;
};

class TcpStream final : public ByteStream {
 public:
  TcpStream(IoShard& shard, tcp::socket socket, std::string peer)
      : core_(std::make_shared<Core>(shard, std::move(socket), std::move(peer))) {
    error_code ignored;
    core_->socket.set_option(tcp::no_delay(true), ignored);
    core_->socket.set_option(asio::socket_base::keep_alive(true), ignored);
  }
  ~TcpStream() override { close(); }

  void read(ReadHandler handler) override { core_->read(std::move(handler)); }
  void write(std::string_view bytes, WriteHandler handler) override { core_->send(bytes, false, std::move(handler)); }
  void shutdown_write() override {
    error_code ignored;
    core_->socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() override {
    if (core_->closed) return;
    core_->closed = true;
    error_code ignored;
    core_->socket.close(ignored);
  }
  const std::string& peer_address() const override { return core_->peer; }
  const std::string& error_text() const override { return core_->error_text; }
  IoShard& shard() override { return core_->shard; }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tcp_stream(IoShard& shard, tcp::socket socket, const tcp::endpoint& peer) {
  return std::make_unique<TcpStream>(shard, std::move(socket), to_text(peer));
}

}  // namespace pharos::net
