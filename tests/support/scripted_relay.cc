#include "support/scripted_relay.h"

#include <algorithm>
#include <utility>

namespace pharos::test {

bool ScriptedRelay::selects(const Filter& filter, const Event& event) const {
  Filter asked = filter;
  if (script.ignores_until) asked.until.reset();
  if (script.ignores_since) asked.since.reset();
  if (script.ignores_kinds) asked.kinds.reset();
  if (script.exclusive_until && asked.until) asked.until = *asked.until - 1;
  return matches(asked, event);
}

void ScriptedRelay::store(const Event& event) {
  if (!events_.insert(event).second || !connected_) return;
  for (const auto& [subscription, filters] : open_) {
    if (std::any_of(filters.begin(), filters.end(), [&](const Filter& f) { return matches(f, event); }))
      outbox_.push_back(EventReply{subscription, event});
  }
}

void ScriptedRelay::erase(const EventId& id) {
  std::erase_if(events_, [&id](const Event& event) { return event.id == id; });
}

const Event* ScriptedRelay::find(const EventId& id) const {
  const auto found = std::find_if(events_.begin(), events_.end(), [&id](const Event& e) { return e.id == id; });
  return found == events_.end() ? nullptr : &*found;
}

std::vector<EventId> ScriptedRelay::ids(const Filter& filter) const {
  std::vector<EventId> out;
  for (const Event& event : events_) {
    if (matches(filter, event)) out.push_back(event.id);
  }
  return out;
}

void ScriptedRelay::connect() {
  disconnect();
  connected_ = true;
  dropped_ = false;
  dropped_for_size_ = false;
  drop_next_ = false;
  sent_ = 0;
  authenticated_ = false;
  if (script.requires_auth) outbox_.push_back(AuthReply{"challenge-of-the-relay"});
}

void ScriptedRelay::disconnect() {
  connected_ = false;
  open_.clear();
  outbox_.clear();
}

std::vector<Event> ScriptedRelay::answer(const Filter& filter) {
  std::vector<Event> out;
  const bool all = script.dumps_on_limit_zero && filter.limit == 0U;
  const std::size_t limit =
      all ? script.max_limit : std::min(filter.limit.value_or(script.max_limit), script.max_limit);
  const auto take = [&](const Event& event) {
    if (out.size() < limit && selects(filter, event)) out.push_back(event);
  };
  if (script.oldest_first)
    std::for_each(events_.rbegin(), events_.rend(), take);
  else
    std::for_each(events_.begin(), events_.end(), take);
  if (script.unordered && out.size() > 2) std::swap(out.front(), out.back());
  if (script.repeats_events && !out.empty()) out.push_back(out.back());
  if (script.loses_every_third) {
    std::size_t i = answers_++;
    std::erase_if(out, [&i](const Event&) { return ++i % 3 == 0; });
  }
  return out;
}

void ScriptedRelay::on_req(const std::string& subscription, const std::vector<Filter>& filters) {
  asked_.push_back({subscription, filters});
  open_.erase(subscription);
  if (script.silent) return;
  if (script.requires_auth && !authenticated_) {
    outbox_.push_back(ClosedReply{subscription, "auth-required: we want to know you"});
    return;
  }
  const bool asks_zero = std::any_of(filters.begin(), filters.end(), [](const Filter& f) { return f.limit == 0U; });
  if (script.ignores_limit_zero && asks_zero) return;
  if (filters.size() > script.max_filters) {
    outbox_.push_back(ClosedReply{subscription, "error: too many filters"});
    return;
  }
  if (open_.size() >= script.max_requests) {
    outbox_.push_back(ClosedReply{subscription, "rate-limited: too many subscriptions"});
    return;
  }
  if (script.refuses_limit_zero && asks_zero) {
    outbox_.push_back(ClosedReply{subscription, "error: limit must be positive"});
    return;
  }
  std::size_t given = 0;
  const bool live = std::all_of(filters.begin(), filters.end(), [](const Filter& f) { return f.limit == 0U; });
  if (!script.serves_nothing) {
    for (const Filter& filter : filters) {
      for (Event& event : answer(filter)) {
        if (!live && script.closes_after && given >= *script.closes_after) {
          outbox_.push_back(ClosedReply{subscription, "error: gave up"});
          return;
        }
        ++given;
        outbox_.push_back(EventReply{subscription, std::move(event)});
      }
    }
  }
  if (script.sends_foreign_events && !live) {
    Event foreign;
    foreign.id.data[0] = 0xEE;
    foreign.kind = 65'000;
    foreign.created_at = filters.front().until.value_or(1);
    outbox_.push_back(EventReply{subscription, std::move(foreign)});
  }
  open_[subscription] = filters;
  const bool whole = filters.size() == 1 && given == ids(filters.front()).size();
  outbox_.push_back(EoseReply{subscription, script.finish_hint && whole && !live});
}

void ScriptedRelay::on_close(const std::string& subscription) { open_.erase(subscription); }

void ScriptedRelay::on_event(const Event& event) {
  ++received_;
  if (script.dies_of == event.id) {
    disconnect();
    dropped_ = true;
    return;
  }
  if (!script.answers_ok) return;
  if (script.requires_auth && !authenticated_) {
    outbox_.push_back(OkReply{event.id, false, "auth-required: we want to know you"});
    return;
  }
  if (!script.accepts) {
    outbox_.push_back(OkReply{event.id, false, script.ok_message});
    return;
  }
  const bool known = find(event.id) != nullptr;
  if (!known) store(event);
  outbox_.push_back(OkReply{event.id, true, known ? "duplicate: have it" : script.ok_message});
}

void ScriptedRelay::on_auth(const Event& event) {
  ++auth_answers_;
  last_auth_ = event;
  authenticated_ = !script.refuses_auth && event.kind == 22242 &&
                   event.tags.first("challenge") == std::string_view("challenge-of-the-relay");
  outbox_.push_back(OkReply{event.id, authenticated_, authenticated_ ? "" : "restricted: not you"});
}

std::optional<RelayMessage> ScriptedRelay::next() {
  const auto* next = outbox_.empty() ? nullptr : std::get_if<EventReply>(&outbox_.front());
  dropped_for_size_ = dropped_for_size_ || (next != nullptr && script.too_large.contains(next->event.id));
  if (connected_ && (drop_next_ || dropped_for_size_ || (script.drops_after && sent_ >= *script.drops_after))) {
    disconnect();
    dropped_ = true;
  }
  if (outbox_.empty()) return std::nullopt;
  RelayMessage message = std::move(outbox_.front());
  outbox_.pop_front();
  ++sent_;
  drop_next_ = script.drops_after_eose && std::holds_alternative<EoseReply>(message);
  return message;
}

}  // namespace pharos::test
