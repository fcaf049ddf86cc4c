// The work that is put on a relay: publishing, asking, listening. Each is started on open connections and goes on
// while the loop turns. What a relay answers is read only as far as NIP-01 prescribes it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load_histogram.h"
#include "bench/load_loop.h"
#include "net/deflate.h"

namespace pharos::bench {

enum class Answer { event, ok, eose, closed, other };
Answer answer_of(std::string_view message);

// The second item of a message, which is a string: a subscription id, or the event id of an OK.
std::string_view second_item(std::string_view message);

// The first eight bytes of the id of an event (64 hex digits), which tell the events of a corpus apart; 0 if none.
std::uint64_t id_prefix(std::string_view hex);
// The same of the event in an EVENT message.
std::uint64_t event_prefix(std::string_view message);

// When events were sent, by the prefix of the id.
using SendTimes = std::unordered_map<std::uint64_t, SteadyTime>;

// Publishes events with so many in flight on each connection.
class Publishing {
 public:
  struct Item {
    std::string_view json;
    std::string_view id;  // hex
  };
  // `next` gives the events; nullopt ends it. on_ok hears each answer.
  using Next = std::function<std::optional<Item>()>;
  Publishing(LoadLoop& loop, std::vector<LoadConnection*> connections, std::size_t in_flight, Next next);

  void start();
  void stop() { ended_ = true; }  // sends no more
  bool idle() const { return ended_ && outstanding_ == 0; }
  void set_on_ok(std::function<void(std::uint64_t prefix, bool accepted)> on_ok) { on_ok_ = std::move(on_ok); }
  void set_kept(SendTimes* kept) { kept_ = kept; }  // notes when each was sent and leaves it there

  std::uint64_t answered() const { return latency_.total(); }
  std::uint64_t refused() const { return refused_; }
  const LoadHistogram& latency() const { return latency_; }
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  void send_next(LoadConnection& connection);
  void on_message(LoadConnection& connection, std::string_view message);

  LoadLoop& loop_;
  std::vector<LoadConnection*> connections_;
  std::size_t in_flight_;
  Next next_;
  std::function<void(std::uint64_t, bool)> on_ok_;
  SendTimes waiting_;
  SendTimes* kept_ = nullptr;
  LoadHistogram latency_;
  std::size_t outstanding_ = 0;
  std::uint64_t refused_ = 0;
  std::string last_refusal_;
  bool ended_ = false;
};

// Asks REQ after REQ, so many at a time on each connection; each is closed when its EOSE has come.
class Asking {
 public:
  // The filters (JSON, several separated by commas make one REQ) are taken in turn, again and again.
  Asking(LoadLoop& loop, std::vector<LoadConnection*> connections, std::size_t at_a_time,
         const std::vector<std::string>& filters);

  void start();
  void stop() { ended_ = true; }
  bool idle() const { return ended_ && outstanding_ == 0; }

  std::uint64_t answered() const { return latency_.total(); }
  std::uint64_t events() const { return events_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t closed() const { return closed_; }  // answered by CLOSED
  const LoadHistogram& latency() const { return latency_; }

 private:
  void ask(LoadConnection& connection, std::size_t slot);
  void on_message(std::size_t connection, std::string_view message);

  LoadLoop& loop_;
  std::vector<LoadConnection*> connections_;
  std::size_t at_a_time_;
  const std::vector<std::string>& filters_;
  std::size_t next_ = 0;
  std::vector<SteadyTime> asked_;  // by slot: connection * at_a_time + n
  LoadHistogram latency_;
  std::size_t outstanding_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t closed_ = 0;
  bool ended_ = false;
};

// Holds subscriptions and takes the time from the sending of an event to each of its deliveries; of those that come
// compressed to one in kSampled, because inflating all would take the processor that the relay needs.
class Listening {
 public:
  Listening(LoadLoop& loop, std::vector<LoadConnection*> connections) : loop_(loop), connections_(connections) {}

  // Subscription i of connection c has filter(c, i); waits for every EOSE, false when they do not come.
  bool subscribe(std::size_t each, const std::function<std::string(std::size_t, std::size_t)>& filter);
  // From now on deliveries count.
  void listen(const SendTimes& sent);

  // A sampled one that is no delivery of what was sent does not count.
  std::uint64_t deliveries() const { return deliveries_; }
  std::uint64_t bytes() const { return bytes_; }  // of all deliveries, as they came
  // Empty where deliveries come compressed and the relay keeps its window between them: none can be read alone.
  const LoadHistogram& latency() const { return latency_; }

 private:
  // Prime to any number of connections and subscriptions here, so that each has its turn.
  static constexpr std::uint64_t kSampled = 97;

  void on_event(std::string_view message, std::size_t bytes, const SendTimes& sent);
  // "" when it cannot be read.
  std::string_view inflated(const LoadConnection& connection, std::string_view compressed);

  LoadLoop& loop_;
  std::vector<LoadConnection*> connections_;
  LoadHistogram latency_;
  std::uint64_t deliveries_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t compressed_ = 0;
  net::Inflater inflater_;
  std::string inflated_;
};

}  // namespace pharos::bench
