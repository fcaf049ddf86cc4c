// Checks one answer to one REQ while it arrives: is it what NIP-01 says the relay should send? Pure; one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nostr/filter.h"
#include "router/ledger.h"

namespace pharos::router {

// What the answers of one run prove about the relay. Never carried to another run: an operator may lower a cap, and a
// stale large one would make a capped answer look whole; a store may break, and then an empty answer says nothing.
class RelayProof {
 public:
  // An answer of this many events was given.
  void answered(std::uint64_t count) { largest_ = std::max(largest_, count); }
  // An answer of this many events was cut: older matching events turned up afterwards.
  void was_cut(std::uint64_t count) { smallest_cut_ = std::min(smallest_cut_, count); }
  // True when the relay has shown that it gives more than `count` events and never that it cuts at or below it.
  bool is_below(std::uint64_t count) const { return count < largest_ && count < smallest_cut_; }
  std::uint64_t largest() const { return largest_; }
  bool gave_events() const { return largest_ > 0; }

 private:
  std::uint64_t largest_ = 0;
  std::uint64_t smallest_cut_ = ~std::uint64_t{0};
};

class AnswerCheck {
 public:
  AnswerCheck() = default;
  // range: what was asked. boundary: ids of the second range.to that are known to be there.
  AnswerCheck(Interval range, std::unordered_set<EventId> boundary, std::size_t max_ids)
      : range_(range), boundary_(std::move(boundary)), max_ids_(max_ids) {}

  // An event that matches the filter that was asked, window aside. One out of order but not older than live_after
  // reached the relay meanwhile and is no part of the answer.
  void add(const Event& event, UnixSeconds live_after);
  // An event that does not match came instead: it may have taken the place of one that does.
  void add_foreign() { conforming_ = false; }

  // Every event in range, order non-increasing, none twice, and the ids of one second within the bound.
  bool conforming() const { return conforming_; }
  std::uint64_t count() const { return count_; }
  // When count() > 0.
  UnixSeconds oldest() const { return oldest_; }
  // Of the second oldest().
  std::unordered_set<EventId>& oldest_ids() { return second_ids_; }
  const std::vector<Kind>& oldest_kinds() const { return second_kinds_; }
  // How many known ids of the boundary second did not come again.
  std::size_t missing() const { return boundary_.size() - reappeared_; }
  const std::unordered_set<EventId>& boundary() const { return boundary_; }

 private:
  Interval range_;
  std::unordered_set<EventId> boundary_;
  std::size_t max_ids_ = 0;
  bool conforming_ = true;
  std::uint64_t count_ = 0;
  UnixSeconds oldest_ = 0;
  std::unordered_set<EventId> second_ids_;
  std::vector<Kind> second_kinds_;  // sorted, bounded
  std::size_t reappeared_ = 0;
};

}  // namespace pharos::router
