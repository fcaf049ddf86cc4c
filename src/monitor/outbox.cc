#include "monitor/outbox.h"

#include <algorithm>

#include "monitor/answer.h"
#include "nostr/kind.h"
#include "util/printable.h"

namespace pharos::monitor {
namespace {

bool replaces(const Event& newer, const Event& older) {
  const KindClass kind_class = classify(newer.kind);
  if (kind_class != KindClass::replaceable && kind_class != KindClass::addressable) return false;
  if (newer.kind != older.kind || newer.pubkey != older.pubkey || newer.created_at < older.created_at) return false;
  return kind_class == KindClass::replaceable || identifier(newer) == identifier(older);
}

}  // namespace

void Outbox::push(storage::EventPtr event) {
  for (Item& item : waiting_) {
    if (!replaces(*event, *item.event)) continue;
    item = {std::move(event), 0};
    return;
  }
  if (waiting_.size() >= capacity_ && !waiting_.empty()) {
    lost_(waiting_.front().event->kind);
    waiting_.pop_front();
    ++totals_.dropped;
  }
  waiting_.push_back({std::move(event), 0});
}

std::vector<storage::EventPtr> Outbox::take(SteadyTime now) {
  std::vector<storage::EventPtr> out;
  while (!waiting_.empty() && in_flight_.size() < window_) {
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    ++item.attempts;
    out.push_back(item.event);
    const EventId id = item.event->id;
    in_flight_.insert_or_assign(id, Sent{std::move(item), now});
  }
  return out;
}

void Outbox::again(Item item) {
  if (item.attempts < max_attempts_) {
    waiting_.push_front(std::move(item));
    return;
  }
  ++totals_.failed;
  lost_(item.event->kind);
}

Outbox::Answer Outbox::on_ok(const EventId& id, bool accepted, std::string_view message, SteadyTime now) {
  const auto it = in_flight_.find(id);
  if (it == in_flight_.end()) return {};
  Sent sent = std::move(it->second);
  in_flight_.erase(it);
  const Kind kind = sent.item.event->kind;
  last_latency_ = std::chrono::ceil<std::chrono::milliseconds>(now - sent.at);
  if (accepted || message.starts_with("duplicate:")) {
    ++totals_.accepted;
    return {Settled::accepted, kind};
  }
  last_rejection_ = printable(message);
  const Fault fault = judge_refusal(message);
  const bool last_attempt = sent.item.attempts >= max_attempts_;
  if ((fault == Fault::rate_limited || fault == Fault::auth_required) && !last_attempt) {
    again(std::move(sent.item));
    return {fault == Fault::auth_required ? Settled::wants_auth : Settled::later, kind};
  }
  ++totals_.rejected;
  return {Settled::rejected, kind};
}

bool Outbox::expire(SteadyTime now) {
  std::vector<EventId> late;
  for (const auto& [id, sent] : in_flight_) {
    if (now - sent.at >= ok_timeout_) late.push_back(id);
  }
  for (const EventId& id : late) {
    const auto it = in_flight_.find(id);
    again(std::move(it->second.item));
    in_flight_.erase(it);
  }
  return !late.empty();
}

void Outbox::on_disconnect() {
  for (auto& [id, sent] : in_flight_) again(std::move(sent.item));
  in_flight_.clear();
}

std::optional<SteadyTime> Outbox::deadline() const {
  std::optional<SteadyTime> first;
  for (const auto& [id, sent] : in_flight_) {
    if (!first || sent.at + ok_timeout_ < *first) first = sent.at + ok_timeout_;
  }
  return first;
}

}  // namespace pharos::monitor
