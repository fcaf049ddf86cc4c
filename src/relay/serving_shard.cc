#include "relay/serving_shard.h"

#include <algorithm>
#include <optional>

#include "util/log.h"

namespace pharos::relay {
namespace {

constexpr std::chrono::milliseconds kRetryDelay{5};

}  // namespace

ServingShard::ServingShard(Loop& loop, const storage::Store& store, const Clock& clock, SessionCount& sessions,
                           std::uint64_t salt, std::size_t max_fanout_events, std::size_t max_fanout_bytes,
                           const metrics::RelayMetrics& metrics)
    : loop_(loop),
      store_(store),
      clock_(clock),
      sessions_(sessions),
      max_fanout_events_(max_fanout_events),
      max_fanout_bytes_(max_fanout_bytes),
      metrics_(metrics),
      index_(salt) {}

void ServingShard::publish(const LiveBatchPtr& batch) {
  {
    Lock lock(inbox_mutex_);
    const bool is_full =
        inbox_events_ + batch->events.size() > max_fanout_events_ || inbox_bytes_ + batch->bytes > max_fanout_bytes_;
    if (is_full && !inbox_.empty()) {
      Delivery& last = inbox_.back();
      last.lost_behind = true;
      for (const LiveEventPtr& event : batch->events) last.lost_up_to = std::max(last.lost_up_to, event->seq());
      metrics_.fanout_overflow.add();
    } else {
      inbox_.push_back({batch});
      inbox_events_ += batch->events.size();
      inbox_bytes_ += batch->bytes;
      metrics_.fanout_depth.add(static_cast<std::int64_t>(batch->events.size()));
    }
    if (wake_posted_) return;
    wake_posted_ = true;
  }
  loop_.post([this] { take_next(); });
}

void ServingShard::take_next() {
  Delivery next;
  bool more = false;
  {
    Lock lock(inbox_mutex_);
    next = std::move(inbox_.front());
    inbox_.pop_front();
    inbox_events_ -= next.batch->events.size();
    inbox_bytes_ -= next.batch->bytes;
    metrics_.fanout_depth.add(-static_cast<std::int64_t>(next.batch->events.size()));
    more = !inbox_.empty();
    wake_posted_ = more;
  }
  // One batch a turn: sockets and requests get their share of the loop between two.
  if (more) loop_.post([this] { take_next(); });
  FirstError errors;
  deliver(*next.batch, errors);
  if (next.lost_behind) {
    delivered_ = std::max(delivered_, next.lost_up_to);
    close_subscriptions(errors);
  }
  errors.rethrow();
}

void ServingShard::deliver(const LiveBatch& batch, FirstError& errors) {
  const UnixSeconds now = clock_.unix_now();
  for (const LiveEventPtr& event : batch.events) {
    delivered_ = std::max(delivered_, event->seq());
    if (is_expired(event->event(), now)) continue;
    matched_.clear();
    index_.match(event->event(), matched_);
    for (const LiveIndex::Handle handle : matched_) {
      // An earlier delivery may have ended this subscription or its whole connection.
      const LiveIndex::Target* target = index_.find(handle);
      if (target == nullptr) continue;
      metrics_.broadcast_matches.add();
      LiveReceiver& receiver = *target->receiver;
      errors.run([&] { receive(receiver, target->key, event); });
    }
  }
  metrics_.broadcast_seconds.observe(std::chrono::duration<double>(clock_.now() - batch.committed_at).count());
}

void ServingShard::receive(LiveReceiver& receiver, std::uint64_t key, const LiveEventPtr& event) {
  try {
    receiver.on_live(key, event);
  } catch (...) {
    receiver.on_events_lost();
    throw;
  }
}

void ServingShard::answer(VerdictInbox::Entry verdict) {
  if (verdicts_.push(std::move(verdict))) loop_.post([this] { take_verdicts(); });
}

void ServingShard::take_verdicts() {
  verdicts_.take(taken_verdicts_);
  FirstError errors;
  for (const VerdictInbox::Entry& entry : taken_verdicts_) {
    const auto sender = entry.sender.lock();
    if (sender) errors.run([&] { sender->on_verdict(entry, scratch_); });
  }
  taken_verdicts_.clear();
  errors.rethrow();
}

void ServingShard::close_subscriptions(FirstError& errors) {
  if (index_.size() == 0) return;
  log::warn("relay", "live events were lost on a lagging shard, its subscriptions are closed",
            {{"subscriptions", index_.size()}});
  for (const auto& member : all_members()) errors.run([&] { member->on_events_lost(); });
}

ServingShard::Watched ServingShard::watch(const LiveIndex::Target& target, FilterList filters) {
  const LiveIndex::Handle handle = index_.add(target, std::move(filters));
  // What came through the inbox is committed, even where the store has not counted it yet.
  return {handle, std::max(store_.last_seq(), delivered_)};
}

void ServingShard::attach(std::shared_ptr<ShardMember> member) {
  ShardMember* const key = member.get();
  members_.emplace(key, std::move(member));
  sessions_.add();
  metrics_.sessions.add(1);
}

void ServingShard::detach(ShardMember* member) {
  const auto at = members_.find(member);
  if (at == members_.end()) return;
  loop_.post([member_alive = std::move(at->second)] {});
  members_.erase(at);
  ticking_.erase(member);
  sessions_.remove();
  metrics_.sessions.add(-1);
}

void ServingShard::retry_soon(std::weak_ptr<ShardMember> member) {
  retries_.push_back(std::move(member));
  if (retries_.size() == 1) arm();
}

void ServingShard::want_ticks(ShardMember* member) {
  if (!ticking_.insert(member).second || ticking_.size() > 1) return;
  next_tick_ = clock_.now() + kTick;
  arm();
}

void ServingShard::wake_at(SteadyTime at, std::weak_ptr<ShardMember> member) {
  const auto added = wakes_.emplace(at, std::move(member));
  if (added == wakes_.begin()) arm();
}

// The loop has one timer: what is due next has it.
void ServingShard::arm() {
  if (!retries_.empty()) return loop_.arm(kRetryDelay, [this] { on_timer(); });
  std::optional<SteadyTime> next;
  if (!ticking_.empty()) next = next_tick_;
  if (!wakes_.empty()) next = std::min(next.value_or(SteadyTime::max()), wakes_.begin()->first);
  if (!next) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now());
  loop_.arm(std::max(left, std::chrono::milliseconds(0)), [this] { on_timer(); });
}

