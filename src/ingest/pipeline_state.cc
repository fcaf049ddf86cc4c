#include "ingest/pipeline_state.h"

#include <algorithm>

#include "ingest/held_ids.h"
#include "nostr/canonical.h"
#include "nostr/kind.h"
#include "nostr/schnorr.h"

namespace pharos::ingest {
namespace {

Verdict rejected(Reason reason, std::string detail) { return {Fate::rejected, reason, std::move(detail)}; }

Verdict verdict_of(storage::PutOutcome outcome) {
  switch (outcome) {
    case storage::PutOutcome::stored:
      return {Fate::stored, Reason::none, {}};
    case storage::PutOutcome::duplicate:
      return {Fate::duplicate, Reason::none, {}};
    case storage::PutOutcome::superseded:
      return {Fate::replaced, Reason::none, {}};
    case storage::PutOutcome::deleted:
      return rejected(Reason::deleted, "its author asked for deletion");
    case storage::PutOutcome::vanished:
      return rejected(Reason::deleted, "its author, or the recipient of the gift wrap, asked to vanish");
    case storage::PutOutcome::expired:
      return rejected(Reason::expired, "event has expired");
    case storage::PutOutcome::failed_full:
      return rejected(Reason::map_full, "the database is full");
    case storage::PutOutcome::failed_io:
      break;
  }
  return rejected(Reason::storage, "the event could not be stored");
}

constexpr std::size_t kSpareItems = 1024;

bool recycle(Item& item) {
  item = Item{};
  return true;
}

// What a copy of an event learns from the fate of the one that came first.
Verdict verdict_for_copy(const Verdict& first) {
  const bool accepted = first.fate == Fate::stored || first.fate == Fate::ephemeral;
  return accepted ? Verdict{Fate::duplicate, Reason::none, {}} : first;
}

}  // namespace

Pipeline::State::State(const Options& options, storage::Store& store, WorkerPool& pool, const Clock& clock,
                       const metrics::IngestMetrics& metrics, Policy* policy)
    : options_(options),
      store_(store),
      pool_(pool),
      clock_(clock),
      policy_(policy),
      tally_(metrics),
      admission_(std::make_shared<const AdmissionOptions>(options.admission)),
      authors_(options.author_rates, options.author_salt, metrics.rate),
      spare_items_(kSpareItems, recycle),
      ids_(options.recent_ephemeral) {
  metrics.in_flight_capacity.set(static_cast<std::int64_t>(options.max_in_flight));
}

bool Pipeline::State::enter(std::size_t items, std::size_t bytes, bool wait_for_room) {
  Lock lock(mutex_);
  // What is larger than a cap still enters when it is alone.
  const auto full = [&] {
    return items_ > 0 && (items_ + items > options_.max_in_flight || bytes_ + bytes > options_.max_in_flight_bytes);
  };
  while (wait_for_room && !stopped_ && full()) lock.wait(room_);
  if (stopped_ || full()) return false;
  items_ += items;
  bytes_ += bytes;
  tally_.metrics().in_flight.set(static_cast<std::int64_t>(items_));
  return true;
}

void Pipeline::State::leave(std::size_t items, std::size_t bytes) {
  {
    Lock lock(mutex_);
    items_ -= items;
    bytes_ -= bytes;
    tally_.metrics().in_flight.set(static_cast<std::int64_t>(items_));
  }
  room_.notify_all();
}

void Pipeline::State::leave_group(ItemGroup& group) {
  if (group.unsettled.fetch_sub(1, std::memory_order_acq_rel) == 1) leave(group.bulk.events, group.bulk.bytes);
}

std::optional<Verdict> Pipeline::State::refuse_by(const AccessRules& rules, Item& item) {
  item.rules = rules.version();
  return rules.refuse(item.event(), item.submission.source, item.submission.sender.get());
}

bool Pipeline::State::submit(Submission&& submission, bool wait_for_room) {
  const Event& event = *submission.event;
  const std::size_t bytes = measured_bytes(event);
  if (!enter(1, bytes, wait_for_room)) {
    tally_.metrics().refused_full.add();
    return false;
  }
  const ItemPtr item = spare_items_.take();
  item->bytes = bytes;
  auto refusal = refuse_at_door(event, submission.source, clock_.unix_now(), *admission_.get());
  const Source source = submission.source;
  item->submission = std::move(submission);
  if (!refusal) refusal = refuse_by(*rules(), *item);
  if (refusal) {
    tally_.received(source);
    settle_one(item, *refusal);
    return true;
  }
  if (!enqueue(item)) {
    submission = std::move(item->submission);
    leave(1, bytes);
    tally_.metrics().refused_full.add();
    return false;
  }
  tally_.received(source);
  return true;
}

bool Pipeline::State::submit_bulk(Bulk&& bulk) {
  if (!enter(bulk.events, bulk.bytes, true)) return false;
  const auto group = std::make_shared<ItemGroup>(std::move(bulk));
  {
    Lock lock(mutex_);
    if (pool_.try_submit([self = shared_from_this(), number = next_batch_, group] { self->run_bulk(number, group); })) {
      ++next_batch_;
      return true;
    }
  }
  bulk = std::move(group->bulk);
  leave(bulk.events, bulk.bytes);
  return false;
}

void Pipeline::State::count_refused(Source source, Reason reason) {
  tally_.received(source);
  tally_.settled(source, rejected(reason, {}), 0, 0);
}

void Pipeline::State::set_admission(const AdmissionOptions& admission) {
  admission_.set(std::make_shared<const AdmissionOptions>(admission));
}

void Pipeline::State::stop() {
  {
    Lock lock(mutex_);
    stopped_ = true;
  }
  room_.notify_all();
}

bool Pipeline::State::wait_idle(std::chrono::milliseconds timeout) {
  const SteadyTime deadline = wait_deadline(timeout);
  Lock lock(mutex_);
  while (items_ > 0) {
    if (lock.wait_until(room_, deadline) == std::cv_status::timeout) return items_ == 0;
  }
  return true;
}

std::size_t Pipeline::State::in_flight() const {
  Lock lock(mutex_);
  return items_;
}

// --- verification, on the pool --------------------------------------------------------------------------------------

bool Pipeline::State::enqueue(const ItemPtr& item) {
  Lock lock(mutex_);
  pending_.push_back(item);
  // While the queued jobs can take all that is pending no other is needed.
  const bool enough = queued_jobs_ > 0 && pending_.size() <= queued_jobs_ * options_.verify_batch;
  if (enough || jobs_ >= pool_.threads()) return true;
  if (start_job() || jobs_ > 0) return true;
  pending_.pop_back();
  return false;
}

bool Pipeline::State::start_job() {
  ++jobs_;
  ++queued_jobs_;
  if (pool_.try_submit([self = shared_from_this()] { self->run_job(); })) return true;
  --jobs_;
  --queued_jobs_;
  return false;
}

void Pipeline::State::enqueue_again(const ItemPtr& item) {
  item->is_leader = false;
  if (!enqueue(item)) settle_one(item, rejected(Reason::overloaded, "the relay is overloaded, try again later"));
}

void Pipeline::State::run_job() {
  bool is_start = true;
  while (true) {
    Batch batch;
    std::uint64_t number = 0;
    {
      Lock lock(mutex_);
      if (is_start) --queued_jobs_;
      is_start = false;
      if (pending_.empty()) {
        --jobs_;
        return;
      }
      const auto count = static_cast<std::ptrdiff_t>(std::min(pending_.size(), options_.verify_batch));
      batch.assign(pending_.begin(), pending_.begin() + count);
      pending_.erase(pending_.begin(), pending_.begin() + count);
      number = next_batch_++;
    }
    verify(batch);
    answer_requests(batch);
    ask_policy(batch);
    sequencer_.deposit(number, std::move(batch));
    forward();

    // Back to the end of the pool's queue, so that scan slices get their turn.
    Lock lock(mutex_);
    --jobs_;
    if (pending_.empty() || start_job()) return;
    ++jobs_;
  }
}

void Pipeline::State::run_bulk(std::uint64_t number, const std::shared_ptr<ItemGroup>& group) {
  std::vector<Submission> made = group->bulk.make();
  group->items.resize(made.size());
  // One more than the items: none of them gives the room back while there are others to come.
  group->unsettled.store(made.size() + 1, std::memory_order_relaxed);
  const auto admission = admission_.get();
  const Rules rules_now = rules();
  const UnixSeconds now = clock_.unix_now();
  Batch batch;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const ItemPtr item(group, &group->items[i]);
    item->submission = std::move(made[i]);
    item->group = group.get();
    item->bytes = measured_bytes(item->event());
    tally_.received(item->submission.source);
    auto refusal = refuse_at_door(item->event(), item->submission.source, now, *admission);
    if (!refusal) refusal = refuse_by(*rules_now, *item);
    if (refusal) {
      settle_one(item, *refusal);
    } else {
      batch.push_back(item);
    }
  }
  verify(batch);
  answer_requests(batch);
  ask_policy(batch);
  for (const ItemPtr& item : batch) {
    if (classify(item->event().kind) == KindClass::ephemeral) continue;
    item->draft = storage::draft_event(item->event(), store_.tables().rules(), group->drafts);
  }
  sequencer_.deposit(number, std::move(batch));
  forward();
  leave_group(*group);
}

