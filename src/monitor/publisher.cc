#include "monitor/publisher.h"

#include <algorithm>
#include <deque>

#include <string.h>

#include "monitor/nip66.h"
#include "nostr/kind.h"
#include "nostr/schnorr.h"
#include "storage/query.h"
#include "util/check.h"
#include "util/log.h"

namespace pharos::monitor {
namespace {

using metrics::MonitorMetrics;

// Looked up again in the store when forgotten.
constexpr std::size_t kMaxStamps = 65'536;
constexpr UnixSeconds kMaxAhead = 900;  // what relays commonly take
constexpr std::size_t kLookupRecords = 1'000;
constexpr std::chrono::milliseconds kLookupTime{20};

void count(const MonitorMetrics& metrics, Kind kind, bool ok) {
  switch (kind) {
    case kind::kProfile:
      metrics.count_published(MonitorMetrics::Published::profile, ok);
      break;
    case kind::kDeletion:
      break;
    case kind::kRelayList:
      metrics.count_published(MonitorMetrics::Published::relay_list, ok);
      break;
    case kind::kMonitorAnnouncement:
      metrics.count_published(MonitorMetrics::Published::announcement, ok);
      break;
    default:
      metrics.count_published(MonitorMetrics::Published::discovery, ok);
      break;
  }
}

}  // namespace

// The way into the own store; waits when the pipeline is full.
class Publisher::OwnStore : public std::enable_shared_from_this<OwnStore> {
 public:
  OwnStore(const PublishOptions& options, net::IoShard& shard, ingest::Sink& sink,
           std::shared_ptr<const MonitorMetrics> metrics)
      : options_(options), sink_(sink), metrics_(std::move(metrics)), timer_(shard) {}

  void push(storage::EventPtr event) {
    if (waiting_.size() >= options_.pending_own) {
      count(*metrics_, waiting_.front()->kind, false);
      waiting_.pop_front();
    }
    waiting_.push_back(std::move(event));
    pump();
  }

  std::size_t waiting() const { return waiting_.size(); }

 private:
  void pump() {
    while (!waiting_.empty()) {
      ingest::Submission submission;
      submission.event = waiting_.front();
      submission.source = ingest::Source::monitor;
      submission.done = [metrics = metrics_, kind = waiting_.front()->kind](const ingest::Verdict& verdict) {
        const bool ok = verdict.fate == ingest::Fate::stored || verdict.fate == ingest::Fate::duplicate;
        count(*metrics, kind, ok);
        if (!ok)
          log::warn("monitor", "the own store refused an event of the monitor",
                    {{"kind", kind}, {"reason", ingest::name(verdict.reason)}, {"detail", verdict.detail}});
      };
      if (!sink_.submit(std::move(submission))) {
        timer_.arm(options_.sink_retry, [weak = weak_from_this()] {
          if (const auto self = weak.lock()) self->pump();
        });
        return;
      }
      waiting_.pop_front();
    }
  }

  PublishOptions options_;
  ingest::Sink& sink_;
  std::shared_ptr<const MonitorMetrics> metrics_;
  net::Timer timer_;
  std::deque<storage::EventPtr> waiting_;
};

Publisher::Publisher(const SecretKey& secret, const PublishOptions& options, const ProbeOptions& network,
                     net::IoShard& shard, storage::Store& store, ingest::Sink& sink, const Clock& clock, Random& random,
                     std::shared_ptr<const MonitorMetrics> metrics)
    : secret_(secret),
      store_(store),
      clock_(clock),
      random_(random),
      metrics_(std::move(metrics)),
      own_(std::make_shared<OwnStore>(options, shard, sink, metrics_)),
      max_stamps_(kMaxStamps) {
  const auto key = derive_public_key(secret_);
  PHAROS_FATAL_CHECK(key.has_value());
  public_key_ = *key;
  for (const RelayUrl& url : options.relays) {
    links_.push_back(std::make_unique<PublishLink>(
        url, options, network, shard, clock, random, *this,
        [shared = metrics_](Kind kind, bool accepted) { count(*shared, kind, accepted); }));
  }
}

Publisher::~Publisher() { ::explicit_bzero(secret_.data.data(), secret_.data.size()); }

void Publisher::sign(Event& event) { sign_event(event, secret_, random_); }

std::shared_ptr<const Event> Publisher::newest_stored(Kind kind, std::string_view identifier) const {
  Filter filter;
  filter.authors = {public_key_};
  filter.kinds = {kind};
  if (classify(kind) == KindClass::addressable) filter.tags.push_back({'d', {std::string(identifier)}});
  filter.limit = 1;
  storage::Query query({filter}, {});
  std::shared_ptr<Event> found;
  TimeBudget budget(clock_, kLookupTime, kLookupRecords);
  query.run_slice(store_, clock_.unix_now(), budget, [&](const storage::RecordView& record) {
    found = std::make_shared<Event>();
    record.decode(*found);
    return false;
  });
  return found;
}

void Publisher::stamp(Event& event) {
  const std::string_view d = classify(event.kind) == KindClass::addressable ? identifier(event) : std::string_view();
  std::string address = std::to_string(event.kind) + ":" + std::string(d);
  auto it = stamps_.find(address);
  if (it == stamps_.end()) {
    if (stamps_.size() >= max_stamps_) stamps_.erase(stamps_.begin());
    const auto stored = newest_stored(event.kind, d);
    it = stamps_.emplace(std::move(address), stored ? stored->created_at : 0).first;
  }
  if (too_far_ahead(it->second)) {
    if (const auto stored = newest_stored(event.kind, d); stored && too_far_ahead(stored->created_at)) retract(*stored);
    it->second = 0;
  }
  event.created_at = std::max(clock_.unix_now(), it->second + 1);
  it->second = event.created_at;
}

bool Publisher::too_far_ahead(UnixSeconds created_at) const { return created_at > clock_.unix_now() + kMaxAhead; }

void Publisher::retract(const Event& event) {
  log::warn("monitor", "a statement was dated by a clock that ran ahead, it is deleted and made anew",
            {{"kind", event.kind}, {"created_at", event.created_at}});
  Event deletion;
  deletion.kind = kind::kDeletion;
  deletion.created_at = clock_.unix_now();
  deletion.tags.add({"e", event.id.hex()});
  deletion.tags.add({"k", std::to_string(event.kind)});
  submit(std::move(deletion));
}

void Publisher::broadcast(const storage::EventPtr& event) {
  for (const auto& link : links_) link->push(event);
}

void Publisher::publish(Event event) {
  stamp(event);
  submit(std::move(event));
}

void Publisher::submit(Event event) {
  sign(event);
  auto shared = std::make_shared<const Event>(std::move(event));
  own_->push(shared);
  broadcast(shared);
}

void Publisher::restate(Event event) {
  const auto stored = newest_stored(event.kind, identifier(event));
  if (stored && same_statement(*stored, event) && !too_far_ahead(stored->created_at))
    broadcast(stored);
  else
    publish(std::move(event));
}

std::vector<PublishRelayStatus> Publisher::relays() const {
  std::vector<PublishRelayStatus> out;
  for (const auto& link : links_) out.push_back(link->status());
  return out;
}

std::size_t Publisher::waiting() const { return own_->waiting(); }

}  // namespace pharos::monitor
