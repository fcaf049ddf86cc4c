#include "net/ws_stream.h"

#include <thread>

#include <gmock/gmock.h>

#include "net_fixture.h"
#include "support/eventually.h"
#include "support/raw_socket.h"
#include "support/ws_client.h"

namespace pharos::net::testing {
namespace {

using pharos::testing::eventually;
using pharos::testing::RawSocket;
using pharos::testing::settles;
using pharos::testing::ws_close;
using pharos::testing::ws_frame;
using pharos::testing::ws_request;
using pharos::testing::WsClient;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server whose only connection the test holds in its hand.
class WsStreamTest : public ServerTest {
 protected:
  struct End {
    CloseCause cause;
    std::uint16_t code;
    std::string reason;
  };

  WsStreamTest() {
    handlers_.on_connection = [this](WsConnectionPtr connection, const HttpRequest&) {
      connection->start({[this](std::string_view text) {
                           if (on_message_) on_message_(text);
                           ++messages_;
                         },
                         [this] { ++drained_; },
                         [this](CloseCause cause, std::uint16_t code, std::string_view reason) {
                           ++ends_;
                           end_.set_value({cause, code, std::string(reason)});
                         }});
      if (paused_at_once_) connection->pause_reading();
      opened_.set_value(std::move(connection));
    };
  }
  ~WsStreamTest() override {
    connection_.reset();
    stop();
  }