void Pipeline::State::verify(Batch& batch) {
  drop_known(batch);
  std::erase_if(batch, [this](const ItemPtr& item) { return !lead_and_verify(item) || !charge_author(item); });
}

void Pipeline::State::drop_known(Batch& batch) {
  {
    HeldIds held(store_);
    for (const ItemPtr& item : batch) {
      if (item->submission.is_trusted) continue;
      const Event& event = item->event();
      if (!item->is_verified && compute_id(event) != event.id) {
        item->decided = rejected(Reason::invalid_id, "the id is not the hash of the event");
        continue;
      }
      const bool is_ephemeral = classify(event.kind) == KindClass::ephemeral;
      const bool is_known = is_ephemeral ? ids_.is_recent_ephemeral(event.id) : held.contains(event.id);
      if (is_known) item->decided = Verdict{Fate::duplicate, Reason::none, {}};
    }
  }
  // All at once: their sender is woken once, and no callback runs while the snapshot is held.
  std::erase_if(batch, [this](const ItemPtr& item) {
    if (!item->decided) return false;
    settle(item, *item->decided);
    return true;
  });
}

bool Pipeline::State::lead_and_verify(const ItemPtr& item) {
  if (item->submission.is_trusted) return true;
  const Event& event = item->event();
  if (!ids_.lead_or_wait(item)) return false;
  item->is_leader = true;
  if (item->is_verified) return true;
  const SteadyTime start = clock_.now();
  const bool valid = verify_signature(event.pubkey, event.id, event.sig);
  tally_.metrics().signature_verify_seconds.observe(std::chrono::duration<double>(clock_.now() - start).count());
  if (!valid) settle(item, rejected(Reason::invalid_signature, "the signature does not verify"));
  return valid;
}

