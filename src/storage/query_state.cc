#include "storage/query_state.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "util/release_memory.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kFewStreams = 4;

// Of a record, to be taken apart in the time of one.
constexpr std::size_t kTextBytesARecord = 1024;

}  // namespace

void spend_on_text(const RecordView& record, TimeBudget& budget) {
  const std::size_t bytes = record.bytes().size();
  for (std::size_t spent = kTextBytesARecord; spent < bytes && budget.spend();) spent += kTextBytesARecord;
}

QueryState::QueryState(std::vector<Filter> filters, const QueryOptions& options) : options_(options) {
  for (Filter& filter : filters) {
    const std::size_t limit = std::min(filter.limit.value_or(options.default_limit), options.max_limit);
    if (matches_nothing(filter) || filter.until.value_or(0) < 0) continue;
    limited_ = limited_ || limit == 0;
    if (limit == 0) continue;
    searches_ = searches_ || (filter.search && options.judge_searches);
    sources_.emplace_back();
    sources_.back().filter = std::move(filter);
    sources_.back().left = limit;
    sources_.back().cap = limit;
  }
  live_sources_ = sources_.size();
}

SliceEnd QueryState::run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  if (last_end_ != SliceEnd::more) return last_end_;
  if (live_sources_ == 0) return last_end_ = SliceEnd::finished;
  const Result<Snapshot, StorageFailure> snapshot = store.snapshot();
  if (!snapshot) return last_end_ = SliceEnd::failed;
  SliceReader reader(snapshot.value());
  last_end_ = run(reader, now, budget, sink);
  if (reader.failed()) last_end_ = SliceEnd::failed;
  return last_end_;
}

SliceEnd QueryState::run(SliceReader& reader, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  if (!started_) {
    started_ = true;
    max_seq_ = std::min(options_.max_seq, reader.last_seq());
  }
  if (plan(reader, budget) != Step::done) return SliceEnd::more;
  while (live_sources_ > 0 && !reader.failed()) {
    if (!group_complete_) {
      do {
        const Step filled = fill(reader, budget);
        if (filled == Step::cut_short) return SliceEnd::cut_short;
        if (filled != Step::done) return SliceEnd::more;
      } while (!gather());
      if (group_.empty()) break;
      if (group_.size() > 1) arrange(reader);
      group_complete_ = true;
    }
    switch (emit(reader, now, budget, sink)) {
      case Step::done:
        break;
      case Step::cut_short:
        return SliceEnd::cut_short;
      case Step::out_of_budget:
      case Step::paused:
        return SliceEnd::more;
    }
    if (trials_ > 0) end_trials(reader);
    group_.clear();
    group_complete_ = false;
    emitted_ = 0;
  }
  return SliceEnd::finished;
}

QueryState::Step QueryState::plan(SliceReader& reader, TimeBudget& budget) {
  for (; planned_ < sources_.size(); ++planned_) {
    Source& source = sources_[planned_];
    if (source.left == 0) continue;
    if (source.filter.ids) {
      if (look_up_ids(reader, planned_, budget) != Step::done) return Step::out_of_budget;
      continue;
    }
    if (!budget.spend()) return Step::out_of_budget;
    if (!std::exchange(source.planned, true)) source.path = choose(reader, source);
    const bool by_author = source.path.index == Index::by_author || source.path.index == Index::by_author_kind;
    if (source.filter.authors && !by_author) source.authors = AuthorSet(*source.filter.authors);
    const auto& until = source.filter.until;
    Candidate after = until ? before_second(*until) : before_everything();
    if (until && options_.first_id) after.tie = tie_of(*options_.first_id);
    if (parked_ && comes_before(after, after_place(place_))) after = after_place(place_);
    open_streams(reader, planned_, source.path, after);
  }
  parked_ = false;
  return Step::done;
}

AccessPath QueryState::choose(SliceReader& reader, Source& source) {
  const AccessPath path = plan_path(reader, source.filter, source.left);
  if (streams_.size() + path.streams > kMaxStreams) return broad_path(source.filter);
  const std::optional<AccessPath> trial = trial_of(source.filter, path);
  if (!trial) return path;
  source.after_trial = path;
  ++trials_;
  return *trial;
}

