// When to probe whom: due times spread over the period, a retry ladder for relays that do not answer, and caps on
// concurrency per network, probes per host and connections per second. Pure; one thread; knows nothing of probes.
//
// A target is waiting (it has a due time), parked (due, but its host or network is busy) or in flight. Of those that
// are due, the ones that the operator named go first, by due time: however many targets are discovered, the named ones
// keep their pace.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "monitor/options.h"
#include "nostr/relay_url.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/token_bucket.h"

namespace pharos::monitor {

using TargetId = std::uint64_t;

class Schedule {
 public:
  // dials_per_probe: 1, or 2 when NIP-11 is fetched beside the WebSocket. random outlives this.
  Schedule(const ScheduleOptions& options, unsigned dials_per_probe, Random& random);

  struct Entry {
    TargetId id = 0;
    std::string host;
    Network network = Network::clearnet;
    std::uint64_t hash = 0;  // of the URL: its place in the period
    bool named = false;      // by the operator
  };
  // due_in: nullopt for a target never probed before; the past means late. Replaces nothing: ids are used once.
  void add(const Entry& entry, std::optional<std::chrono::milliseconds> due_in, SteadyTime now);
  void remove(TargetId id);

  // The targets to probe now; they count as in flight until finished().
  std::vector<TargetId> take_due(SteadyTime now);
  // failures: consecutive failed opens, 0 after a good one. Returns the delay until the next probe.
  std::chrono::milliseconds finished(TargetId id, unsigned failures, SteadyTime now, std::int64_t unix_ms);
  // In flight, but its outcome is not judged: again after about `delay`.
  std::chrono::milliseconds postpone(TargetId id, std::chrono::milliseconds delay, SteadyTime now);
  // A waiting target becomes due after `delay`, if that is sooner.
  void hasten(TargetId id, std::chrono::milliseconds delay, SteadyTime now);

  // When take_due() may have something; nullopt when nothing is waiting or every slot is taken.
  std::optional<SteadyTime> wake_at(SteadyTime now);
  std::size_t size() const { return targets_.size(); }
  std::size_t in_flight() const { return in_flight_; }
  std::size_t overdue(SteadyTime now) const;

  // The delay after this many failures, before jitter. failures > 0.
  std::chrono::milliseconds retry_delay(unsigned failures) const;
  // No finished() gives a longer delay after so many failures.
  std::chrono::milliseconds longest_delay(unsigned failures) const;

 private:
  enum class State { waiting, parked, in_flight };
  struct Target {
    Entry entry;
    State state = State::waiting;
    SteadyTime due;
  };
  using Line = std::set<std::pair<SteadyTime, TargetId>>;
  struct Lines {
    Line named;
    Line discovered;
    bool empty() const { return named.empty() && discovered.empty(); }
    Line& of(const Target& target) { return target.entry.named ? named : discovered; }
  };
  struct Place {  // a host or a network
    std::size_t in_flight = 0;
    Lines parked;
  };

  void wait_until(TargetId id, Target& target, SteadyTime due);
  Line* first_due(SteadyTime now);
  void unpark_one(Lines& parked);
  void release(Target& target);
  std::chrono::milliseconds jittered(std::chrono::milliseconds delay, double share);
  std::chrono::milliseconds until_next_slot(std::uint64_t hash, std::int64_t unix_ms) const;
  Place& lane(Network network) { return lanes_[static_cast<std::size_t>(network)]; }

  ScheduleOptions options_;
  unsigned dials_per_probe_;
  Random& random_;
  TokenBucket bucket_;
  std::unordered_map<TargetId, Target> targets_;
  Lines waiting_;
  // All that are parked, so that lateness is seen; the lines of the places below say what they wait for.
  Line parked_;
  std::unordered_map<std::string, Place> hosts_;
  std::array<Place, kNetworks> lanes_;
  std::size_t in_flight_ = 0;
};

}  // namespace pharos::monitor
