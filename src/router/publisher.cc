#include "router/publisher.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "nostr/kind.h"
#include "util/printable.h"

namespace pharos::router {
namespace {

struct Prefix {
  std::string_view text;
  Publisher::Refusal refusal;
};
constexpr Prefix kPrefixes[] = {
    {"blocked:", Publisher::Refusal::blocked},
    {"invalid:", Publisher::Refusal::invalid},
    {"restricted:", Publisher::Refusal::restricted},
    {"pow:", Publisher::Refusal::pow},
    {"mute:", Publisher::Refusal::mute},
    {"error:", Publisher::Refusal::error},
    {"auth-required:", Publisher::Refusal::auth_required},
};

constexpr std::chrono::seconds kRefusalLogEvery{10};

bool has_prefix(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

Publisher::Refusal refusal_of(std::string_view message) {
  for (const Prefix& prefix : kPrefixes) {
    if (has_prefix(message, prefix.text)) return prefix.refusal;
  }
  return Publisher::Refusal::other;
}

bool is_private(Kind kind) {
  return kind == kind::kEncryptedMessage || kind == kind::kGiftWrap || kind == kind::kEphemeralGiftWrap;
}

}  // namespace

std::string_view Publisher::name(Refusal refusal) {
  constexpr std::string_view kNames[kRefusals] = {"blocked", "invalid",       "restricted", "pow",    "mute",
                                                  "error",   "auth-required", "timeout",    "closed", "other"};
  return kNames[static_cast<std::size_t>(refusal)];
}

std::uint64_t Publisher::Counters::refused_total() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

Publisher::Publisher(const UpstreamOptions& upstream, const PublisherOptions& options, const PublicKey& own_key,
                     std::optional<OutboxMark> mark, storage::Seq last_seq, const Clock& clock)
    : filters_(upstream.filters),
      publish_private_(upstream.publish_private),
      options_(options),
      own_key_(own_key),
      clock_(clock),
      last_seq_(last_seq),
      examined_(mark                        ? mark->cursor
                : upstream.publish_existing ? 0
                                            : last_seq),
      persisted_(std::move(mark)) {
  // A mark from a database that has been replaced by an older one.
  examined_ = std::min(examined_, last_seq_);
  if (!persisted_) return;
  for (const SeqRun& run : persisted_->settled) {
    if (run.last <= last_seq_) settled_.push_back(run);
  }
}

bool Publisher::wants(const Event& event) const {
  // A request to vanish is its author's to send (NIP-62).
  if (event.kind == kind::kClientAuth || event.kind == kind::kVanish) return false;
  if (is_private(event.kind) && !publish_private_) return false;
  if (is_protected(event) && event.pubkey != own_key_) return false;
  if (is_expired(event, clock_.unix_now())) return false;
  return std::any_of(filters_.begin(), filters_.end(), [&event](const Filter& f) { return matches(f, event); });
}

void Publisher::opened(Actions& out) {
  connected_ = true;
  hold_until_ = {};
  pump(out);
}

void Publisher::connection_lost(bool blamed, Actions& out) {
  connected_ = false;
  std::vector<Sent> unanswered;
  for (auto& [id, sent] : in_flight_) unanswered.push_back(std::move(sent));
  in_flight_.clear();
  if (unanswered.empty()) return;
  std::sort(unanswered.begin(), unanswered.end(), [](const Sent& a, const Sent& b) { return a.item.seq > b.item.seq; });
  if (blamed) {
    one_by_one_through_ = std::max(one_by_one_through_, unanswered.front().item.seq);
    if (++unanswered.back().attempts >= options_.max_attempts) {
      refuse(unanswered.back().item, Refusal::closed, "the connection ended instead of an answer", out);
      unanswered.pop_back();
    }
  }
  for (Sent& sent : unanswered) waiting_.push_front({std::move(sent.item), sent.attempts});
}

void Publisher::brought(storage::Seq first, storage::Seq last) {
  first = std::max(first, examined_ + 1);
  if (first > last) return;
  if (!settled_.empty() && settled_.back().last + 1 == first)
    settled_.back().last = last;
  else
    settled_.push_back({first, last});
  if (settled_.size() > options_.max_settled_runs) settled_.pop_front();
}

bool Publisher::is_settled(storage::Seq seq) const {
  const auto run = std::lower_bound(settled_.begin(), settled_.end(), seq,
                                    [](const SeqRun& each, storage::Seq s) { return each.last < s; });
  return run != settled_.end() && run->first <= seq;
}

void Publisher::authenticated(Actions& out) {
  hold_until_ = {};
  pump(out);
}

void Publisher::stored(storage::Seq last_seq, Actions& out) {
  last_seq_ = std::max(last_seq_, last_seq);
  pump(out);
}

void Publisher::ephemeral(const storage::EventPtr& event, Actions& out) {
  if (connected_ && wants(*event)) out.push_back(SendEvent{event});
}

void Publisher::on_outbox(std::vector<Item> items, storage::Seq examined_through, Actions& out) {
  reading_ = false;
  for (Item& item : items) waiting_.push_back({std::move(item), 0});
  examined_ = std::max(examined_, examined_through);
  while (!settled_.empty() && settled_.front().last <= examined_) settled_.pop_front();
  pump(out);
}

void Publisher::on_outbox_failed() {
  reading_ = false;
  read_again_ = clock_.now() + options_.retry_delay;
}

std::size_t Publisher::window() const {
  return !waiting_.empty() && waiting_.front().item.seq <= one_by_one_through_ ? 1 : options_.window;
}

void Publisher::pump(Actions& out) {
  if (!connected_) return;
  const SteadyTime now = clock_.now();
  while (now >= hold_until_ && !waiting_.empty() && in_flight_.size() < window()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    out.push_back(SendEvent{next.item.event});
    const EventId id = next.item.event->id;
    in_flight_.insert_or_assign(id, Sent{std::move(next.item), next.attempts, now + options_.ok_timeout});
  }
  if (!reading_ && now >= read_again_ && waiting_.size() < options_.window && examined_ < last_seq_) {
    reading_ = true;
    out.push_back(ReadOutbox{examined_, last_seq_, options_.read_batch});
  }
}

// Puts the event back to be sent once more, or gives it up when it was tried often enough.
void Publisher::again(Sent sent, bool counts) {
  if (counts && ++sent.attempts >= options_.max_attempts) return;
  ++counters_.retries;
  waiting_.push_front({std::move(sent.item), sent.attempts});
}

void Publisher::refuse(const Item& item, Refusal refusal, std::string_view text, Actions& out) {
  ++counters_.refused[static_cast<std::size_t>(refusal)];
  last_refused_.push_back({item.event->id, clock_.unix_now(), refusal, printable(text)});
  if (last_refused_.size() > kMaxLastRefused) last_refused_.pop_front();
  const SteadyTime now = clock_.now();
  const bool told = now < next_refusal_log_;
  if (!told) next_refusal_log_ = now + kRefusalLogEvery;
  out.push_back(LogLine{told ? log::Level::debug : log::Level::info, "upstream refused an event",
                        item.event->id.hex() + ": " + last_refused_.back().text});
}

bool Publisher::on_ok(const EventId& id, bool accepted, std::string_view message, Actions& out) {
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) return false;
  Sent sent = std::move(found->second);
  in_flight_.erase(found);
  const bool duplicate = has_prefix(message, "duplicate:");
  if (accepted || duplicate) {
    ++(duplicate ? counters_.duplicate : counters_.accepted);
  } else if (has_prefix(message, "rate-limited:")) {
    hold_until_ = clock_.now() + options_.retry_delay;
    again(std::move(sent), false);
  } else {
    const Refusal refusal = refusal_of(message);
    const bool may_pass = refusal == Refusal::error || refusal == Refusal::auth_required;
    if (may_pass && sent.attempts + 1 < options_.max_attempts) {
      hold_until_ = clock_.now() + options_.retry_delay;
      again(std::move(sent), true);
    } else {
      refuse(sent.item, refusal, message, out);
    }
  }
  pump(out);
  return true;
}

void Publisher::on_cursor_persisted(bool ok) {
  if (ok && persisting_) persisted_ = std::move(persisting_);
  persisting_.reset();
}

std::vector<storage::Seq> Publisher::pending() const {
  std::vector<storage::Seq> out;
  for (const Waiting& waiting : waiting_) out.push_back(waiting.item.seq);
  for (const auto& [id, sent] : in_flight_) out.push_back(sent.item.seq);
  std::sort(out.begin(), out.end());
  return out;
}

storage::Seq Publisher::cursor() const {
  storage::Seq oldest = examined_ + 1;
  for (const Waiting& waiting : waiting_) oldest = std::min(oldest, waiting.item.seq);
  for (const auto& [id, sent] : in_flight_) oldest = std::min(oldest, sent.item.seq);
  return oldest - 1;
}

OutboxMark Publisher::mark() const {
  OutboxMark out;
  out.cursor = cursor();
  storage::Seq next = out.cursor + 1;
  const auto add = [&out](storage::Seq first, storage::Seq last) {
    if (first > last) return;
    if (!out.settled.empty() && out.settled.back().last + 1 == first)
      out.settled.back().last = last;
    else if (out.settled.size() < kMaxMarkRuns)
      out.settled.push_back({first, last});
  };
  for (const storage::Seq seq : pending()) {
    add(next, seq - 1);
    next = seq + 1;
  }
  add(next, examined_);
  for (const SeqRun& run : settled_) add(std::max(run.first, examined_ + 1), run.last);
  return out;
}

void Publisher::tick(Actions& out) {
  const SteadyTime now = clock_.now();
  std::vector<EventId> late;
  for (const auto& [id, sent] : in_flight_) {
    if (now >= sent.deadline) late.push_back(id);
  }
  for (const EventId& id : late) {
    Sent sent = std::move(in_flight_.at(id));
    in_flight_.erase(id);
    if (sent.attempts + 1 >= options_.max_attempts) refuse(sent.item, Refusal::timeout, "no answer", out);
    again(std::move(sent), true);
  }
  pump(out);
  if (now >= next_persist_) {
    next_persist_ = now + options_.persist_every;
    save(out);
  }
}

void Publisher::save(Actions& out) {
  if (persisting_) return;
  OutboxMark now = mark();
  if (now == persisted_) return;
  persisting_ = std::move(now);
  out.push_back(PersistCursor{*persisting_});
}

}  // namespace pharos::router
