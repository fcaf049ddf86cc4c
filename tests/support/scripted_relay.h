// A relay without sockets for tests of the router: answers messages from a set of events, well or badly as its script
// says. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/message.h"

namespace pharos::test {

struct RelayScript {
  std::size_t max_limit = 500;       // silent clamp per filter
  bool finish_hint = false;          // NIP-67
  bool refuses_limit_zero = false;   // CLOSED error: to limit 0
  bool ignores_limit_zero = false;   // no answer to limit 0
  std::size_t max_filters = 1'000;   // of one REQ; beyond it CLOSED error:
  bool dumps_on_limit_zero = false;  // takes limit 0 for no limit
  bool requires_auth = false;        // auth-required: until AUTH
  bool refuses_auth = false;
  std::size_t max_requests = 1'000;  // open subscriptions; beyond it CLOSED rate-limited:

  // What a relay should not do.
  bool ignores_until = false;
  bool ignores_since = false;
  bool ignores_kinds = false;
  bool exclusive_until = false;
  bool oldest_first = false;
  bool unordered = false;
  bool repeats_events = false;
  bool sends_foreign_events = false;        // events that match nothing asked, before each EOSE
  bool serves_nothing = false;              // EOSE at once, whatever is asked
  bool silent = false;                      // no answer to REQ
  bool loses_every_third = false;           // answers lack events, others each time
  std::optional<std::size_t> closes_after;  // events of an answer, then CLOSED error:
  std::optional<std::size_t> drops_after;   // messages of a connection, then the connection is gone
  bool drops_after_eose = false;            // the first EOSE is the last message of a connection
  std::set<EventId> too_large;              // for the other side: the connection ends where one is to be sent

  // What it says to EVENT.
  bool accepts = true;
  std::string ok_message;
  bool answers_ok = true;
  std::optional<EventId> dies_of;  // ends the connection instead of an answer to it
};

class ScriptedRelay {
 public:
  RelayScript script;

  // Adds an event and tells the open subscriptions about it.
  void store(const Event& event);
  // As a deletion would.
  void erase(const EventId& id);
  std::size_t size() const { return events_.size(); }
  const Event* find(const EventId& id) const;
  std::vector<EventId> ids(const Filter& filter) const;

  // A client's side. Answers stand in outbox() until they are taken.
  void connect();
  void disconnect();
  void on_req(const std::string& subscription, const std::vector<Filter>& filters);
  void on_close(const std::string& subscription);
  void on_event(const Event& event);
  void on_auth(const Event& event);

  // The next message to the client; nullopt when there is none. Sets dropped() when the script says so.
  std::optional<RelayMessage> next();
  bool has_output() const { return !outbox_.empty(); }
  bool dropped() const { return dropped_; }
  // The connection ended at one of script.too_large.
  bool dropped_for_size() const { return dropped_for_size_; }

  // What was asked on all connections.
  struct Asked {
    std::string subscription;
    std::vector<Filter> filters;
  };
  const std::vector<Asked>& asked() const { return asked_; }
  std::size_t received_events() const { return received_; }
  std::size_t open_subscriptions() const { return open_.size(); }
  std::size_t auth_answers() const { return auth_answers_; }
  const Event& last_auth() const { return last_auth_; }

 private:
  struct Newest {
    bool operator()(const Event& a, const Event& b) const {
      return a.created_at != b.created_at ? a.created_at > b.created_at : a.id < b.id;
    }
  };
  std::vector<Event> answer(const Filter& filter);
  bool selects(const Filter& filter, const Event& event) const;

  std::set<Event, Newest> events_;
  std::map<std::string, std::vector<Filter>> open_;
  std::deque<RelayMessage> outbox_;
  std::vector<Asked> asked_;
  bool connected_ = false;
  bool authenticated_ = false;
  bool dropped_ = false;
  bool dropped_for_size_ = false;
  bool drop_next_ = false;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::size_t auth_answers_ = 0;
  Event last_auth_;
  std::size_t answers_ = 0;
};

}  // namespace pharos::test
