#include "storage/ranked_query.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "nostr/search_text.h"
#include "storage/keys.h"
#include "util/release_memory.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kNoLimit = std::size_t{1} << 48U;

std::vector<Filter> without_searches(const std::vector<Filter>& filters) {
  std::vector<Filter> rest;
  std::ranges::copy_if(filters, std::back_inserter(rest), [](const Filter& filter) { return !filter.search; });
  return rest;
}

}  // namespace

RankedQuery::RankedQuery(std::vector<Filter> filters, const QueryOptions& options)
    : options_(options), rest_(without_searches(filters), options) {
  for (Filter& filter : filters) {
    if (!filter.search || matches_nothing(filter)) continue;
    Search& search = searches_.emplace_back();
    search.limit = std::min(filter.limit.value_or(options.default_limit), options.max_limit);
    search.filter = std::move(filter);
    search.filter.limit.reset();
    if (search.limit > 0) continue;
    saw_all_ = false;
    searches_.pop_back();
  }
}

bool RankedQuery::is_better(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : comes_before(a.place, b.place);
}

SliceEnd RankedQuery::run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  if (last_end_ != SliceEnd::more) return last_end_;
  return last_end_ = run(store, now, budget, sink);
}

SliceEnd RankedQuery::run(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  if (!max_seq_) {
    max_seq_ = std::min(options_.max_seq, store.last_seq());
    rest_.see_up_to(*max_seq_);
  }
  if (const SliceEnd end = collect(store, now, budget); end != SliceEnd::finished) return end;
  if (!std::exchange(ordered_, true)) order_hits();
  if (const SliceEnd end = give_hits(store, now, budget, sink); end != SliceEnd::finished) return end;
  return give_rest(store, now, budget, sink);
}

SliceEnd RankedQuery::collect(const Store& store, UnixSeconds now, TimeBudget& budget) {
  for (; current_ < searches_.size(); ++current_) {
    Search& search = searches_[current_];
    if (!search.query && !begin(store, search)) return SliceEnd::failed;
    const SliceEnd end = search.query->run_slice(store, now, budget, [&](const RecordView& record) {
      look_at(record, search, budget);
      return true;
    });
    search.scanned = search.query->scanned();
    if (end == SliceEnd::more || end == SliceEnd::failed) return end;
    saw_all_ = saw_all_ && end == SliceEnd::finished;
    search.query.reset();
  }
  return SliceEnd::finished;
}

bool RankedQuery::begin(const Store& store, Search& search) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return false;
  SliceReader reader(snapshot.value());
  const bool has_index = reader.indexes_words_of(search.filter);
  for (const std::string& word : search.filter.search->words) {
    const std::size_t events = has_index ? reader.extent(Index::by_word, word_key(reader.hash_key(), word)).entries : 0;
    search.weights.push_back(word_weight(events, store.last_seq()));
  }
  QueryOptions options = options_;
  options.default_limit = kNoLimit;
  options.max_limit = kNoLimit;
  options.rest_of_second = 0;
  options.max_seq = *max_seq_;
  options.max_scanned = options_.max_candidates;
  options.judge_searches = false;
  search.query = std::make_unique<QueryState>(std::vector<Filter>{search.filter}, options);
  return !reader.failed();
}

void RankedQuery::look_at(const RecordView& record, Search& search, TimeBudget& budget) {
  thread_local WordList words;
  read_record_words(record, words);
  spend_on_text(record, budget);
  const SearchQuery& query = *search.filter.search;
  if (!matches(query, words)) return;
  const Hit hit{search_score(query, words, search.weights), {record.created_at(), tie_of(record.id()), record.seq()}};
  if (search.best.size() == search.limit) {
    saw_all_ = false;
    if (!is_better(hit, search.best.front())) return;
    std::ranges::pop_heap(search.best, is_better);
    search.best.pop_back();
  }
  search.best.push_back(hit);
  std::ranges::push_heap(search.best, is_better);
}

void RankedQuery::order_hits() {
  for (Search& search : searches_) {
    hits_.insert(hits_.end(), search.best.begin(), search.best.end());
    release_memory(search.best);
  }
  // Of an event that several searches found the best score.
  std::ranges::sort(hits_, [](const Hit& a, const Hit& b) {
    return std::tuple(a.place.seq, -int{a.score}) < std::tuple(b.place.seq, -int{b.score});
  });
  hits_.erase(
      std::unique(hits_.begin(), hits_.end(), [](const Hit& a, const Hit& b) { return a.place.seq == b.place.seq; }),
      hits_.end());
  for (const Hit& hit : hits_) given_.push_back(hit.place.seq);
  std::ranges::sort(hits_, is_better);
}

SliceEnd RankedQuery::give_hits(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  if (next_hit_ == hits_.size()) return SliceEnd::finished;
  const auto snapshot = store.snapshot();
  if (!snapshot) return SliceEnd::failed;
  SliceReader reader(snapshot.value());
  while (next_hit_ < hits_.size()) {
    if (!budget.spend()) return SliceEnd::more;
    const auto record = reader.record(hits_[next_hit_].place.seq);
    if (reader.failed()) return SliceEnd::failed;
    ++next_hit_;
    ++looked_up_;
    // Erased or expired since it was found.
    if (!record || record->is_expired(now)) continue;
    ++returned_;
    if (!sink(*record)) return SliceEnd::more;
  }
  return SliceEnd::finished;
}

SliceEnd RankedQuery::give_rest(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  return rest_.run_slice(store, now, budget, [&](const RecordView& record) {
    if (std::ranges::binary_search(given_, record.seq())) return true;
    ++returned_;
    return sink(record);
  });
}

void RankedQuery::park() {
  if (ordered_) rest_.park();
}

bool RankedQuery::gave_all() const { return last_end_ == SliceEnd::finished && saw_all_ && rest_.gave_all(); }

std::size_t RankedQuery::candidates() const {
  std::size_t sum = 0;
  for (const Search& search : searches_) sum += search.scanned;
  return sum;
}

std::size_t RankedQuery::scanned() const { return candidates() + looked_up_ + rest_.scanned(); }

}  // namespace pharos::storage
