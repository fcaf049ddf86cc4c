// What is known about one (upstream, filter): closed intervals of created_at, each with a state and its evidence.
// What no entry covers was never asked. Pure; one thread.
//
// An entry is `complete` when, for a relay that follows NIP-01, the store held at checked_at every event of the
// interval that the relay would have returned. The ledger never turns less into complete: merging and coalescing only
// weaken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "router/options.h"
#include "util/clock.h"

namespace pharos::router {

// Both ends belong to it.
struct Interval {
  UnixSeconds from = 0;
  UnixSeconds to = 0;
  std::uint64_t seconds() const { return to < from ? 0 : static_cast<std::uint64_t>(to - from) + 1; }
  bool empty() const { return to < from; }
  bool contains(UnixSeconds at) const { return from <= at && at <= to; }
  friend bool operator==(const Interval&, const Interval&) = default;
};
Interval intersect(const Interval& a, const Interval& b);

// Persisted; do not renumber.
enum class Coverage : std::uint8_t { complete = 1, partial = 2, failed = 3, suspect = 4 };
std::string_view name(Coverage coverage);

// Persisted; do not renumber. How the state was found out.
enum class Method : std::uint8_t { pages = 1, live = 2, mixed = 3 };

struct Evidence {
  Method method = Method::pages;
  UnixSeconds checked_at = 0;
  std::uint64_t events = 0;          // received from the relay while the evidence was taken
  std::uint64_t largest_answer = 0;  // a lower bound of the relay's cap then
  std::uint32_t attempts = 0;        // in a row that did not end complete
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct LedgerEntry {
  Interval range;
  Coverage state = Coverage::failed;
  Evidence evidence;
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

class Ledger {
 public:
  explicit Ledger(std::size_t max_entries = CatchupOptions{}.max_ledger_entries) : max_entries_(max_entries) {}

  // Replaces what the ledger said about range. A state other than complete counts one more attempt than the entries of
  // its sort (failed, or doubtful) that it replaces. Neighbours that say the same are merged; beyond the cap the
  // weakest claims go (see coalesced()).
  void mark(Interval range, Coverage state, Evidence evidence);

  // Ordered, disjoint.
  const std::vector<LedgerEntry>& entries() const& { return entries_; }
  std::vector<LedgerEntry> entries() && { return std::move(entries_); }

  // What of target should be asked for at `now`, newest first: what was never asked, and what did not end complete and
  // has waited long enough.
  std::vector<Interval> due(Interval target, UnixSeconds now, const CatchupOptions& options) const;

  struct Summary {
    Interval target;
    std::uint64_t complete_seconds = 0;
    std::uint64_t events = 0;
    std::size_t complete = 0, partial = 0, failed = 0, suspect = 0, gaps = 0;  // numbers of intervals
  };
  Summary summarize(Interval target) const;

  // Events were once received for this filter: the reason to distrust a sudden empty answer. Not forgotten with the
  // entries that counted them.
  bool ever_served() const { return served_; }

  // Makes a gap of range.
  void forget(Interval range) {
    if (!range.empty()) cut(range);
  }

  // The wall clock was ahead: takes back every claim beyond edge, and no time noted in the ledger is later than now.
  void distrust(UnixSeconds edge, UnixSeconds now);

  UnixSeconds rechecked_at(std::size_t tier) const { return rechecked_at_[tier]; }
  void set_rechecked_at(std::size_t tier, UnixSeconds at) { rechecked_at_[tier] = at; }

  // How often the cap on entries weakened or dropped a claim.
  std::uint64_t coalesced() const { return coalesced_; }

  // For the codec: entries are ordered and disjoint, nothing is merged.
  void restore(std::vector<LedgerEntry> entries, bool served);

 private:
  std::size_t cut(Interval range);
  void merge_around(std::size_t at);
  void coalesce();

  std::size_t max_entries_;
  std::vector<LedgerEntry> entries_;
  std::array<UnixSeconds, kMaxRecheckTiers> rechecked_at_{};
  std::uint64_t coalesced_ = 0;
  bool served_ = false;
};

// When an entry that did not end complete is due again.
UnixSeconds retry_at(const LedgerEntry& entry, const CatchupOptions& options);

}  // namespace pharos::router
