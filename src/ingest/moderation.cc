#include "ingest/moderation.h"

#include <utility>

#include "util/log.h"

namespace pharos::ingest {
namespace {

using metrics::AccessMetrics;

static_assert(static_cast<std::size_t>(AccessList::spent_invite) == AccessMetrics::kListLabels.size());

}  // namespace

Result<std::unique_ptr<Moderation>, storage::StorageFailure> Moderation::open(storage::Store& store, const Clock& clock,
                                                                              const AccessMetrics& metrics) {
  PHAROS_TRY(auto stored, read_access(store));
  return std::make_unique<Moderation>(store, clock, metrics, std::move(stored));
}

Moderation::Moderation(storage::Store& store, const Clock& clock, const AccessMetrics& metrics, StoredAccess stored)
    : store_(store),
      clock_(clock),
      metrics_(metrics),
      rules_(std::make_shared<Snapshot<AccessRules>>(std::make_shared<const AccessRules>(
          std::make_shared<const AccessLists>(std::move(stored.lists)), std::make_shared<const FixedAccess>(), 0))),
      audit_(std::move(stored.audit)) {
  metrics_.waiting_capacity.set(static_cast<std::int64_t>(kMaxWaiting));
  metrics_.waiting_requests_capacity.set(static_cast<std::int64_t>(kMaxWaitingRequests));
  show_sizes(rules_->get()->lists());
}

void Moderation::set_listeners(std::function<void()> changed, std::function<void(std::vector<Filter>)> erase) {
  changed_ = std::move(changed);
  erase_ = std::move(erase);
}

void Moderation::set_fixed(FixedAccess fixed) {
  {
    Lock lock(mutex_);
    rules_->set(std::make_shared<const AccessRules>(rules_->get()->shared_lists(),
                                                    std::make_shared<const FixedAccess>(std::move(fixed)), ++version_,
                                                    rules_->get()->shared_trusted()));
  }
  if (changed_) changed_();
}

void Moderation::set_trusted(std::shared_ptr<const TrustedKeys> trusted) {
  {
    Lock lock(mutex_);
    const auto now = rules_->get();
    rules_->set(
        std::make_shared<const AccessRules>(now->shared_lists(), now->shared_fixed(), ++version_, std::move(trusted)));
  }
  if (changed_) changed_();
}

void Moderation::submit(AccessChange change, std::string actor, Done done) {
  const auto job = std::make_shared<Job>(Job{std::move(change), std::move(actor), std::move(done)});
  const bool asks = is_request(job->change.action);
  bool taken = false;
  bool runs_here = false;
  {
    Lock lock(mutex_);
    taken = waiting_.size() < kMaxWaiting && (!asks || waiting_requests_ < kMaxWaitingRequests);
    if (taken) {
      waiting_.push_back(job);
      if (asks) ++waiting_requests_;
      show_waiting();
      runs_here = !std::exchange(busy_, true);
    }
  }
  if (!taken) return fail(*job, Fault::busy, "too many changes are waiting, try again later");
  if (runs_here) run();
}

void Moderation::run() {
  while (true) {
    std::shared_ptr<Job> job;
    {
      Lock lock(mutex_);
      if (waiting_.empty()) {
        busy_ = false;
        return;
      }
      job = std::move(waiting_.front());
      waiting_.pop_front();
      if (is_request(job->change.action)) --waiting_requests_;
      show_waiting();
    }
    if (start(job)) return;
  }
}

void Moderation::show_waiting() const {
  metrics_.waiting.set(static_cast<std::int64_t>(waiting_.size()));
  metrics_.waiting_requests.set(static_cast<std::int64_t>(waiting_requests_));
}

bool Moderation::start(const std::shared_ptr<Job>& job) {
  const auto rules = rules_->get();
  const UnixSeconds now = clock_.unix_now();
  auto planned = plan(*rules, job->change, now);
  if (!planned) {
    fail(*job, Fault::invalid, std::move(planned).error());
    return false;
  }
  if (planned.value().entries.empty()) {
    unchanged(*job, std::move(planned).value(), rules);
    return false;
  }
  auto lists = std::make_shared<AccessLists>(rules->lists());
  for (const AccessEntry& entry : planned.value().entries) lists->apply(entry);
  AuditEntry audit{
      0, now, job->actor, std::string(name(job->change.action)), planned.value().subject, job->change.reason};
  const AuditRing ring = ring_of(job->change.action);
  {
    Lock lock(mutex_);
    const auto& kept = audit_.of(ring);
    audit.number = kept.empty() ? 1 : kept.back().number + 1;
  }
  const std::shared_ptr<const AccessLists> after = std::move(lists);
  put_in_force(after);
  const auto work = std::make_shared<const std::pair<AccessPlan, AuditEntry>>(std::move(planned).value(), audit);
  const bool taken = store_.submit_update(
      [work, ring](storage::WriteTxn& txn) { return write_access(txn, work->first.entries, ring, work->second); },
      [this, job, work, rules, after](bool written) {
        finished(*job, work->first, work->second, {work->first.subject, rules, after}, written);
        run();
      });
  if (!taken) finished(*job, work->first, work->second, {work->first.subject, rules, after}, false);
  return taken;
}

// What is left of a ban that an earlier sweep could not take is erased by asking again.
void Moderation::unchanged(const Job& job, AccessPlan plan, const std::shared_ptr<const AccessRules>& rules) const {
  metrics_.changes[static_cast<std::size_t>(AccessMetrics::Changed::unchanged)].add();
  if (erase_ && !plan.erased.empty()) erase_(std::move(plan.erased));
  job.done(Changed{std::move(plan.subject), rules, rules->shared_lists()});
}

void Moderation::finished(const Job& job, const AccessPlan& plan, AuditEntry audit, Changed done, bool written) {
  if (!written) {
    put_in_force(done.before->shared_lists());
    return fail(job, Fault::not_written, "the change could not be written, so it does not hold");
  }
  log::info("access", "access lists changed",
            {{"action", title(job.change.action)},
             {"subject", audit.subject},
             {"by", audit.actor},
             {"reason", audit.reason}});
  metrics_.changes[static_cast<std::size_t>(AccessMetrics::Changed::kept)].add();
  {
    Lock lock(mutex_);
    auto& kept = audit_.of(ring_of(job.change.action));
    kept.push_back(std::move(audit));
    if (kept.size() > kMaxAuditEntries) kept.pop_front();
  }
  if (erase_ && !plan.erased.empty()) erase_(plan.erased);
  job.done(std::move(done));
}

void Moderation::fail(const Job& job, Fault fault, std::string detail) const {
  using Counted = AccessMetrics::Changed;
  const Counted result = fault == Fault::not_written ? Counted::failed : Counted::refused;
  metrics_.changes[static_cast<std::size_t>(result)].add();
  job.done(failure(Failure{fault, std::move(detail)}));
}

void Moderation::put_in_force(std::shared_ptr<const AccessLists> lists) {
  show_sizes(*lists);
  {
    Lock lock(mutex_);
    rules_->set(std::make_shared<const AccessRules>(std::move(lists), rules_->get()->shared_fixed(), ++version_,
                                                    rules_->get()->shared_trusted()));
  }
  if (changed_) changed_();
}

void Moderation::show_sizes(const AccessLists& lists) const {
  for (std::size_t i = 0; i < metrics_.entries.size(); ++i)
    metrics_.entries[i].set(static_cast<std::int64_t>(lists.size(static_cast<AccessList>(i + 1))));
}

std::vector<AuditEntry> Moderation::audit(AuditRing ring) const {
  Lock lock(mutex_);
  const auto& kept = audit_.of(ring);
  return {kept.rbegin(), kept.rend()};
}

}  // namespace pharos::ingest
