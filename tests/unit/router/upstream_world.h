// An upstream's state machine between a scripted relay and a store that decides and commits in its own time. Every step
// is chosen by the test or by a seeded random, so runs can be repeated.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "router/ledger_codec.h"
#include "router/upstream_fsm.h"
#include "support/scripted_relay.h"

namespace pharos::router::test {

inline EventId event_id(Random& random) {
  EventId id;
  random.fill(id.data);
  return id;
}

inline Event note(Random& random, UnixSeconds at, Kind kind = 1) {
  Event event;
  event.id = event_id(random);
  random.fill(event.pubkey.data);
  event.created_at = at;
  event.kind = kind;
  return event;
}

class UpstreamWorld {
 public:
  explicit UpstreamWorld(std::uint64_t seed = 1) : random(seed) {
    setup.upstream.name = "up";
    setup.upstream.url = RelayUrl::parse("ws://127.0.0.1:7777").value();
    setup.own_key.data[0] = 7;
    setup.signer = [this](Event& event) {
      event.pubkey = setup.own_key;
      event.id = event_id(random);
    };
  }

  // A fresh process over what is durable.
  void boot() {
    setup.ledgers.clear();
    for (std::size_t i = 0; i < setup.upstream.filters.size(); ++i) {
      Ledger ledger(setup.catchup.max_ledger_entries);
      if (ledgers.contains(i)) ledger = decode_ledger(ledgers[i], setup.catchup.max_ledger_entries).value();
      setup.ledgers.push_back(std::move(ledger));
    }
    setup.mark = mark;
    setup.last_seq = log.size();
    jobs.clear();
    reading = true;
    fsm = std::make_unique<UpstreamFsm>(setup, clock, random);
    act([this](Actions& out) { fsm->start(out); });
  }
  // kill -9: what the store has not committed is gone.
  void crash() {
    fsm.reset();
    relay.disconnect();
    boot();
  }

