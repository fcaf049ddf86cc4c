#include "app/sync.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "app/exporter.h"
#include "app/progress.h"
#include "nostr/kind.h"
#include "relay/access.h"
#include "router/neg_client.h"
#include "util/printable.h"

namespace pharos::app {
namespace {

constexpr std::size_t kRequestsInFlight = 3;
constexpr std::size_t kSentAtOnce = 500;

// The filter's window in two, by time; false when it is one second or less. `ours`: where events are.
bool split(const Filter& filter, const NegItems& ours, UnixSeconds now, Filter& newer, Filter& older) {
  const UnixSeconds from = filter.since.value_or(0);
  const UnixSeconds to = filter.until.value_or(std::max(now, from) + 24 * 60 * 60);
  if (from >= to) return false;
  UnixSeconds middle = from + (to - from) / 2;
  if (ours.size() > 0) middle = std::clamp(ours.at(ours.size() / 2).created_at, from + 1, to) - 1;
  newer = filter;
  older = filter;
  older.until = middle;
  newer.since = middle + 1;
  return true;
}

}  // namespace

std::string SyncReport::text() const {
  std::string out = fmt::format("{} events here, {} missing here, {} missing there\n", here, need, have);
  if (sessions > 0) {
    out += fmt::format("negentropy: {} sessions, {} messages each way, {} bytes\n", sessions, rounds, negentropy_bytes);
  }
  if (by_pages) out += "the relay has no negentropy: everything was asked for\n";
  if (!complete) out += "the relay gave no more than a page of some second: there may be more\n";
  if (kept_back > 0) out += fmt::format("not sent: {} private or protected events\n", kept_back);
  if (missing > 0) out += fmt::format("asked for by id and not given: {}\n", missing);
  return out;
}

Sync::Sync(RelayLink& link, const storage::Store& store, EventTarget* down, EventTarget& sent,
           const SyncOptions& options, const Clock& clock, Progress& progress)
    : link_(link),
      store_(store),
      down_(down),
      sent_(sent),
      options_(options),
      patience_(options.patience, link),
      clock_(clock),
      progress_(progress) {}

Result<void, std::string> Sync::run(std::vector<Filter> filters) {
  left_ = std::move(filters);
  while (!left_.empty()) {
    const Filter filter = std::move(left_.back());
    left_.pop_back();
    PHAROS_TRYV(sync_filter(filter));
  }
  return success();
}

std::string Sync::lost_here() const { return "the instance here takes no more events: " + down_->end(); }

bool Sync::bears(std::string_view refusal) {
  if (!patience_.is_for_now(refusal) || patience_.is_lost()) return false;
  link_.pause(patience_.pause());
  return link_.end().empty();
}

std::string Sync::refused(std::string_view what, std::string_view refusal) const {
  std::string text = fmt::format("the relay refused {}: {}", what, printable(refusal));
  if (!link_.auth_refusal().empty()) text += "; and AUTH: " + printable(link_.auth_refusal());
  return text;
}

void Sync::show(const std::string& what) {
  if (progress_.due()) progress_.show("sync: " + what);
}

Result<NegItems, std::string> Sync::collect(const Filter& filter) const {
  NegItems items;
  const auto add = [&items](const storage::RecordView& record, std::string&) {
    items.add({record.created_at(), record.id()});
  };
  const auto nothing_to_write = [](std::string_view) { return true; };
  if (!walk_events(store_, {filter}, clock_, add, nothing_to_write).complete) {
    return failure(std::string("the database could not be read to the end"));
  }
  items.seal();
  return success(std::move(items));
}

Sync::Done Sync::sync_filter(const Filter& filter) {
  PHAROS_TRY(const auto ours, collect(filter));
  return reconcile(filter, ours);
}

Sync::Done Sync::reconcile(const Filter& filter, const NegItems& ours) {
  const std::string name = "sync" + std::to_string(++names_);
  router::NegClient client(name, ours, {});
  const std::uint64_t bytes_before = link_.sent_bytes() + link_.received_bytes();
  ++report_.sessions;
  link_.send(client.begin(filter));
  using State = router::NegClient::State;
  while (client.state() == State::open) {
    auto message = link_.receive(options_.timeout);
    // Relays without NIP-77 say so by a NOTICE, or nothing at all.
    const bool is_notice = message && std::holds_alternative<NoticeReply>(*message);
    if (client.rounds() == 0 && (is_notice || (!message && link_.end().empty()))) {
      return page_through(filter, ours);
    }
    if (!message) return failure(link_.why_silent());
    std::string next;
    if (const auto* reply = std::get_if<NegMessageReply>(&*message)) client.on(*reply, next);
    if (const auto* refused = std::get_if<NegErrReply>(&*message)) {
      if (refused->subscription == name && bears(refused->reason)) return reconcile(filter, ours);
      client.on(*refused);
    }
    if (!next.empty()) link_.send(next);
    show(fmt::format("negentropy, {} messages each way", client.rounds()));
  }
  patience_.succeeded(true);
  report_.rounds += client.rounds();
  report_.negentropy_bytes += link_.sent_bytes() + link_.received_bytes() - bytes_before;
  if (client.state() == State::unable) return page_through(filter, ours);
  if (client.state() == State::too_big) {
    Filter newer;
    Filter older;
    if (!split(filter, ours, clock_.unix_now(), newer, older)) return page_through(filter, ours);
    left_.push_back(std::move(older));
    left_.push_back(std::move(newer));
    return success();
  }
  if (client.state() == State::failed) return failure(refused("negentropy", client.reason()));
  ++report_.compared;
  report_.here += ours.size();
  return settle(client.difference());
}

Sync::Done Sync::settle(NegDifference& difference) {
  report_.need += difference.need.size();
  report_.have += difference.have.size();
  if (down_ != nullptr) {
    PHAROS_TRYV(fetch(std::move(difference.need)));
  }
  if (options_.up) {
    PHAROS_TRYV(send(difference.have));
  }
  return success();
}

// --- down

Sync::Done Sync::fetch(std::vector<EventId> ids) {
  // What a relay's own limit kept back comes when it is asked for again.
  while (!ids.empty()) {
    std::unordered_set<EventId> missing(ids.begin(), ids.end());
    refused_for_now_.clear();
    PHAROS_TRYV(fetch_batches(ids, missing));
    if (missing.size() < ids.size()) patience_.succeeded(refused_for_now_.empty());
    if (!refused_for_now_.empty() && !missing.empty()) {
      if (!bears(refused_for_now_)) return failure(refused("a REQ", refused_for_now_));
    } else if (missing.size() == ids.size()) {
      break;
    }
    ids.assign(missing.begin(), missing.end());
  }
  report_.missing += ids.size();
  if (!down_->finish()) return failure(lost_here());
  return success();
}

Sync::Done Sync::fetch_batches(const std::vector<EventId>& ids, std::unordered_set<EventId>& missing) {
  std::size_t next = 0;
  std::deque<std::string> asked;
  while (next < ids.size() || !asked.empty()) {
    while (next < ids.size() && asked.size() < kRequestsInFlight) {
      const std::size_t end = std::min(ids.size(), next + options_.ids_at_once);
      Filter batch;
      batch.ids.emplace(ids.begin() + static_cast<std::ptrdiff_t>(next),
                        ids.begin() + static_cast<std::ptrdiff_t>(end));
      std::ranges::sort(*batch.ids);
      std::string text;
      append_req(text, asked.emplace_back("sync" + std::to_string(++names_)), {batch});
      link_.send(text);
      next = end;
    }
    auto message = link_.receive(options_.timeout);
    if (!message) return failure(link_.why_silent());
    std::string ended;
    if (auto* event = std::get_if<EventReply>(&*message)) {
      if (missing.erase(event->event.id) > 0 && !down_->give(std::move(event->event))) {
        return failure(lost_here());
      }
      show(fmt::format("fetched {} of {}", ids.size() - missing.size(), ids.size()));
    } else if (const auto* eose = std::get_if<EoseReply>(&*message)) {
      ended = eose->subscription;
      std::string close;
      append_close(close, ended);
      link_.send(close);
    } else if (const auto* closed = std::get_if<ClosedReply>(&*message)) {
      ended = closed->subscription;
      if (patience_.is_for_now(closed->message)) {
        refused_for_now_ = closed->message;
        next = ids.size();
      }
    }
    std::erase(asked, ended);
  }
  return success();
}

// --- up

Sync::Done Sync::send(const std::vector<EventId>& ids) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kSentAtOnce) {
    const std::size_t end = std::min(ids.size(), begin + kSentAtOnce);
    Filter batch;
    batch.ids.emplace(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.begin() + static_cast<std::ptrdiff_t>(end));
    std::ranges::sort(*batch.ids);
    std::vector<Event> events;
    const auto take = [&](const storage::RecordView& record, std::string&) {
      Event event;
      record.decode(event);
      if (relay::is_gated(event.kind) || is_protected(event) || event.kind == kind::kVanish) {
        ++report_.kept_back;
      } else {
        events.push_back(std::move(event));
      }
    };
    if (!walk_events(store_, {batch}, clock_, take, [](std::string_view) { return true; }).complete) {
      return failure(std::string("the database could not be read to the end"));
    }
    for (Event& event : events) {
      if (!sent_.give(std::move(event))) return failure(sent_.end());
    }
    show(fmt::format("sent {} of {}", end, ids.size()));
  }
  if (!sent_.finish()) return failure(sent_.end());
  return success();
}

