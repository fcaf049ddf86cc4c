#include "monitor/schedule.h"

#include <algorithm>

namespace pharos::monitor {
namespace {

constexpr double kRetryJitter = 0.1;

}  // namespace

Schedule::Schedule(const ScheduleOptions& options, unsigned dials_per_probe, Random& random)
    : options_(options),
      dials_per_probe_(dials_per_probe),
      random_(random),
      bucket_(Rate::per_second(options.dials_per_second, std::max<double>(options.dial_burst, dials_per_probe))) {}

void Schedule::add(const Entry& entry, std::optional<std::chrono::milliseconds> due_in, SteadyTime now) {
  auto [it, added] = targets_.try_emplace(entry.id);
  if (!added) return;
  it->second.entry = entry;
  const std::int64_t spread = std::max<std::int64_t>(1, options_.first_spread.count());
  std::chrono::milliseconds delay(static_cast<std::int64_t>(entry.hash % static_cast<std::uint64_t>(spread)));
  // What is long due after a stop would come all at once.
  if (due_in && *due_in > delay) delay = *due_in;
  wait_until(entry.id, it->second, now + delay);
}

void Schedule::wait_until(TargetId id, Target& target, SteadyTime due) {
  target.state = State::waiting;
  target.due = due;
  waiting_.of(target).emplace(due, id);
}

void Schedule::remove(TargetId id) {
  const auto it = targets_.find(id);
  if (it == targets_.end()) return;
  Target& target = it->second;
  const std::pair place(target.due, id);
  Place& net = lane(target.entry.network);
  const auto host = hosts_.find(target.entry.host);
  switch (target.state) {
    case State::in_flight:
      release(target);
      break;
    case State::parked:
      parked_.erase(place);
      net.parked.of(target).erase(place);
      if (host != hosts_.end()) host->second.parked.of(target).erase(place);
      break;
    case State::waiting:
      waiting_.of(target).erase(place);
      // It may have held the turn of those that wait for the same place.
      unpark_one(net.parked);
      if (host != hosts_.end()) unpark_one(host->second.parked);
      break;
  }
  targets_.erase(id);
}

Schedule::Line* Schedule::first_due(SteadyTime now) {
  for (Line* line : {&waiting_.named, &waiting_.discovered}) {
    if (!line->empty() && line->begin()->first <= now) return line;
  }
  return nullptr;
}

std::vector<TargetId> Schedule::take_due(SteadyTime now) {
  std::vector<TargetId> out;
  while (Line* const line = first_due(now)) {
    const TargetId id = line->begin()->second;
    Target& target = targets_.at(id);
    Place& net = lane(target.entry.network);
    const bool net_full = net.in_flight >= options_.concurrency[static_cast<std::size_t>(target.entry.network)];
    const auto host = hosts_.find(target.entry.host);
    const bool host_full = host != hosts_.end() && host->second.in_flight >= options_.per_host;
    if (net_full || host_full) {
      line->erase(line->begin());
      target.state = State::parked;
      parked_.emplace(target.due, id);
      (net_full ? net : host->second).parked.of(target).emplace(target.due, id);
      // The network's free slot goes to the next one in line.
      if (!net_full) unpark_one(net.parked);
      continue;
    }
    if (!bucket_.take(dials_per_probe_, now)) break;
    line->erase(line->begin());
    target.state = State::in_flight;
    ++net.in_flight;
    ++hosts_[target.entry.host].in_flight;
    ++in_flight_;
    out.push_back(id);
  }
  return out;
}

void Schedule::unpark_one(Lines& parked) {
  if (parked.empty()) return;
  Line& line = parked.named.empty() ? parked.discovered : parked.named;
  const TargetId id = line.begin()->second;
  line.erase(line.begin());
  Target& target = targets_.at(id);
  parked_.erase({target.due, id});
  wait_until(id, target, target.due);
}

void Schedule::release(Target& target) {
  --in_flight_;
  Place& net = lane(target.entry.network);
  --net.in_flight;
  unpark_one(net.parked);
  const auto host = hosts_.find(target.entry.host);
  --host->second.in_flight;
  unpark_one(host->second.parked);
  if (host->second.in_flight == 0 && host->second.parked.empty()) hosts_.erase(host);
}

std::chrono::milliseconds Schedule::jittered(std::chrono::milliseconds delay, double share) {
  const double factor = 1.0 + share * (2.0 * random_.unit() - 1.0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * factor));
}

