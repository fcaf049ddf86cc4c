// What dialing a WebSocket and fetching over HTTP have in common: the stages up to an open stream, one deadline over
// everything, cancelling. Shard-local.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/resolver.h"
#include "net/socks5.h"
#include "net/tcp_connector.h"
#include "net/tls_stream.h"
#include "net/ws_connector.h"

namespace pharos::net {

class Dial : public std::enable_shared_from_this<Dial> {
 public:
  Dial(IoShard& shard, const DialTarget& target, const DialOptions& options);
  virtual ~Dial() = default;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  // Arms the deadline and begins.
  void start();
  // Ends the attempt without a word.
  void cancel();

 protected:
  // The stream is open; times up to here are taken.
  virtual void on_open() = 0;
  // The attempt failed; called once, after everything was given up.
  virtual void on_failure(DialFailure failure) = 0;
  // Lets go of the callback.
  virtual void drop_callback() = 0;

  // Begins anew with another target, under the same deadline.
  void restart(const DialTarget& target);
  void fail(NetError error, std::string detail, unsigned http_status = 0);
  // Marks the end as success: the deadline is over, the stream is the caller's.
  std::unique_ptr<ByteStream> take_stream();
  // Writes and goes on with next; fails as a fault of `stage` otherwise.
  void write(std::string bytes, NetError stage, std::function<void()> next);
  // Reads on into received_ and calls next; ended is true once there is no more.
  void read(NetError stage, std::function<void(bool ended)> next);
  // Ends a stage: the time since the last call goes to it.
  void lap(std::chrono::microseconds& stage);

  IoShard& shard_;
  DialTarget target_;
  const DialOptions options_;
  std::unique_ptr<ByteStream> stream_;
  std::string received_;
  StageTimes times_;
  TlsPeer tls_;
  std::string address_;
  const char* stage_ = "";  // for the text of a timeout

 private:
  void resolve_name();
  void connect(const std::vector<boost::asio::ip::address>& addresses);
  void on_connected(Result<std::unique_ptr<ByteStream>, std::string> connected);
  void talk_to_proxy();
  void start_tls();
  void give_up();

  std::unique_ptr<Lookup> lookup_;
  std::unique_ptr<TcpConnector> connector_;
  std::unique_ptr<Socks5Connect> socks_;
  std::string outgoing_;
  Timer deadline_;
  std::chrono::steady_clock::time_point lap_;
  bool done_ = false;
};

// Cancels the dial when it goes.
std::unique_ptr<PendingDial> start_dial(std::shared_ptr<Dial> dial);

// "host" or "host:port", IPv6 in brackets.
std::string host_header_of(const DialTarget& target);

}  // namespace pharos::net