  template <class F>
  void act(F&& f) {
    Actions out;
    f(out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      Actions more;
      perform(out[i], more);
      out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
  }

  // One message of the relay; false when there was none to take.
  bool deliver() {
    if (!fsm->connected() || !reading) return false;
    auto message = relay.next();
    if (relay.dropped()) {
      const auto end = relay.dropped_for_size() ? UpstreamFsm::End::too_large : UpstreamFsm::End::other;
      if (fsm->connected()) act([&](Actions& out) { fsm->on_closed("gone", out, end); });
      return true;
    }
    if (!message) return false;
    ++messages;
    act([&](Actions& out) { fsm->on_message(std::move(*message), out); });
    return true;
  }
  // One job of the store's writer; false when there was none.
  bool commit() {
    if (jobs.empty()) return false;
    Action job = std::move(jobs.front());
    jobs.pop_front();
    if (auto* submit = std::get_if<Submit>(&job)) {
      Settled settled = held.contains(submit->event->id) ? Settled::duplicate : Settled::novel;
      if (refuse.contains(submit->event->id)) settled = Settled::refused;
      if (early.contains(submit->event->id)) settled = Settled::early;
      if (lose > 0) {
        --lose;
        settled = Settled::lost;
      }
      if (settled == Settled::novel) {
        held.insert(submit->event->id);
        log.push_back(submit->event);
        fsm->on_brought(log.size(), log.size());
        act([this](Actions& out) { fsm->on_stored(log.size(), out); });
      }
      act([&](Actions& out) { fsm->on_verdict(*submit, settled, "policy", out); });
    } else if (auto* ledger = std::get_if<PersistLedger>(&job)) {
      const bool ok = fail_writes == 0;
      if (ok)
        ledgers[ledger->filter] = ledger->value;
      else
        --fail_writes;
      fsm->on_ledger_persisted(ledger->filter, ok);
    } else if (auto* write = std::get_if<PersistCursor>(&job)) {
      mark = decode_mark(encode_mark(write->mark));
      act([this](Actions& out) { fsm->on_cursor_persisted(true, out); });
    } else if (auto* read = std::get_if<ReadOutbox>(&job)) {
      std::vector<Publisher::Item> items;
      storage::Seq at = read->after;
      while (at < read->through && at < read->after + read->records) {
        ++at;
        if (fsm->publishes(at) && fsm->publishes(*log[at - 1])) items.push_back({at, log[at - 1]});
      }
      act([&](Actions& out) { fsm->on_outbox(std::move(items), at, out); });
    }
    return true;
  }
  void advance(std::chrono::milliseconds step) {
    clock.advance(step);
    tick();
  }
  void tick() {
    if (fsm->deadline() && *fsm->deadline() <= clock.now()) act([this](Actions& out) { fsm->on_timer(out); });
  }
  // Everything that can happen without time passing.
  void settle() {
    while (deliver() || commit()) {
    }
  }
  void run(std::chrono::milliseconds time, std::chrono::milliseconds step = std::chrono::milliseconds(500)) {
    for (std::chrono::milliseconds spent{0}; spent < time; spent += step) {
      settle();
      advance(step);
    }
    settle();
  }
  // A local event enters the store.
  void publish(const Event& event) {
    held.insert(event.id);
    log.push_back(std::make_shared<const Event>(event));
    act([this](Actions& out) { fsm->on_stored(log.size(), out); });
  }

  storage::Seq cursor() const { return mark ? mark->cursor : 0; }
  Ledger ledger(std::size_t filter = 0) const {
    const auto found = ledgers.find(filter);
    return found == ledgers.end() ? Ledger() : decode_ledger(found->second, 512).value();
  }
  UpstreamStatus status() const {
    UpstreamStatus out;
    fsm->fill_status(out);
    return out;
  }
  // What the property is about: events of complete intervals that the relay has and the store lacks.
  std::vector<EventId> missing_in_complete() const {
    std::vector<EventId> out;
    for (const auto& [filter, value] : ledgers) {
      for (const LedgerEntry& entry : ledger(filter).entries()) {
        if (entry.state != Coverage::complete) continue;
        Filter window = without_window(setup.upstream.filters[filter]);
        window.since = entry.range.from;
        window.until = entry.range.to;
        for (const EventId& id : relay.ids(window)) {
          if (!held.contains(id) && !refuse.contains(id)) out.push_back(id);
        }
      }
    }
    return out;
  }
  std::vector<EventId> missing() const {
    std::vector<EventId> out;
    for (const Filter& filter : setup.upstream.filters) {
      for (const EventId& id : relay.ids(filter)) {
        if (!held.contains(id)) out.push_back(id);
      }
    }
    return out;
  }

  ManualClock clock{1'700'000'000};
  SeededRandom random;
  pharos::test::ScriptedRelay relay;
  UpstreamFsm::Setup setup;
  std::unique_ptr<UpstreamFsm> fsm;

  // Durable.
  std::set<EventId> held;
  std::vector<storage::EventPtr> log;  // seq i + 1
  std::map<std::size_t, std::string> ledgers;
  std::optional<OutboxMark> mark;

  // Not durable.
  std::deque<Action> jobs;
  bool reading = true;

  // Faults of our own side.
  bool reachable = true;
  std::set<EventId> refuse;
  std::set<EventId> early;
  std::size_t lose = 0;
  std::size_t fail_writes = 0;

  // Counted.
  std::size_t dials = 0;
  std::size_t messages = 0;
  std::size_t most_undecided = 0;
  std::vector<Event> auths;
  std::vector<std::string> logged;  // the messages

 private:
  void perform(Action& action, Actions& more) {
    if (std::holds_alternative<Dial>(action)) {
      ++dials;
      if (reachable) {
        relay.connect();
        reading = true;
        fsm->on_dialed(more);
      } else {
        fsm->on_dial_failed("tcp", more);
      }
    } else if (std::holds_alternative<HangUp>(action)) {
      relay.disconnect();
    } else if (auto* req = std::get_if<SendReq>(&action)) {
      relay.on_req(req->subscription, req->filters);
    } else if (auto* close = std::get_if<SendClose>(&action)) {
      relay.on_close(close->subscription);
    } else if (auto* event = std::get_if<SendEvent>(&action)) {
      relay.on_event(*event->event);
    } else if (auto* auth = std::get_if<SendAuth>(&action)) {
      auths.push_back(auth->event);
      relay.on_auth(auth->event);
    } else if (std::holds_alternative<PauseReading>(action)) {
      reading = false;
    } else if (std::holds_alternative<ResumeReading>(action)) {
      reading = true;
    } else if (const auto* line = std::get_if<LogLine>(&action)) {
      logged.emplace_back(line->message);
    } else {
      jobs.push_back(std::move(action));
    }
    if (fsm && fsm->mirror()) most_undecided = std::max(most_undecided, fsm->mirror()->undecided());
  }
};

}  // namespace pharos::router::test