std::chrono::milliseconds Schedule::retry_delay(unsigned failures) const {
  if (options_.retry_ladder.empty()) return options_.period;
  const unsigned per_rung = std::max(1U, options_.attempts_per_rung);
  const std::size_t rung = (failures - 1) / per_rung;
  return options_.retry_ladder[std::min(rung, options_.retry_ladder.size() - 1)];
}

std::chrono::milliseconds Schedule::longest_delay(unsigned failures) const {
  if (failures == 0) return 2 * options_.period;
  const auto delay = retry_delay(failures);
  return delay + std::chrono::ceil<std::chrono::milliseconds>(kRetryJitter * delay);
}

// A target keeps its place in the period, on the wall clock, so that load stays spread through restarts and retries.
std::chrono::milliseconds Schedule::until_next_slot(std::uint64_t hash, std::int64_t unix_ms) const {
  const std::int64_t period = std::max<std::int64_t>(1, options_.period.count());
  const auto place = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(period));
  std::int64_t delay = (place - unix_ms % period + period) % period;
  if (delay < period / 2) delay += period;
  return std::chrono::milliseconds(delay);
}

std::chrono::milliseconds Schedule::finished(TargetId id, unsigned failures, SteadyTime now, std::int64_t unix_ms) {
  const auto it = targets_.find(id);
  if (it == targets_.end() || it->second.state != State::in_flight) return std::chrono::milliseconds(0);
  Target& target = it->second;
  release(target);
  std::chrono::milliseconds delay{};
  if (failures == 0) {
    const auto shift = jittered(options_.period, options_.jitter) - options_.period;
    delay = std::max(options_.period / 2, until_next_slot(target.entry.hash, unix_ms) + shift);
  } else {
    delay = jittered(retry_delay(failures), kRetryJitter);
  }
  wait_until(id, target, now + delay);
  return delay;
}

std::chrono::milliseconds Schedule::postpone(TargetId id, std::chrono::milliseconds delay, SteadyTime now) {
  const auto it = targets_.find(id);
  if (it == targets_.end() || it->second.state != State::in_flight) return std::chrono::milliseconds(0);
  release(it->second);
  delay = jittered(delay, kRetryJitter);
  wait_until(id, it->second, now + delay);
  return delay;
}

void Schedule::hasten(TargetId id, std::chrono::milliseconds delay, SteadyTime now) {
  const auto it = targets_.find(id);
  if (it == targets_.end() || it->second.state != State::waiting || it->second.due <= now + delay) return;
  waiting_.of(it->second).erase({it->second.due, id});
  wait_until(id, it->second, now + delay);
}

std::optional<SteadyTime> Schedule::wake_at(SteadyTime now) {
  std::optional<SteadyTime> first;
  for (const Line* line : {&waiting_.named, &waiting_.discovered}) {
    if (!line->empty() && (!first || line->begin()->first < *first)) first = line->begin()->first;
  }
  if (!first) return std::nullopt;
  return std::max(*first, now + bucket_.wait_for(dials_per_probe_, now));
}

std::size_t Schedule::overdue(SteadyTime now) const {
  const SteadyTime late = now - options_.overdue_after;
  std::size_t count = 0;
  for (const Line* line : {&waiting_.named, &waiting_.discovered, &parked_}) {
    for (auto it = line->begin(); it != line->end() && it->first < late; ++it) ++count;
  }
  return count;
}

}  // namespace pharos::monitor