  void accepted() { connection_ = opened_.get_future().get(); }
  RawSocket open_raw(std::string_view extra_headers = {}) {
    start();
    RawSocket socket(address());
    socket.send(ws_request(extra_headers));
    EXPECT_THAT(socket.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
    accepted();
    return socket;
  }
  template <class F>
  auto on_shard(F f) {
    return run_on(connection_->shard(), std::move(f));
  }
  End end() {
    auto future = end_.get_future();
    if (future.wait_for(seconds(10)) != std::future_status::ready) return {CloseCause::shutdown, 0, "never ended"};
    return future.get();
  }
  // What waits once the kernel takes no more.
  std::size_t queued_when_stalled() {
    const auto queued = [this] { return on_shard([this] { return connection_->queued_bytes(); }); };
    EXPECT_TRUE(settles(queued, milliseconds(30)));
    return queued();
  }
  std::uint64_t closed(CloseCause cause) const { return cells_.closed[static_cast<std::size_t>(cause)]; }

  std::promise<WsConnectionPtr> opened_;
  std::promise<End> end_;
  WsConnectionPtr connection_;
  std::function<void(std::string_view)> on_message_;
  bool paused_at_once_ = false;
  std::atomic<int> messages_{0};
  std::atomic<int> drained_{0};
  std::atomic<int> ends_{0};
};

TEST_F(WsStreamTest, FramesQueuedInOneTurnLeaveInOneSend) {
  RawSocket socket = open_raw();
  const std::uint64_t before = on_shard([&] { return cells_.sends.load(); });
  on_shard([&] {
    for (int i = 0; i < 500; ++i) connection_->send({R"(["EVENT","s",)", std::to_string(i), "]"});
  });
  const std::string bytes = socket.read_until(R"(,499])");
  EXPECT_THAT(bytes, HasSubstr(R"(["EVENT","s",0])"));
  EXPECT_EQ(on_shard([&] { return cells_.sends - before; }), 1U);
  EXPECT_EQ(cells_.frames, 500U);
}

TEST_F(WsStreamTest, CutsOffASlowReaderWithBoundedMemory) {
  options_.ws.max_outbound_bytes = 1'000'000;
  options_.ws.close_timeout = milliseconds(200);
  RawSocket socket = open_raw();
  const std::string message(10'000, 'x');
  std::size_t most = 0;
  int sent = 0;
  // The reader reads nothing: the kernel's buffers fill, then ours.
  while (sent < 10'000 && on_shard([&] { return connection_->send(message); })) {
    ++sent;
    most = std::max(most, on_shard([&] { return connection_->queued_bytes(); }));
  }
  EXPECT_LT(sent, 10'000);
  EXPECT_LE(most, 1'000'000U);
  EXPECT_FALSE(on_shard([&] { return connection_->send("after"); }));
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::slow);
  EXPECT_EQ(ended.reason, "slow reader");
  EXPECT_EQ(closed(CloseCause::slow), 1U);
  connection_.reset();
  EXPECT_TRUE(eventually([&] { return cells_.buffered == 0; }));
}

TEST_F(WsStreamTest, TellsASlowReaderThatWakesUpWhy) {
  options_.ws.max_outbound_bytes = 1'000'000;
  RawSocket socket = open_raw();
  const std::string message(10'000, 'x');
  while (on_shard([&] { return connection_->send(message); })) {
  }
  EXPECT_THAT(socket.read_until("slow reader"), ::testing::EndsWith(ws_close(1008, "slow reader")));
}

TEST_F(WsStreamTest, PingsOfAPeerThatDoesNotReadDoNotPileUp) {
  options_.ws.max_outbound_bytes = 64'000'000;
  options_.ws.ping_burst = 2'000;
  RawSocket socket = open_raw();
  on_shard([&] { connection_->send(std::string(20'000'000, 'x')); });
  const std::size_t before = queued_when_stalled();
  for (int i = 0; i < 1'000; ++i) socket.send(ws_frame(0x89, std::string(125, 'p')));
  socket.send(ws_frame(0x89, "last") + ws_frame(0x81, "behind the pings"));
  ASSERT_TRUE(eventually([&] { return messages_ == 1; }));
  EXPECT_LE(on_shard([&] { return connection_->queued_bytes(); }), before + 200);
  socket.read_bytes(20'000'010);
  EXPECT_EQ(socket.read_bytes(6), ws_frame(0x8a, "last", false));
}

TEST_F(WsStreamTest, TheLastPongGoesBeforeTheCloseFrame) {
  RawSocket socket = open_raw();
  socket.send(ws_frame(0x89, "a") + ws_frame(0x89, "b") + ws_frame(0x88, ws_close(1000)));
  EXPECT_EQ(socket.read_to_end(), ws_frame(0x8a, "b", false) + ws_frame(0x88, ws_close(1000), false));
}

TEST_F(WsStreamTest, CutsOffAPeerThatTalksButDoesNotRead) {
  options_.ws.max_outbound_bytes = 64'000'000;
  // Long enough for a slow build to hand over the message and read what the peer says meanwhile.
  options_.ws.idle_timeout = milliseconds(1000);
  options_.ws.close_timeout = milliseconds(50);
  RawSocket socket = open_raw();
  on_shard([&] { connection_->send(std::string(20'000'000, 'x')); });
  EXPECT_TRUE(eventually([&] {
    socket.send(ws_frame(0x81, "still here"));
    return ends_ != 0;
  }));
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::slow);
  EXPECT_EQ(ended.reason, "slow reader");
}

TEST_F(WsStreamTest, SaysWhenTheQueueHasDrained) {
  options_.ws.max_outbound_bytes = 64'000'000;
  RawSocket socket = open_raw();
  on_shard([&] { connection_->send(std::string(20'000'000, 'x')); });
  EXPECT_EQ(drained_, 0);
  EXPECT_GT(on_shard([&] { return connection_->queued_bytes(); }), 1'000'000U);
  socket.read_bytes(20'000'010);
  EXPECT_TRUE(eventually([&] { return drained_ == 1; }));
  EXPECT_EQ(on_shard([&] { return connection_->queued_bytes(); }), 0U);
}

TEST_F(WsStreamTest, DeliversNothingWhilePaused) {
  RawSocket socket = open_raw();
  on_message_ = [this](std::string_view) { connection_->pause_reading(); };
  socket.send(ws_frame(0x81, "one") + ws_frame(0x81, "two") + ws_frame(0x81, "three"));
  EXPECT_TRUE(eventually([&] { return messages_ == 1; }));
  on_shard([] {});
  on_shard([] {});
  EXPECT_EQ(messages_, 1);
  on_shard([&] { connection_->resume_reading(); });
  EXPECT_TRUE(eventually([&] { return messages_ == 2; }));
  on_shard([&] {
    on_message_ = nullptr;
    connection_->resume_reading();
  });
  EXPECT_TRUE(eventually([&] { return messages_ == 3; }));
}

TEST_F(WsStreamTest, PushesBackOnThePeerWhilePaused) {
  RawSocket socket = open_raw();
  on_shard([&] { connection_->pause_reading(); });
  const std::string frame = ws_frame(0x81, std::string(100'000, 'x'));
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; i < 500 && socket.send(frame); ++i) ++written;
  });
  EXPECT_TRUE(settles([&] { return written.load(); }, milliseconds(50)));
  EXPECT_LT(written, 500);
  EXPECT_EQ(messages_, 0);
  on_shard([&] { connection_->resume_reading(); });
  writer.join();
  EXPECT_TRUE(eventually([&] { return messages_ == 500; }));
}

TEST_F(WsStreamTest, AnswersPingsInsideAFragmentedMessage) {
  RawSocket socket = open_raw();
  socket.send(ws_frame(0x01, "first ") + ws_frame(0x89, "are you there"));
  EXPECT_EQ(socket.read_bytes(15),
            "\x8a\x0d"
            "are you there");
  EXPECT_EQ(messages_, 0);
  socket.send(ws_frame(0x80, "second"));
  EXPECT_TRUE(eventually([&] { return messages_ == 1; }));
}

TEST_F(WsStreamTest, EndsAPingFlood) {
  RawSocket socket = open_raw();
  for (int i = 0; i < 200; ++i) socket.send(ws_frame(0x89, ""));
  EXPECT_THAT(socket.read_to_end(), HasSubstr("too many pings"));
  socket.shutdown_write();
  EXPECT_EQ(end().cause, CloseCause::protocol);
}

TEST_F(WsStreamTest, AnswersViolationsWithTheirCloseCode) {
  RawSocket socket = open_raw();
  socket.send(ws_frame(0x81, "unmasked", false) + ws_frame(0x81, "never seen"));
  const std::string answer = socket.read_to_end();
  EXPECT_THAT(answer, HasSubstr(ws_close(1002)));
  socket.shutdown_write();
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::protocol);
  EXPECT_EQ(ended.code, 1006);
  EXPECT_THAT(ended.reason, HasSubstr("unmasked"));
  EXPECT_EQ(messages_, 0);
}

TEST_F(WsStreamTest, RefusesLargeMessagesWith1009AndBadTextWith1007) {
  options_.ws.max_message_bytes = 1'000;
  handlers_.on_connection = [](WsConnectionPtr connection, const HttpRequest&) { connection->start({}); };
  start();
  const auto answer_to = [&](const std::string& frame) {
    RawSocket socket(address());
    socket.send(ws_request() + frame);
    socket.read_until("\r\n\r\n");
    return socket.read_to_end();
  };
  EXPECT_THAT(answer_to(ws_frame(0x81, std::string(1'001, 'x'))), HasSubstr(ws_close(1009)));
  EXPECT_THAT(answer_to(ws_frame(0x81, "\xff")), HasSubstr(ws_close(1007)));
  EXPECT_THAT(answer_to(ws_frame(0x82, "bin")), HasSubstr(ws_close(1003)));
}

TEST_F(WsStreamTest, EchoesThePeersCloseAndReportsIt) {
  RawSocket socket = open_raw();
  socket.send(ws_frame(0x88, ws_close(4001, "had enough")) + ws_frame(0x81, "after the end"));
  EXPECT_EQ(socket.read_to_end(), ws_frame(0x88, ws_close(4001), false));
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::peer);
  EXPECT_EQ(ended.code, 4001);
  EXPECT_EQ(ended.reason, "had enough");
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(messages_, 0);
}

TEST_F(WsStreamTest, ReportsAPeerThatVanishedAs1006) {
  { RawSocket socket = open_raw(); }
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::peer);
  EXPECT_EQ(ended.code, 1006);
}

TEST_F(WsStreamTest, FlushesBeforeItsCloseFrameAndWaitsForThePeers) {
  RawSocket socket = open_raw();
  on_shard([&] {
    connection_->send("last words");
    connection_->close(CloseCause::shutdown, 1001, "going down");
    connection_->close(CloseCause::policy, 1008, "ignored");
    EXPECT_FALSE(connection_->send("too late"));
  });
  const std::string expected =
      ws_frame(0x81, "last words", false) + ws_frame(0x88, ws_close(1001, "going down"), false);
  EXPECT_EQ(socket.read_bytes(expected.size()), expected);
  EXPECT_EQ(ends_, 0);
  socket.send(ws_frame(0x81, "crossing message") + ws_frame(0x88, ws_close(1001)));
  EXPECT_EQ(socket.read_to_end(), "");
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::shutdown);
  EXPECT_EQ(ended.code, 1001);
  EXPECT_EQ(messages_, 0);
}

TEST_F(WsStreamTest, GivesUpOnAPeerThatDoesNotAnswerItsClose) {
  options_.ws.close_timeout = milliseconds(100);
  RawSocket socket = open_raw();
  on_shard([&] { connection_->close(CloseCause::policy, 1000, ""); });
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::policy);
  EXPECT_EQ(ended.code, 1006);
  EXPECT_TRUE(socket.ends_within(seconds(5)));
}

TEST_F(WsStreamTest, PingsAQuietPeerAndEndsADeadOne) {
  options_.ws.ping_interval = milliseconds(40);
  options_.ws.idle_timeout = milliseconds(1500);
  options_.ws.close_timeout = milliseconds(50);
  RawSocket socket = open_raw();
  // As long as pongs come it stays open beyond the timeout.
  const auto until = steady_clock::now() + milliseconds(2000);
  while (steady_clock::now() < until) {
    ASSERT_EQ(socket.read_bytes(2), std::string("\x89\x00", 2));
    socket.send(ws_frame(0x8a, ""));
  }
  EXPECT_EQ(ends_, 0);
  const End ended = end();
  EXPECT_EQ(ended.cause, CloseCause::idle);
  EXPECT_EQ(closed(CloseCause::idle), 1U);
}

TEST_F(WsStreamTest, DoesNotCallAPausedPeerIdle) {
  options_.ws.ping_interval = milliseconds(20);
  options_.ws.idle_timeout = milliseconds(60);
  paused_at_once_ = true;
  RawSocket socket = open_raw();
  EXPECT_FALSE(eventually([&] { return ends_ != 0; }, milliseconds(200)));
}

TEST_F(WsStreamTest, ClosesWith1011WhenTheLayerAboveThrows) {
  RawSocket socket = open_raw();
  on_message_ = [](std::string_view) { throw std::runtime_error("bug"); };
  socket.send(ws_frame(0x81, "x"));
  EXPECT_THAT(socket.read_until("internal error"), HasSubstr(ws_close(1011, "internal error")));
  socket.send(ws_frame(0x88, ws_close(1011)));
  EXPECT_EQ(end().cause, CloseCause::policy);
}

TEST_F(WsStreamTest, StaysOpenWhenTheLayerAboveLetsGoOfIt) {
  RawSocket socket = open_raw();
  on_shard([this] { connection_->send("before"); });
  connection_.reset();
  EXPECT_EQ(socket.read_bytes(8), ws_frame(0x81, "before", false));
  socket.send(ws_frame(0x81, "x"));
  EXPECT_TRUE(eventually([&] { return messages_ == 1; }));
}

TEST_F(WsStreamTest, LetsGoOfItsCallbacksWhenTheLoopsStop) {
  std::promise<std::weak_ptr<WsConnection>> opened;
  handlers_.on_connection = [&](WsConnectionPtr connection, const HttpRequest&) {
    WsConnection& started = *connection;
    opened.set_value(connection);
    started.start({[connection](std::string_view) {}, [connection] {}, {}});
  };
  start();
  RawSocket socket(address());
  socket.send(ws_request());
  const std::weak_ptr<WsConnection> connection = opened.get_future().get();
  EXPECT_FALSE(connection.expired());
  stop();
  EXPECT_TRUE(connection.expired());
}

class WsStreamDeflate : public ServerTest, public ::testing::WithParamInterface<bool> {};

TEST_P(WsStreamDeflate, EchoesCompressedMessagesWithAnotherImplementation) {
  options_.ws.deflate_context_takeover = GetParam();
  start();
  WsClient client(address(), {.deflate = true});
  for (int i = 0; i < 300; ++i) {
    const std::string text =
        "[" + std::to_string(i) + ",\"" + std::string(static_cast<std::size_t>(i * i), 'a') + "\"]";
    ASSERT_TRUE(client.send(text));
    ASSERT_EQ(client.receive(), text);
  }
  EXPECT_LT(cells_.wire_sent * 20, cells_.payload_sent);
  client.close();
}

INSTANTIATE_TEST_SUITE_P(ContextTakeover, WsStreamDeflate, ::testing::Bool());

}  // namespace
}  // namespace pharos::net::testing
