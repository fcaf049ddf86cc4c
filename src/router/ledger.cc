#include "router/ledger.h"

#include <algorithm>

namespace pharos::router {
namespace {

Evidence merged(const Evidence& a, const Evidence& b) {
  Evidence out;
  out.method = a.method == b.method ? a.method : Method::mixed;
  out.checked_at = std::min(a.checked_at, b.checked_at);
  out.events = a.events + b.events;
  out.largest_answer = std::max(a.largest_answer, b.largest_answer);
  out.attempts = std::max(a.attempts, b.attempts);
  return out;
}

bool may_merge(const LedgerEntry& left, const LedgerEntry& right) {
  return left.range.to + 1 == right.range.from && left.state == right.state &&
         (left.state == Coverage::complete || left.evidence.attempts == right.evidence.attempts);
}

// Suspect says most against the relay, failed says least about the events.
Coverage weaker(Coverage a, Coverage b) { return std::max(a, b); }

}  // namespace

Interval intersect(const Interval& a, const Interval& b) { return {std::max(a.from, b.from), std::min(a.to, b.to)}; }

std::string_view name(Coverage coverage) {
  switch (coverage) {
    case Coverage::complete:
      return "complete";
    case Coverage::partial:
      return "partial";
    case Coverage::failed:
      return "failed";
    case Coverage::suspect:
      return "suspect";
  }
  return "";
}

void Ledger::mark(Interval range, Coverage state, Evidence evidence) {
  if (range.empty()) return;
  served_ = served_ || evidence.events > 0;
  evidence.attempts = 0;
  if (state != Coverage::complete) {
    for (const LedgerEntry& entry : entries_) {
      // Failed and doubtful intervals are asked for again at different paces.
      if (!intersect(entry.range, range).empty() && entry.state != Coverage::complete &&
          (entry.state == Coverage::failed) == (state == Coverage::failed))
        evidence.attempts = std::max(evidence.attempts, entry.evidence.attempts);
    }
    ++evidence.attempts;
  }
  const std::size_t at = cut(range);
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), LedgerEntry{range, state, evidence});
  merge_around(at);
  while (entries_.size() > std::max<std::size_t>(max_entries_, 3)) coalesce();
}

// Makes room for range and returns the place where it belongs. A cut entry leaves its event count with its lower part.
std::size_t Ledger::cut(Interval range) {
  std::vector<LedgerEntry> kept;
  kept.reserve(entries_.size() + 2);
  std::size_t at = 0;
  for (const LedgerEntry& entry : entries_) {
    if (intersect(entry.range, range).empty()) {
      kept.push_back(entry);
      if (entry.range.to < range.from) at = kept.size();
      continue;
    }
    const bool has_lower = entry.range.from < range.from;
    if (has_lower) {
      kept.push_back(entry);
      kept.back().range.to = range.from - 1;
      at = kept.size();
    }
    if (entry.range.to > range.to) {
      kept.push_back(entry);
      kept.back().range.from = range.to + 1;
      if (has_lower) kept.back().evidence.events = 0;
    }
  }
  entries_ = std::move(kept);
  return at;
}

void Ledger::merge_around(std::size_t at) {
  const auto join = [this](std::size_t left) {
    LedgerEntry& a = entries_[left];
    const LedgerEntry& b = entries_[left + 1];
    if (!may_merge(a, b)) return;
    a.evidence = merged(a.evidence, b.evidence);
    a.range.to = b.range.to;
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(left) + 1);
  };
  if (at + 1 < entries_.size()) join(at);
  if (at > 0) join(at - 1);
}

// One entry fewer, by weakening only. The shortest entry that touches a neighbour joins it under the weaker state; when
// none touches another, the shortest is forgotten, which makes it a gap.
void Ledger::coalesce() {
  ++coalesced_;
  std::size_t best = entries_.size();
  std::uint64_t best_seconds = ~std::uint64_t{0};
  for (std::size_t i = 0; i + 1 < entries_.size(); ++i) {
    const LedgerEntry& a = entries_[i];
    const LedgerEntry& b = entries_[i + 1];
    if (a.range.to + 1 != b.range.from) continue;
    // What a join costs is the complete time it gives up.
    const std::uint64_t cost = (a.state == Coverage::complete ? a.range.seconds() : 0) +
                               (b.state == Coverage::complete ? b.range.seconds() : 0);
    if (cost < best_seconds) {
      best = i;
      best_seconds = cost;
    }
  }
  if (best < entries_.size()) {
    LedgerEntry& a = entries_[best];
    const LedgerEntry& b = entries_[best + 1];
    a.state = weaker(a.state, b.state);
    a.evidence = merged(a.evidence, b.evidence);
    a.range.to = b.range.to;
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    return;
  }
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
    return a.range.seconds() < b.range.seconds();
  }));
}

UnixSeconds retry_at(const LedgerEntry& entry, const CatchupOptions& options) {
  const unsigned doublings = std::min(entry.evidence.attempts, 20U) - (entry.evidence.attempts > 0 ? 1U : 0U);
  const bool failed = entry.state == Coverage::failed;
  const std::int64_t first = (failed ? options.failed_retry_first : options.suspect_recheck).count();
  const std::int64_t cap = (failed ? options.failed_retry_cap : options.suspect_recheck_cap).count();
  return entry.evidence.checked_at + std::min(cap, first << doublings);
}

std::vector<Interval> Ledger::due(Interval target, UnixSeconds now, const CatchupOptions& options) const {
  std::vector<Interval> out;
  const auto add = [&out](Interval range) {
    if (range.empty()) return;
    if (!out.empty() && out.back().to + 1 == range.from)
      out.back().to = range.to;
    else
      out.push_back(range);
  };
  UnixSeconds next = target.from;
  for (const LedgerEntry& entry : entries_) {
    const Interval range = intersect(entry.range, target);
    if (range.empty()) continue;
    add({next, range.from - 1});
    if (entry.state != Coverage::complete && retry_at(entry, options) <= now) add(range);
    next = range.to + 1;
  }
  add({next, target.to});
  std::reverse(out.begin(), out.end());
  return out;
}

Ledger::Summary Ledger::summarize(Interval target) const {
  Summary out;
  out.target = target;
  UnixSeconds next = target.from;
  for (const LedgerEntry& entry : entries_) {
    out.events += entry.evidence.events;
    const Interval range = intersect(entry.range, target);
    if (range.empty()) continue;
    if (range.from > next) ++out.gaps;
    next = range.to + 1;
    switch (entry.state) {
      case Coverage::complete:
        ++out.complete;
        out.complete_seconds += range.seconds();
        break;
      case Coverage::partial:
        ++out.partial;
        break;
      case Coverage::failed:
        ++out.failed;
        break;
      case Coverage::suspect:
        ++out.suspect;
        break;
    }
  }
  if (next <= target.to) ++out.gaps;
  return out;
}

void Ledger::restore(std::vector<LedgerEntry> entries, bool served) {
  entries_ = std::move(entries);
  served_ = served || std::any_of(entries_.begin(), entries_.end(),
                                  [](const LedgerEntry& entry) { return entry.evidence.events > 0; });
}

void Ledger::distrust(UnixSeconds edge, UnixSeconds now) {
  std::erase_if(entries_, [edge](const LedgerEntry& entry) { return entry.range.from > edge; });
  for (LedgerEntry& entry : entries_) {
    entry.range.to = std::min(entry.range.to, edge);
    entry.evidence.checked_at = std::min(entry.evidence.checked_at, now);
  }
  for (UnixSeconds& at : rechecked_at_) at = std::min(at, now);
}

}  // namespace pharos::router