// --- requests (NIP-43) ----------------------------------------------------------------------------------------------

void Pipeline::State::answer_requests(Batch& batch) {
  if (options_.requests == nullptr) return;
  std::erase_if(batch, [this](const ItemPtr& item) {
    if (!is_membership_request(item->event().kind)) return false;
    options_.requests->take(item->submission.event,
                            [self = shared_from_this(), item](const Verdict& verdict) { self->settle(item, verdict); });
    return true;
  });
}

// --- the rate of authors ---------------------------------------------------------------------------------------------

bool Pipeline::State::has_author_rate(const Submission& submission) const {
  if (submission.source != Source::client || !authors_.is_on()) return false;
  if (submission.sender && submission.sender->is_rate_exempt) return false;
  return !submission.is_trusted && submission.event->kind != kind::kVanish;
}

bool Pipeline::State::charge_author(const ItemPtr& item) {
  if (!has_author_rate(item->submission)) return true;
  const PublicKey& author = item->event().pubkey;
  const auto refusal = authors_.charge(author, rules()->is_known(author), clock_.now());
  if (refusal) settle(item, *refusal);
  item->is_charged = !refusal;
  return !refusal;
}

// --- the policy -----------------------------------------------------------------------------------------------------

void Pipeline::State::ask_policy(Batch& batch) {
  if (policy_ == nullptr) return;
  std::erase_if(batch, [this](const ItemPtr& item) {
    const Submission& submission = item->submission;
    if (submission.event->kind == kind::kVanish || !policy_->wants(submission.source)) return false;
    policy_->ask(
        {submission.event, submission.source, submission.sender,
         [self = shared_from_this(), item](const PolicyDecision& decision) { self->on_decision(item, decision); }});
    return true;
  });
}

void Pipeline::State::on_decision(const ItemPtr& item, const PolicyDecision& decision) {
  switch (decision.what) {
    case PolicyDecision::What::accept:
      break;
    case PolicyDecision::What::reject:
      return settle(item, rejected(Reason::policy, decision.message.empty() ? "not wanted here" : decision.message));
    case PolicyDecision::What::shadow_reject:
      return settle(item, {Fate::shadowed, Reason::policy, {}});
    case PolicyDecision::What::unanswered:
      return settle(item, rejected(Reason::policy_failed, "nothing could be decided about it, try again later"));
  }
  std::uint64_t number = 0;
  {
    Lock lock(mutex_);
    number = next_batch_++;
  }
  sequencer_.deposit(number, Batch{item});
  forward();
}