void QueryState::park() {
  if (planned_ < sources_.size() || emitted_ < group_.size()) return;
  // Opening the streams anew must not be all that slices ever do.
  if (std::exchange(returned_when_parked_, returned_) == returned_) return;
  release_memory(streams_);
  release_memory(unfilled_);
  heap_ = {};
  release_memory(group_);
  group_complete_ = false;
  emitted_ = 0;
  for (Source& source : sources_) {
    source.authors = {};
    source.next_id = 0;
  }
  planned_ = 0;
  parked_ = true;
}

QueryState::Step QueryState::look_up_ids(SliceReader& reader, std::uint32_t number, TimeBudget& budget) {
  Source& source = sources_[number];
  const Filter& filter = source.filter;
  for (; source.next_id < filter.ids->size(); ++source.next_id) {
    if (!budget.spend()) return Step::out_of_budget;
    const std::optional<Candidate> found = reader.find((*filter.ids)[source.next_id]);
    if (!found || found->seq > max_seq_ || (parked_ && !comes_before(after_place(place_), *found))) continue;
    if (found->created_at < filter.since.value_or(0)) continue;
    if (filter.until && found->created_at > *filter.until) continue;
    source.found.push_back(*found);
  }
  std::sort(source.found.begin(), source.found.end(), comes_before);
  const auto stream = static_cast<std::uint32_t>(streams_.size());
  source.first_stream = stream;
  streams_.push_back({IndexStream(std::move(source.found)), number});
  unfilled_.push_back(stream);
  return Step::done;
}

void QueryState::open_streams(SliceReader& reader, std::uint32_t number, const AccessPath& path,
                              const Candidate& after) {
  Source& source = sources_[number];
  source.first_stream = static_cast<std::uint32_t>(streams_.size());
  for (std::size_t i = 0; i < path.streams; ++i) {
    const auto stream = static_cast<std::uint32_t>(streams_.size());
    streams_.push_back({IndexStream(stream, path.index, stream_key(source.filter, path, reader.hash_key(), i), after,
                                    source.filter.since.value_or(0), path.streams),
                        number});
  }
  const auto first = static_cast<std::ptrdiff_t>(unfilled_.size());
  for (std::size_t i = source.first_stream; i < streams_.size(); ++i) {
    unfilled_.push_back(static_cast<std::uint32_t>(i));
  }
  // Filled from the back: in the order of keys, in which neighbours share a block.
  std::sort(unfilled_.begin() + first, unfilled_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return streams_[a].places.key() > streams_[b].places.key(); });
}

QueryState::Step QueryState::fill(SliceReader& reader, TimeBudget& budget) {
  Candidate next;
  while (!unfilled_.empty()) {
    const std::uint32_t number = unfilled_.back();
    Stream& stream = streams_[number];
    if (!is_dead(number)) {
      if (seeks_++ >= options_.max_scanned) return Step::cut_short;
      switch (stream.places.fill(reader, max_seq_, sources_[stream.source].left, budget, next)) {
        case IndexStream::Fill::ready:
          heap_.push(next, number);
          // Of few streams all that was read ahead is given soon. Ids were looked up in their records.
          if (heap_.size() + unfilled_.size() <= kFewStreams && !sources_[stream.source].filter.ids) {
            reader.prepare(stream.places.ahead());
          }
          break;
        case IndexStream::Fill::ended:
          break;
        case IndexStream::Fill::out_of_budget:
          return Step::out_of_budget;
      }
    }
    unfilled_.pop_back();
  }
  return Step::done;
}

bool QueryState::is_dead(std::uint32_t stream) const {
  const Source& source = sources_[streams_[stream].source];
  return source.left == 0 || stream < source.first_stream;
}

bool QueryState::gather() {
  while (!heap_.empty()) {
    const MergeHeap::Head head = heap_.top();
    if (is_dead(head.stream)) {
      heap_.pop();
      continue;
    }
    if (group_.empty()) {
      place_ = head.candidate;
    } else if (!same_place(place_, head.candidate)) {
      return true;
    }
    Stream& stream = streams_[head.stream];
    group_.push_back({head.candidate.seq, stream.source, {}});
    if (Candidate next; stream.places.take(next)) {
      heap_.replace_top(next);
    } else {
      heap_.pop();
      unfilled_.push_back(head.stream);
      return false;
    }
  }
  return true;
}

