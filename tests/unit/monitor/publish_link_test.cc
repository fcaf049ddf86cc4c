#include "monitor/publish_link.h"

#include <atomic>
#include <future>

#include <gmock/gmock.h>

#include "net/server.h"
#include "nostr/message.h"
#include "probe_world.h"
#include "support/eventually.h"

namespace pharos::monitor {
namespace {

using pharos::testing::eventually;

// A relay whose first connection falls silent without even answering a close; later ones say OK to everything.
class RelayThatHangsOnce {
 public:
  explicit RelayThatHangsOnce(net::IoShards& shards) : shards_(shards) {
    net::ServerOptions options;
    options.listen = "127.0.0.1:0";
    net::ServerHandlers handlers;
    handlers.on_connection = [this](const net::WsConnectionPtr& connection, const net::HttpRequest&) {
      const bool first = connections_++ == 0;
      if (first) hung_ = connection;
      net::WsConnection* raw = connection.get();
      connection->start({[raw, first](std::string_view text) {
                           if (first) return raw->pause_reading();
                           const auto command = parse_client_message(text, {});
                           if (!command || !std::holds_alternative<EventCommand>(command.value())) return;
                           std::string ok;
                           append_ok(ok, std::get<EventCommand>(command.value()).event.id.hex(), true, "");
                           raw->send(ok);
                         },
                         {},
                         [](net::CloseCause, std::uint16_t, std::string_view) {}});
    };
    auto listening = net::Server::listen(options, shards_, {&shards_.background()}, std::move(handlers), nullptr);
    EXPECT_TRUE(listening);
    server_ = std::move(listening).value();
  }

  RelayUrl url() const { return RelayUrl::parse("ws://" + server_->address()).value(); }
  std::size_t connections() const { return connections_; }
  std::size_t open() const { return server_->connection_count(); }
  // The first connection wakes up, finds the close frame and answers it. On the shard.
  void wake() { std::exchange(hung_, nullptr)->resume_reading(); }

 private:
  net::IoShards& shards_;
  std::atomic<std::size_t> connections_{0};
  net::WsConnectionPtr hung_;
  std::unique_ptr<net::Server> server_;
};

class PublishLinkTest : public ::testing::Test {
 protected:
  PublishLinkTest() : relay(shards) {
    shards.start();
    options.ok_timeout = std::chrono::seconds(1);
    options.retry_first = options.retry_cap = std::chrono::milliseconds(5);
    on_shard([this] {
      link = std::make_unique<PublishLink>(relay.url(), options, ProbeOptions{}, shards.background(), clock, random,
                                           signer, [this](Kind, bool accepted) { ++(accepted ? taken : lost); });
    });
  }
  ~PublishLinkTest() override {
    on_shard([this] { link.reset(); });
    shards.stop();
  }
  template <class F>
  void on_shard(F f) {
    std::promise<void> done;
    shards.background().post([&] {
      f();
      done.set_value();
    });
    done.get_future().get();
  }
  void push(const std::string& content) {
    on_shard([&] { link->push(std::make_shared<const Event>(person.event(1, 1'700'000'000, content))); });
  }
  PublishRelayStatus status() {
    PublishRelayStatus out;
    on_shard([&] { out = link->status(); });
    return out;
  }

  SystemClock clock;
  SystemRandom random;
  test::Person person{5};
  testing::FixedSigner signer;
  net::IoShards shards{1};
  PublishOptions options;
  RelayThatHangsOnce relay;
  std::atomic<int> taken{0};
  std::atomic<int> lost{0};
  std::unique_ptr<PublishLink> link;
};

TEST_F(PublishLinkTest, TheLateEndOfAnOldConnectionDoesNotTouchTheNewOne) {
  push("first");
  ASSERT_TRUE(eventually([&] { return taken == 1; })) << "given up on the first connection, taken by the second";
  ASSERT_EQ(relay.connections(), 2U);
  ASSERT_EQ(relay.open(), 2U);
  on_shard([&] { relay.wake(); });
  ASSERT_TRUE(eventually([&] { return relay.open() == 1; }));
  EXPECT_EQ(status().state, "connected");
  EXPECT_EQ(status().last_error, "");
  push("second");
  EXPECT_TRUE(eventually([&] { return taken == 2; }));
  EXPECT_EQ(relay.connections(), 2U) << "on the connection that was there";
  on_shard([this] { link.reset(); });
  EXPECT_TRUE(eventually([&] { return relay.open() == 0; })) << "no socket is left behind";
}

}  // namespace
}  // namespace pharos::monitor