// --- to the writer, in order ----------------------------------------------------------------------------------------

void Pipeline::State::forward() {
  while (auto batch = sequencer_.next()) {
    const Rules rules_now = rules();
    const auto rest = std::ranges::find_if(
        *batch, [&](const ItemPtr& item) { return forward_one(item, *rules_now) != Forwarded::yes; });
    if (rest == batch->end()) {
      sequencer_.done();
      continue;
    }
    batch->erase(batch->begin(), rest);
    sequencer_.put_back(std::move(*batch));
    // A put that came back before store_was_full_ was set has found nothing to wake: then go on here.
    Lock lock(mutex_);
    if (puts_ == 0) continue;
    store_was_full_ = true;
    return;
  }
}

Pipeline::State::Forwarded Pipeline::State::forward_one(const ItemPtr& item, const AccessRules& rules) {
  const Event& event = item->event();
  // Other rules since it came in: what they forbid must not follow their erasing.
  if (item->rules != rules.version()) {
    if (const auto refusal = refuse_by(rules, *item)) {
      settle(item, *refusal);
      return Forwarded::yes;
    }
  }
  if (classify(event.kind) == KindClass::ephemeral) {
    const bool is_new = ids_.remember_ephemeral(event.id);
    if (is_new) store_.publish_ephemeral(item->submission.event, item->submission.origin);
    settle(item, {is_new ? Fate::ephemeral : Fate::duplicate, Reason::none, {}});
    return Forwarded::yes;
  }
  if (put(item)) return Forwarded::yes;
  {
    Lock lock(mutex_);
    if (puts_ > 0) return Forwarded::store_full;
  }
  // Full of the work of others, or stopping: one more try, then the sender hears of it.
  if (!put(item)) settle(item, rejected(Reason::overloaded, "the relay is overloaded, try again later"));
  return Forwarded::yes;
}

bool Pipeline::State::put(const ItemPtr& item) {
  {
    Lock lock(mutex_);
    ++puts_;
  }
  storage::PutRequest request{
      item->submission.event, item->submission.origin,
      [self = shared_from_this(), item](storage::PutOutcome outcome) { self->on_put(item, outcome); }};
  if (item->draft) request.draft = &*item->draft;
  if (store_.submit(std::move(request))) return true;
  Lock lock(mutex_);
  --puts_;
  return false;
}

void Pipeline::State::on_put(const ItemPtr& item, storage::PutOutcome outcome) {
  bool resume = false;
  {
    Lock lock(mutex_);
    --puts_;
    resume = std::exchange(store_was_full_, false);
  }
  settle(item, verdict_of(outcome));
  if (resume) forward();
}

void Pipeline::State::settle(const ItemPtr& item, const Verdict& verdict) {
  std::vector<ItemPtr> waited;
  if (item->is_leader) waited = ids_.release(item->event().id);
  const bool is_kept = verdict.fate == Fate::stored || verdict.fate == Fate::ephemeral;
  if (item->is_charged && !is_kept) {
    authors_.give_back(item->event().pubkey, rules()->is_known(item->event().pubkey));
  }
  settle_one(item, verdict);
  const Verdict of_copy = verdict_for_copy(verdict);
  for (const ItemPtr& copy : waited) {
    if (learns_from(*item, verdict, *copy))
      settle_one(copy, of_copy);
    else
      enqueue_again(copy);
  }
}

// A bad signature says nothing about a copy with another one, nor the rate of one who brought it about others.
bool Pipeline::State::learns_from(const Item& first, const Verdict& verdict, Item& copy) const {
  if (verdict.reason == Reason::invalid_signature) return false;
  if (verdict.reason != Reason::rate_limited) return true;
  copy.is_verified = copy.event().sig == first.event().sig;
  return copy.is_verified && (is_membership_request(copy.event().kind) || has_author_rate(copy.submission));
}

void Pipeline::State::settle_one(const ItemPtr& item, const Verdict& verdict) {
  tally_.settled(item->submission.source, verdict, item->event().kind, item->bytes);
  if (item->submission.done) item->submission.done(verdict);
  // Last: whoever sees the pipeline idle knows that no callback runs any more.
  item->group != nullptr ? leave_group(*item->group) : leave(1, item->bytes);
}

}  // namespace pharos::ingest
