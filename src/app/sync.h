// Makes two sets of events equal: this database's and another relay's, of some filters. Finds the difference by
// negentropy (NIP-77), or by asking for everything where the relay has none; fetches what is missing here by id, and
// sends what is missing there. One thread, which waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "app/event_target.h"
#include "app/patience.h"
#include "app/relay_link.h"
#include "nostr/filter.h"
#include "nostr/negentropy.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::app {

class Progress;

struct SyncOptions {
  bool up = true;                             // send what the relay lacks
  std::chrono::milliseconds timeout{30'000};  // without an answer
  std::size_t ids_at_once = 250;              // in one REQ
  std::size_t page = 500;                     // where there is no negentropy
  Patience::Options patience;                 // with what is refused for now
};

struct SyncReport {
  std::uint64_t compared = 0;          // filters, or parts of them in time; 0: nothing is known of the rest here
  std::uint64_t here = 0;              // events of the filters
  std::uint64_t need = 0;              // the relay has and we lack
  std::uint64_t have = 0;              // the other way round
  std::uint64_t kept_back = 0;         // of those: private messages and protected events, which are never sent
  std::uint64_t missing = 0;           // asked for by id and not given
  std::uint64_t sessions = 0;          // of negentropy
  std::uint64_t rounds = 0;            // messages each way in them
  std::uint64_t negentropy_bytes = 0;  // of those, both ways, as text
  bool by_pages = false;               // some filter went without negentropy
  bool complete = true;                // false: pages may have hidden some events

  // Several lines for people.
  std::string text() const;
};

class Sync {
 public:
  // down: where fetched events go, nullptr for nowhere. sent: events to the relay, over the same link. All outlive it.
  Sync(RelayLink& link, const storage::Store& store, EventTarget* down, EventTarget& sent, const SyncOptions& options,
       const Clock& clock, Progress& progress);

  // No filter has a limit. The failure says what ended it; what was done until then stays, and is in the report.
  Result<void, std::string> run(std::vector<Filter> filters);
  const SyncReport& report() const { return report_; }

 private:
  using Done = Result<void, std::string>;

  Done sync_filter(const Filter& filter);
  Done reconcile(const Filter& filter, const NegItems& ours);
  Done page_through(const Filter& filter, const NegItems& ours);
  Done settle(NegDifference& difference);
  Done fetch(std::vector<EventId> ids);
  Done fetch_batches(const std::vector<EventId>& ids, std::unordered_set<EventId>& missing);
  Done send(const std::vector<EventId>& ids);
  Result<NegItems, std::string> collect(const Filter& filter) const;
  // Whether to go on after such a refusal; waits then.
  bool bears(std::string_view refusal);
  std::string refused(std::string_view what, std::string_view refusal) const;
  // One page.
  Result<std::vector<Event>, std::string> ask(const Filter& filter);
  std::string lost_here() const;
  void show(const std::string& what);

  RelayLink& link_;
  const storage::Store& store_;
  EventTarget* const down_;
  EventTarget& sent_;
  const SyncOptions options_;
  Patience patience_;
  const Clock& clock_;
  Progress& progress_;
  std::vector<Filter> left_;
  std::uint64_t names_ = 0;
  std::string refused_for_now_;  // by fetch_batches()
  SyncReport report_;
};

}  // namespace pharos::app
