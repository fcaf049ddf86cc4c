#include "router/dense_second.h"

#include <algorithm>
#include <utility>

namespace pharos::router {

DenseSecond::DenseSecond(const Filter& base, UnixSeconds second, std::uint64_t count, std::vector<Kind> kinds,
                         bool was_cut, const CatchupOptions& options)
    : base_(base), second_(second), count_(count), kinds_(std::move(kinds)), options_(options) {
  options_.max_page_limit = std::max(options_.max_page_limit, options_.page_limit);
  if (count_ >= options_.page_limit) {
    // Our own limit may have cut it. No lower bound: any older event in the answer proves the second whole.
    if (options_.max_page_limit > options_.page_limit) push(Step::larger, base_, {0, second_}, options_.max_page_limit);
  } else if (!was_cut) {
    const Interval any{0, kMaxCreatedAt};
    push(Step::learn, base_, any, options_.page_limit);
    push(Step::learn, Filter{}, any, options_.page_limit);
  }
  if (queue_.empty()) plan_split();
  begin();
}

void DenseSecond::push(Step step, Filter filter, Interval range, std::size_t limit) {
  filter.limit = limit;
  if (range.from > 0) filter.since = range.from;
  if (range.to < kMaxCreatedAt) filter.until = range.to;
  queue_.push_back({step, std::move(filter), range});
}

void DenseSecond::begin() {
  if (queue_.empty()) return settle(provable_ ? State::complete : State::partial);
  if (++spent_ > options_.max_dense_requests) return settle(State::partial);
  answer_ = AnswerCheck(queue_.front().range, {}, options_.max_events_per_second);
}

void DenseSecond::retry() {
  if (state_ == State::asking) answer_ = AnswerCheck(queue_.front().range, {}, options_.max_events_per_second);
}

bool DenseSecond::on_eose(RelayProof& proof, bool finish) {
  if (!answer_.conforming()) return false;
  const Question question = std::move(queue_.front());
  queue_.pop_front();
  const std::uint64_t count = answer_.count();
  proof.answered(count);
  switch (question.step) {
    case Step::larger:
      if (finish || (count > 0 && answer_.oldest() < second_)) {
        settle(State::complete);
        return true;
      }
      break;
    case Step::learn:
      if (proof.is_below(count_)) {
        settle(State::complete);
        return true;
      }
      break;
    case Step::part:
      if (!finish && count > 0 && !(proof.is_below(count) && count < options_.max_page_limit) &&
          !split_further(question.filter))
        provable_ = false;
      break;
  }
  if (queue_.empty() && !split_planned_) plan_split();
  begin();
  return true;
}

// By the kinds the filter lists. Without such a list the kinds seen in the second are asked for, which brings events
// but proves nothing.
void DenseSecond::plan_split() {
  split_planned_ = true;
  const Interval second{second_, second_};
  if (base_.kinds && base_.kinds->size() > 1) {
    for (const Kind kind : *base_.kinds) {
      Filter part = base_;
      part.kinds = std::vector<Kind>{kind};
      push(Step::part, std::move(part), second, options_.max_page_limit);
    }
    return;
  }
  Filter whole = base_;
  if (split_further(whole)) return;
  provable_ = false;
  if (base_.kinds || kinds_.size() < 2) return;
  for (const Kind kind : kinds_) {
    Filter part = base_;
    part.kinds = std::vector<Kind>{kind};
    push(Step::part, std::move(part), second, options_.max_page_limit);
  }
}

// In halves by the authors the filter lists; false when it lists none or one.
bool DenseSecond::split_further(const Filter& filter) {
  if (!filter.authors || filter.authors->size() < 2) return false;
  const auto middle = filter.authors->begin() + static_cast<std::ptrdiff_t>(filter.authors->size() / 2);
  Filter low = filter;
  low.authors = std::vector<PublicKey>(filter.authors->begin(), middle);
  Filter high = filter;
  high.authors = std::vector<PublicKey>(middle, filter.authors->end());
  const Interval second{second_, second_};
  push(Step::part, std::move(low), second, options_.max_page_limit);
  push(Step::part, std::move(high), second, options_.max_page_limit);
  return true;
}

}  // namespace pharos::router
