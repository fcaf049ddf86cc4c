#include "net/http_session.h"

#include <gmock/gmock.h>

#include "net_fixture.h"
#include "support/eventually.h"

namespace pharos::net::testing {
namespace {

using pharos::testing::eventually;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

// The peer's side of a scripted stream: what it sent is handed over once, what it is sent is never read.
struct Peer {
  std::string request;
  std::vector<std::string> writes;  // as they were begun; none of them ends
  std::atomic<bool> closed{false};
};

class StalledStream final : public ByteStream {
 public:
  StalledStream(IoShard& shard, std::shared_ptr<Peer> peer) : shard_(shard), peer_(std::move(peer)) {}

  void read(ReadHandler handler) override {
    if (peer_->request.empty()) return;
    shard_.post([bytes = std::exchange(peer_->request, {}), handler = std::move(handler)]() mutable {
      handler(ReadStatus::data, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    });
  }
  void write(std::string_view bytes, WriteHandler handler) override {
    peer_->writes.emplace_back(bytes);
    pending_.push_back(std::move(handler));
  }
  void shutdown_write() override {}
  void close() override {
    peer_->closed = true;
    shard_.post([dropped = std::move(pending_)] {});
  }
  const std::string& peer_address() const override { return address_; }
  const std::string& error_text() const override { return error_; }
  IoShard& shard() override { return shard_; }

 private:
  IoShard& shard_;
  std::shared_ptr<Peer> peer_;
  std::vector<WriteHandler> pending_;
  std::string address_ = "127.0.0.1:1";
  std::string error_;
};

class HttpSessionTest : public ServerTest {};

TEST_F(HttpSessionTest, APeerThatDoesNotReadItsContinueIsDroppedWithoutASecondWrite) {
  options_.handshake_timeout = milliseconds(30);
  shards_.start();
  const auto peer = std::make_shared<Peer>();
  peer->request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  IoShard& shard = shards_.serving(0);
  run_on(shard, [&] {
    serve_connection(std::make_shared<const ServerShared>(options_, handlers_, nullptr),
                     std::make_unique<StalledStream>(shard, peer),
                     std::make_shared<Admission>(10, 0)->enter("127.0.0.1"));
  });
  EXPECT_TRUE(eventually([&] { return peer->closed.load(); }));
  run_on(shard, [&] { EXPECT_THAT(peer->writes, ElementsAre("HTTP/1.1 100 Continue\r\n\r\n")); });
}

}  // namespace
}  // namespace pharos::net::testing
