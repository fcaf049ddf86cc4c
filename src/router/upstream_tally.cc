#include "router/upstream_tally.h"

namespace pharos::router {

using Count = metrics::UpstreamMetrics;

void UpstreamTally::update(const UpstreamFsm& fsm, UnixSeconds now) {
  metrics_.connected.set(fsm.connected() ? 1 : 0);
  if (const Mirror* mirror = fsm.mirror()) update_down(fsm, *mirror, now);
  if (const Publisher* publisher = fsm.publisher()) update_up(*publisher);
}

void UpstreamTally::update_down(const UpstreamFsm& fsm, const Mirror& mirror, UnixSeconds now_unix) {
  const Mirror::Counters& now = mirror.counters();
  const auto page = [this](Count::Page kind, std::uint64_t n) {
    metrics_.catch_up_pages[static_cast<std::size_t>(kind)].add(n);
  };
  metrics_.count(Count::Event::down_new, now.novel - down_.novel);
  metrics_.count(Count::Event::down_duplicate, now.duplicate - down_.duplicate);
  metrics_.count(Count::Event::down_rejected, now.refused - down_.refused + now.non_conforming - down_.non_conforming +
                                                  fsm.unparsable() - unparsable_);
  page(Count::Page::complete, now.pages_complete - down_.pages_complete);
  page(Count::Page::empty, now.pages_empty - down_.pages_empty);
  page(Count::Page::failed, now.pages_failed - down_.pages_failed);
  down_ = now;
  unparsable_ = fsm.unparsable();
  metrics_.last_event_timestamp_seconds.set(fsm.last_event());

  Ledger::Summary sum;
  std::uint64_t wanted = 0;
  std::uint64_t coalesced = 0;
  for (const LedgerBook& book : mirror.books()) {
    const Ledger::Summary each = book.summarize(now_unix);
    sum.complete += each.complete;
    sum.partial += each.partial;
    sum.failed += each.failed;
    sum.suspect += each.suspect;
    sum.gaps += each.gaps;
    sum.complete_seconds += each.complete_seconds;
    wanted += each.target.seconds();
    coalesced += book.ledger().coalesced();
  }
  metrics_.set(Count::Interval::complete, static_cast<std::int64_t>(sum.complete));
  metrics_.set(Count::Interval::partial, static_cast<std::int64_t>(sum.partial));
  metrics_.set(Count::Interval::failed, static_cast<std::int64_t>(sum.failed));
  metrics_.set(Count::Interval::suspect, static_cast<std::int64_t>(sum.suspect));
  metrics_.set(Count::Interval::gap, static_cast<std::int64_t>(sum.gaps));
  metrics_.ledger_incomplete_seconds.set(static_cast<std::int64_t>(wanted - sum.complete_seconds));
  metrics_.ledger_coalesced.add(coalesced - coalesced_);
  coalesced_ = coalesced;
}

void UpstreamTally::update_up(const Publisher& publisher) {
  const Publisher::Counters& now = publisher.counters();
  metrics_.count(Count::Event::up_new, now.accepted - up_.accepted);
  metrics_.count(Count::Event::up_duplicate, now.duplicate - up_.duplicate);
  metrics_.count(Count::Event::up_rejected, now.refused_total() - up_.refused_total());
  metrics_.backlog.set(static_cast<std::int64_t>(publisher.backlog()));
  up_ = now;
}

}  // namespace pharos::router
