// Dialing from a test's thread: starts on a shard, waits for the outcome.
#pragma once

#include <atomic>
#include <future>
#include <optional>

#include "net/ws_connector.h"
#include "net_fixture.h"

namespace pharos::net::testing {

class DialTest : public ServerTest {
 protected:
  // A dial with its handle, which must be destroyed on the shard.
  template <class Outcome>
  struct Running {
    std::promise<Outcome> promise;
    std::future<Outcome> outcome = promise.get_future();
    std::unique_ptr<PendingDial> handle;
  };
  using DialOutcome = Result<Dialed, DialFailure>;
  using FetchOutcome = Result<Fetched, DialFailure>;

  DialTest() { dial_.timeout = std::chrono::seconds(5); }

  IoShard& shard() { return shards_.background(); }
  DialTarget target_at(std::uint16_t port, bool secure = false, std::string host = "127.0.0.1") const {
    DialTarget target;
    target.secure = secure;
    target.host = std::move(host);
    target.port = port;
    return target;
  }

  DialOutcome dial(const DialTarget& target) {
    Running<DialOutcome> running;
    run_on(shard(), [&] {
      running.handle = dial_websocket(shard(), target, dial_,
                                      [&](DialOutcome outcome) { running.promise.set_value(std::move(outcome)); });
    });
    DialOutcome outcome = running.outcome.get();
    run_on(shard(), [&] { running.handle.reset(); });
    return outcome;
  }
  FetchOutcome fetch(const DialTarget& target, FetchOptions options = {}) {
    options.dial = dial_;
    Running<FetchOutcome> running;
    run_on(shard(), [&] {
      running.handle = http_get(shard(), target, options,
                                [&](FetchOutcome outcome) { running.promise.set_value(std::move(outcome)); });
    });
    FetchOutcome outcome = running.outcome.get();
    run_on(shard(), [&] { running.handle.reset(); });
    return outcome;
  }

  // One message there and back; "" when the connection ended instead.
  std::string echo(const WsConnectionPtr& connection, const std::string& text) {
    std::promise<std::string> answered;
    auto answer = answered.get_future();
    std::promise<void> ended;
    auto end = ended.get_future();
    run_on(connection->shard(), [&] {
      connection->start({[&, done = false](std::string_view got) mutable {
                           if (!std::exchange(done, true)) answered.set_value(std::string(got));
                         },
                         {},
                         [&](CloseCause, std::uint16_t, std::string_view) { ended.set_value(); }});
      connection->send(text);
    });
    const bool in_time = answer.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
    run_on(connection->shard(), [&] { connection->close(CloseCause::policy, 1000, ""); });
    end.get();
    return in_time ? answer.get() : std::string();
  }

  DialOptions dial_;
};

}  // namespace pharos::net::testing