// --- without negentropy

Result<std::vector<Event>, std::string> Sync::ask(const Filter& filter) {
  const std::string name = "sync" + std::to_string(++names_);
  std::string text;
  append_req(text, name, {filter});
  link_.send(text);
  std::vector<Event> events;
  while (true) {
    auto message = link_.receive(options_.timeout);
    if (!message) return failure(link_.why_silent());
    if (auto* event = std::get_if<EventReply>(&*message)) {
      if (event->subscription == name && events.size() < 2 * options_.page) events.push_back(std::move(event->event));
    } else if (const auto* eose = std::get_if<EoseReply>(&*message)) {
      if (eose->subscription != name) continue;
      std::string close;
      append_close(close, name);
      link_.send(close);
      patience_.succeeded(true);
      return success(std::move(events));
    } else if (const auto* closed = std::get_if<ClosedReply>(&*message)) {
      if (closed->subscription != name) continue;
      if (!bears(closed->message)) return failure(refused("a REQ", closed->message));
      return ask(filter);
    }
  }
}

Sync::Done Sync::page_through(const Filter& filter, const NegItems& ours) {
  report_.by_pages = true;
  std::unordered_set<EventId> lacking;
  for (std::size_t i = 0; i < ours.size(); ++i) lacking.insert(ours.at(i).id);
  std::unordered_set<EventId> seen;
  std::size_t longest = 0;
  bool is_first = true;
  Filter page = filter;
  page.limit = options_.page;
  while (true) {
    PHAROS_TRY(auto events, ask(page));
    if (std::exchange(is_first, false)) {
      ++report_.compared;
      report_.here += ours.size();
    }
    std::erase_if(events, [&](const Event& event) { return !matches(filter, event); });
    if (events.empty()) break;
    const std::size_t count = events.size();
    UnixSeconds oldest = events.front().created_at;
    bool is_new = false;
    for (Event& event : events) {
      oldest = std::min(oldest, event.created_at);
      if (!seen.insert(event.id).second) continue;
      is_new = true;
      if (lacking.erase(event.id) > 0) continue;
      ++report_.need;
      if (down_ != nullptr && !down_->give(std::move(event))) {
        return failure(lost_here());
      }
    }
    show(fmt::format("looked through {}", seen.size()));
    // A full page of one second hides what that second has beyond it. The relay's own cap is known by its longest page.
    longest = std::max(longest, count);
    const bool is_one_second = page.until == oldest;
    if (is_one_second && is_new && count == longest) report_.complete = false;
    page.until = is_new && !is_one_second ? oldest : oldest - 1;
    if (*page.until < filter.since.value_or(0)) break;
  }
  report_.have += lacking.size();
  if (down_ != nullptr && !down_->finish()) return failure(lost_here());
  return options_.up ? send({lacking.begin(), lacking.end()}) : success();
}

}  // namespace pharos::app
