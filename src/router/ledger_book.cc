#include "router/ledger_book.h"

#include <algorithm>
#include <utility>

#include "router/ledger_codec.h"

namespace pharos::router {
namespace {
constexpr std::size_t kMaxLost = 256;
constexpr std::size_t kMaxPending = 64;
constexpr std::size_t kMaxHeld = 256;
constexpr UnixSeconds kFarAhead = 24 * 3'600;
}  // namespace

LedgerBook::LedgerBook(const Filter& filter, Ledger ledger, const CatchupOptions& options)
    : filter_(filter), options_(options), durable_(std::move(ledger)) {}

Interval LedgerBook::target(UnixSeconds now) const {
  const UnixSeconds top = now + options_.future_tolerance.count();
  return {std::max<UnixSeconds>(filter_.since.value_or(0), 0), std::min(filter_.until.value_or(top), top)};
}

Ledger::Summary LedgerBook::summarize(UnixSeconds now) const {
  // Live coverage is written now and then only.
  const UnixSeconds claimable = now - options_.late_margin.count() - 2 * options_.persist_every.count();
  return durable_.summarize(intersect(target(now), {0, claimable}));
}

std::vector<Interval> LedgerBook::due(UnixSeconds now) const {
  if (under_way()) return {};
  const Interval wanted = target(now);
  std::vector<Interval> out;
  for (const Interval& gap : durable_.due(wanted, now, options_)) {
    // Newest first; what is held for the live subscription is cut out.
    std::vector<Interval> parts{gap};
    if (gap.to == wanted.to) parts[0].to = filter_.until.value_or(kMaxCreatedAt);
    for (const Interval& held : held_) {
      std::vector<Interval> rest;
      for (const Interval& part : parts) {
        const Interval above{std::max(part.from, held.to + 1), part.to};
        const Interval below{part.from, std::min(part.to, held.from - 1)};
        if (intersect(part, held).empty()) {
          rest.push_back(part);
        } else {
          if (!above.empty()) rest.push_back(above);
          if (!below.empty()) rest.push_back(below);
        }
      }
      parts = std::move(rest);
    }
    out.insert(out.end(), parts.begin(), parts.end());
  }
  return out;
}

std::optional<LedgerBook::Recheck> LedgerBook::recheck_due(UnixSeconds now) const {
  if (under_way()) return std::nullopt;
  const std::size_t tiers = std::min(options_.rechecks.size(), kMaxRecheckTiers);
  for (std::size_t tier = tiers; tier-- > 0;) {
    if (durable_.rechecked_at(tier) + options_.rechecks[tier].every.count() > now) continue;
    const UnixSeconds young = now - options_.late_margin.count();
    Interval range =
        intersect({std::max<UnixSeconds>(young - options_.rechecks[tier].window.count(), 0), young}, target(now));
    if (range.empty()) continue;
    Recheck recheck{tier, {}};
    const auto add = [&recheck](Interval gap) {
      if (!gap.empty()) recheck.gaps.insert(recheck.gaps.begin(), gap);
    };
    for (const LedgerEntry& entry : durable_.entries()) {
      const Interval doubtful = intersect(entry.range, range);
      if (doubtful.empty() || entry.state == Coverage::complete || entry.state == Coverage::failed) continue;
      add({range.from, doubtful.from - 1});
      range.from = doubtful.to + 1;
    }
    add(range);
    if (!recheck.gaps.empty()) return recheck;
  }
  return std::nullopt;
}

void LedgerBook::live_opened(Ticket last) { live_since_ = last; }

void LedgerBook::live_broken() {
  live_since_.reset();
  held_.clear();
}

void LedgerBook::push(Interval range, Coverage state, Evidence evidence, Ticket wait_for, Ticket began_after) {
  if (range.empty()) return;
  if (pending_.size() >= kMaxPending) {
    // Pages come as chains downwards: one entry instead of many. Not from the first page on, or a long catch-up would
    // reach the ledger only at its end.
    Pending& back = pending_.back();
    if (!back.recheck_tier && back.state == Coverage::complete && state == Coverage::complete &&
        back.began_after == began_after && back.evidence.method == evidence.method && back.range.from == range.to + 1) {
      back.range.from = range.from;
      back.evidence.events += evidence.events;
      back.evidence.largest_answer = std::max(back.evidence.largest_answer, evidence.largest_answer);
      back.wait_for = std::max(back.wait_for, wait_for);
      return;
    }
  }
  pending_.push_back({range, state, evidence, wait_for, began_after, std::nullopt, false});
}

void LedgerBook::claim(const Claim& claim, std::uint64_t largest_answer, UnixSeconds now, Ticket last,
                       Ticket run_began_after) {
  const Evidence evidence{Method::pages, now, claim.events, largest_answer, 0};
  if (claim.state != Coverage::complete) {
    std::erase_if(held_, [&claim](const Interval& held) { return !intersect(held, claim.range).empty(); });
    return push(claim.range, claim.state, evidence, last, run_began_after);
  }
  const UnixSeconds edge = now - options_.late_margin.count();
  const Interval young{std::max(claim.range.from, edge + 1), claim.range.to};
  if (!young.empty() && live_since_) {
    hold(young);
    // It did not end complete before, but now it is proven.
    if (says_something(young)) {
      push(young, Coverage::failed, evidence, last, run_began_after);
      pending_.back().forgets = true;
    }
  }
  push({claim.range.from, std::min(claim.range.to, edge)}, claim.state, evidence, last, run_began_after);
}

bool LedgerBook::says_something(Interval range) const {
  const auto touches = [range](const auto& each) { return !intersect(each.range, range).empty(); };
  const std::vector<LedgerEntry>& entries = (writing_ ? *writing_ : durable_).entries();
  return std::any_of(entries.begin(), entries.end(), touches) || std::any_of(pending_.begin(), pending_.end(), touches);
}

// Beyond the cap the interval is let go, which makes it due again.
void LedgerBook::hold(Interval young) {
  if (!held_.empty() && held_.back().from == young.to + 1)
    held_.back().from = young.from;
  else if (held_.size() < kMaxHeld)
    held_.push_back(young);
}

void LedgerBook::claim_live(UnixSeconds now, Ticket last) {
  if (!live_since_) return;
  const UnixSeconds edge = now - options_.late_margin.count();
  const Evidence evidence{Method::live, now, 0, 0, 0};
  std::vector<Interval> still_young;
  for (const Interval& held : held_) {
    push({held.from, std::min(held.to, edge)}, Coverage::complete, evidence, last, *live_since_);
    if (held.to > edge) still_young.push_back({std::max(held.from, edge + 1), held.to});
  }
  held_ = std::move(still_young);
}

void LedgerBook::rechecked(std::size_t tier, UnixSeconds now, Ticket last) {
  Pending pending;
  pending.evidence.checked_at = now;
  pending.wait_for = last;
  pending.recheck_tier = tier;
  pending_.push_back(pending);
}

void LedgerBook::lost(UnixSeconds created_at, Ticket ticket, UnixSeconds now) {
  // Of what is dated far ahead the re-checks take care.
  if (created_at < filter_.since.value_or(0) || created_at > filter_.until.value_or(now + kFarAhead)) return;
  lost_.push_back({{created_at, created_at}, ticket});
  if (lost_.size() > kMaxLost) {
    // Too many to tell apart: everything between them is doubted.
    Lost all = lost_.front();
    for (const Lost& each : lost_) {
      all.range.from = std::min(all.range.from, each.range.from);
      all.range.to = std::max(all.range.to, each.range.to);
      all.ticket = std::max(all.ticket, each.ticket);
    }
    lost_ = {all};
  }
  const Evidence evidence{Method::pages, now, 0, 0, 0};
  if (target(now).contains(created_at)) push({created_at, created_at}, Coverage::failed, evidence, 0, ticket);
}

void LedgerBook::apply(const Pending& pending, Ledger& ledger) {
  if (pending.recheck_tier) return ledger.set_rechecked_at(*pending.recheck_tier, pending.evidence.checked_at);
  if (pending.forgets) return ledger.forget(pending.range);
  ledger.mark(pending.range, pending.state, pending.evidence);
  if (pending.state != Coverage::complete) return;
  std::deque<Lost> still_lost;
  for (const Lost& each : lost_) {
    const Interval common = intersect(each.range, pending.range);
    if (common.empty()) {
      still_lost.push_back(each);
      continue;
    }
    if (pending.began_after < each.ticket) {
      // The evidence is older than the loss.
      Evidence evidence = pending.evidence;
      evidence.events = 0;
      ledger.mark(common, Coverage::failed, evidence);
      still_lost.push_back(each);
    } else if (common != each.range) {
      still_lost.push_back(each);
    }
  }
  lost_ = std::move(still_lost);
}

void LedgerBook::distrust(UnixSeconds now) {
  const UnixSeconds edge = now - options_.late_margin.count();
  for (Pending& pending : pending_) {
    pending.range.to = std::min(pending.range.to, edge);
    pending.evidence.checked_at = std::min(pending.evidence.checked_at, now);
  }
  std::erase_if(pending_, [](const Pending& pending) { return !pending.recheck_tier && pending.range.empty(); });
  if (!writing_) writing_ = durable_;
  writing_->distrust(edge, now);
  write_is_stale_ = write_in_flight_;
}

std::optional<std::string> LedgerBook::begin_persist(Ticket settled_through) {
  if (write_in_flight_) return std::nullopt;
  while (!pending_.empty() && pending_.front().wait_for <= settled_through) {
    if (!writing_) writing_ = durable_;
    apply(pending_.front(), *writing_);
    pending_.pop_front();
  }
  if (!writing_) return std::nullopt;
  write_in_flight_ = true;
  return encode_ledger(*writing_);
}

void LedgerBook::persisted(bool ok) {
  write_in_flight_ = false;
  if (!ok) return;  // the next begin_persist() writes the same and what came since
  durable_ = *writing_;
  if (!std::exchange(write_is_stale_, false)) writing_.reset();
}

}  // namespace pharos::router
