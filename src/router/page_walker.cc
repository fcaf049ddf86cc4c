#include "router/page_walker.h"

#include <utility>

namespace pharos::router {
namespace {
// Boundary ids that did not come again, per walk: a few are deletions and replacements, more is a relay that answers
// differently each time.
constexpr unsigned kMaxVanished = 8;
}  // namespace

PageWalker::PageWalker(const Filter& base, Interval range, bool served_before, const CatchupOptions& options,
                       RelayProof& proof)
    : base_(base),
      lower_(range.from),
      until_(range.to),
      served_before_(served_before),
      options_(options),
      proof_(proof) {
  if (range.empty()) state_ = State::finished;
  begin(Step::page);
}

void PageWalker::begin(Step step) {
  step_ = step;
  unreadable_ = false;
  switch (step) {
    case Step::page:
      answer_ = AnswerCheck({lower_, until_}, boundary_, options_.max_events_per_second);
      break;
    case Step::step_back:
      answer_ = AnswerCheck({lower_, until_ + 1}, boundary_, options_.max_events_per_second);
      break;
    case Step::control:
      answer_ = AnswerCheck({0, kMaxCreatedAt}, {}, options_.max_events_per_second);
      break;
    case Step::dense:
      break;
  }
}

Filter PageWalker::request() const {
  if (step_ == Step::dense) return dense_->request();
  Filter filter = base_;
  if (step_ == Step::control) {
    filter.limit = 1;
    return filter;
  }
  // A bound at the very edge is left out: some relays keep time in 32 bits.
  if (lower_ > 0) filter.since = lower_;
  if (until_ < kMaxCreatedAt) filter.until = until_ + (step_ == Step::step_back ? 1 : 0);
  filter.limit = options_.page_limit;
  return filter;
}

void PageWalker::on_event(const Event& event, UnixSeconds live_after) {
  if (step_ == Step::dense)
    dense_->on_event(event, live_after);
  else
    answer_.add(event, live_after);
}

void PageWalker::on_foreign() {
  if (step_ == Step::dense)
    dense_->on_foreign();
  else
    answer_.add_foreign();
}

void PageWalker::retry() {
  if (state_ != State::asking) return;
  if (step_ == Step::dense) dense_->retry();
  begin(step_);
}

void PageWalker::fail(std::vector<Claim>& claims) {
  if (state_ != State::asking) return;
  state_ = State::failed;
  if (single_) doubtful_.push_back(*std::exchange(single_, std::nullopt));
  for (const Single& doubt : doubtful_) claims.push_back({{doubt.second, doubt.second}, Coverage::failed, 0});
  if (!bottom_reached_) claims.push_back({{lower_, until_}, Coverage::failed, 0});
}

void PageWalker::on_eose(bool finish, std::vector<Claim>& claims) {
  if (state_ != State::asking) return;
  if (step_ == Step::dense) return on_dense(finish, claims);
  if (!answer_.conforming()) return suspect("an answer was out of range, out of order or had repeats");
  if (step_ == Step::control) {
    if (answer_.count() == 0) return fail(claims);
    proof_.answered(answer_.count());
    return reach_bottom(claims);
  }
  on_page(finish, claims);
}

void PageWalker::on_page(bool finish, std::vector<Claim>& claims) {
  proof_.answered(answer_.count());
  if (unreadable_ && (answer_.count() == 0 || answer_.oldest() >= until_)) {
    // What could not be read may have taken the place of older events.
    if (single_) claims.push_back({{single_->second, single_->second}, Coverage::partial, single_->count});
    claims.push_back({{lower_, until_}, Coverage::partial, answer_.count()});
    state_ = State::finished;
    return;
  }
  if (!check_overlap()) return;
  if (answer_.count() > 0 && answer_.oldest() > until_) return fail(claims);  // cut before it reached the boundary
  if (finish) {
    if (answer_.count() == 0 && served_before_ && !proof_.gave_events()) return begin(Step::control);
    claims.push_back({{lower_, until_}, Coverage::complete, answer_.count()});
    bottom_reached_ = true;
    if (single_) settle_single(answer_.count() > 0, claims);
    return advance(claims);
  }
  read_answer(claims);
}

// Known ids of the boundary second must come again. When some do not, the same is asked from one second above: ids that
// then re-appear were withheld by an exclusive `until` or an unsteady answer; ids that do not are gone from the relay
// (deleted, replaced, expired), which is no fault.
bool PageWalker::check_overlap() {
  if (step_ == Step::page) {
    if (answer_.missing() == 0) return true;
    if (answer_.count() > 0 && answer_.oldest() == until_ && !proof_.is_below(answer_.count())) {
      // Another part of a second that does not fit into an answer.
      return true;
    }
    std::unordered_set<EventId> missing = std::move(boundary_);
    for (const EventId& id : answer_.oldest_ids()) missing.erase(id);
    boundary_ = std::move(missing);
    begin(Step::step_back);
    return false;
  }
  if (answer_.missing() < answer_.boundary().size()) {
    suspect("known events of the boundary second come only when asked from a second above");
    return false;
  }
  vanished_ += static_cast<unsigned>(std::min<std::size_t>(answer_.missing(), kMaxVanished));
  if (vanished_ > kMaxVanished) {
    suspect("repeated answers differ");
    return false;
  }
  return true;
}

void PageWalker::read_answer(std::vector<Claim>& claims) {
  const std::uint64_t count = answer_.count();
  if (count == 0) {
    const bool contradicts = !boundary_.empty();
    if (contradicts || (served_before_ && !proof_.gave_events())) return begin(Step::control);
    return reach_bottom(claims);
  }
  if (single_) settle_single(true, claims);
  const UnixSeconds oldest = answer_.oldest();
  if (oldest < until_) {
    claims.push_back({{oldest + 1, until_}, Coverage::complete, count});
    until_ = oldest;
    boundary_ = std::move(answer_.oldest_ids());
    return advance(claims);
  }
  // The answer lies in the second `until_` as a whole; whether it was cut shows when older events are asked for.
  single_ = Single{until_, count, answer_.oldest_kinds()};
  boundary_.clear();
  if (until_ == lower_) return reach_bottom(claims);
  --until_;
  advance(claims);
}

// [lower_, until_] is empty, or is the second held in single_.
void PageWalker::reach_bottom(std::vector<Claim>& claims) {
  bottom_reached_ = true;
  if (!single_ || single_->second > until_) claims.push_back({{lower_, until_}, Coverage::complete, 0});
  if (single_) settle_single(false, claims);
  advance(claims);
}

void PageWalker::settle_single(bool was_cut, std::vector<Claim>& claims) {
  Single single = *std::exchange(single_, std::nullopt);
  single.was_cut = was_cut;
  if (was_cut) proof_.was_cut(single.count);
  if (!was_cut && single.count < options_.page_limit && proof_.is_below(single.count))
    claims.push_back({{single.second, single.second}, Coverage::complete, single.count});
  else
    doubtful_.push_back(std::move(single));
}

// Doubtful seconds are settled before the walk goes on.
void PageWalker::advance(std::vector<Claim>& claims) {
  while (!doubtful_.empty()) {
    const Single& doubt = doubtful_.front();
    dense_.emplace(base_, doubt.second, doubt.count, doubt.kinds, doubt.was_cut, options_);
    if (dense_->state() == DenseSecond::State::asking) return begin(Step::dense);
    settle_dense(claims);
  }
  if (bottom_reached_)
    state_ = State::finished;
  else
    begin(Step::page);
}

void PageWalker::on_dense(bool finish, std::vector<Claim>& claims) {
  if (!dense_->on_eose(proof_, finish)) return suspect("an answer about one second broke the rules");
  if (dense_->state() == DenseSecond::State::asking) return;
  settle_dense(claims);
  advance(claims);
}

void PageWalker::settle_dense(std::vector<Claim>& claims) {
  const UnixSeconds second = dense_->second();
  const bool complete = dense_->state() == DenseSecond::State::complete;
  claims.push_back({{second, second}, complete ? Coverage::complete : Coverage::partial, dense_->count()});
  doubtful_.pop_front();
  dense_.reset();
}

std::optional<Interval> PageWalker::split() {
  if (state_ != State::asking || step_ != Step::page || single_ || dense_ || !proof_.gave_events()) return std::nullopt;
  if (until_ - lower_ < options_.min_split.count()) return std::nullopt;
  const UnixSeconds middle = lower_ + (until_ - lower_) / 2;
  const Interval older{lower_, middle};
  lower_ = middle;
  begin(Step::page);
  return older;
}

}  // namespace pharos::router