void ServingShard::on_timer() {
  const SteadyTime now = clock_.now();
  const bool is_tick = !ticking_.empty() && ((retries_.empty() && wakes_.empty()) || now >= next_tick_);
  const auto retries = std::exchange(retries_, {});
  std::vector<std::weak_ptr<ShardMember>> woken;
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    woken.push_back(std::move(wakes_.begin()->second));
    wakes_.erase(wakes_.begin());
  }
  if (is_tick) next_tick_ = now + kTick;
  arm();
  FirstError errors;
  for (const auto& waiting : retries) {
    if (const auto member = waiting.lock()) errors.run([&] { member->retry(); });
  }
  for (const auto& sleeping : woken) {
    if (const auto member = sleeping.lock()) errors.run([&] { member->wake(); });
  }
  if (is_tick) tick(errors);
  errors.rethrow();
}

void ServingShard::tick(FirstError& errors) {
  for (ShardMember* const member : std::vector(ticking_.begin(), ticking_.end())) {
    // An earlier one may have ended it.
    if (!ticking_.contains(member)) continue;
    errors.run([&] {
      if (!member->tick()) ticking_.erase(member);
    });
  }
}

std::vector<std::shared_ptr<ShardMember>> ServingShard::all_members() const {
  std::vector<std::shared_ptr<ShardMember>> members;
  members.reserve(members_.size());
  for (const auto& [key, member] : members_) members.push_back(member);
  return members;
}

template <class Tell>
void ServingShard::tell_all(Tell tell) const {
  FirstError errors;
  for (const auto& member : all_members()) errors.run([&] { tell(*member); });
  errors.rethrow();
}

void ServingShard::begin_drain() {
  tell_all([](ShardMember& member) { member.begin_drain(); });
}

void ServingShard::shut_down() {
  tell_all([](ShardMember& member) { member.shut_down(); });
}

void ServingShard::obey(const std::shared_ptr<const ingest::AccessRules>& rules) {
  tell_all([&](ShardMember& member) { member.obey(rules); });
}

void ServingShard::obey(const std::shared_ptr<const RateRules>& rates) {
  tell_all([&](ShardMember& member) { member.obey(rates); });
}

}  // namespace pharos::relay