void QueryState::arrange(SliceReader& reader) {
  const auto same_event = [](const Member& a, const Member& b) { return a.seq == b.seq; };
  const bool several = !std::equal(group_.begin() + 1, group_.end(), group_.begin(), same_event);
  if (several) {
    for (Member& member : group_) {
      if (const std::optional<RecordView> record = reader.record(member.seq)) member.id = record->id();
    }
  }
  const auto rank = [](const Member& member) { return std::tie(member.id, member.seq, member.source); };
  std::sort(group_.begin(), group_.end(), [&](const Member& a, const Member& b) { return rank(a) < rank(b); });
  group_.erase(
      std::unique(group_.begin(), group_.end(), [&](const Member& a, const Member& b) { return rank(a) == rank(b); }),
      group_.end());
}

QueryState::Step QueryState::emit(SliceReader& reader, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink) {
  while (emitted_ < group_.size()) {
    if (scanned_ >= options_.max_scanned) return Step::cut_short;
    if (!budget.spend()) return Step::out_of_budget;
    ++scanned_;
    const std::size_t begin = emitted_;
    const Seq seq = group_[begin].seq;
    while (emitted_ < group_.size() && group_[emitted_].seq == seq) ++emitted_;
    const std::optional<RecordView> record = reader.record(seq);
    if (record && searches_) spend_on_text(*record, budget);
    if (!record || !judge(*record, now, begin, emitted_)) continue;
    ++returned_;
    if (!sink(*record)) return Step::paused;
  }
  return Step::done;
}

bool QueryState::judge(const RecordView& record, UnixSeconds now, std::size_t begin, std::size_t end) {
  bool given = false;
  for (std::size_t i = begin; i < end; ++i) {
    Source& source = sources_[group_[i].source];
    if (source.left == 0) continue;
    if (source.last_second && record.created_at() != *source.last_second) {
      // What its reader may not see says nothing to him, not even that there is more.
      if (!is_hidden(record, now)) end_limited(source);
      continue;
    }
    if (source.after_trial) ++source.trial_scanned;
    if (!source.authors.may_hold(record)) continue;
    const bool fits = options_.judge_searches ? record.matches(source.filter) : record.matches_fields(source.filter);
    if (!fits) continue;
    if (!given) {
      if (is_hidden(record, now)) return false;
      given = true;
    }
    ++source.trial_matched;
    if (--source.left == 0) reach_limit(source, record);
  }
  return given;
}

bool QueryState::is_hidden(const RecordView& record, UnixSeconds now) const {
  return record.is_expired(now) || (options_.visible && !options_.visible(record));
}

void QueryState::reach_limit(Source& source, const RecordView& last) {
  const std::size_t asked = source.filter.limit.value_or(source.cap + options_.rest_of_second);
  const std::size_t rest = std::min(options_.rest_of_second, asked - source.cap);
  if (source.last_second || rest == 0) return end_limited(source);
  source.last_second = last.created_at();
  source.left = rest;
}

void QueryState::end_limited(Source& source) {
  source.left = 0;
  --live_sources_;
  // There is one event an id.
  const bool asked_for_more = !source.filter.ids || source.filter.ids->size() > source.cap;
  limited_ = limited_ || asked_for_more;
}

void QueryState::end_trials(SliceReader& reader) {
  for (const Member& member : group_) {
    Source& source = sources_[member.source];
    if (!source.after_trial || source.left == 0 || source.last_second) continue;
    const std::size_t wanted = source.trial_matched + source.left;
    if (trial_goes_on(source.trial_scanned, source.trial_matched, wanted, source.after_trial->streams)) continue;
    if (streams_.size() + source.after_trial->streams > kMaxStreams) {
      source.after_trial.reset();
      --trials_;
      continue;
    }
    source.path = *source.after_trial;
    source.after_trial.reset();
    --trials_;
    source.authors = {};
    open_streams(reader, member.source, source.path, after_place(place_));
  }
}

}  // namespace pharos::storage
