#include "router/router.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <optional>
#include <utility>

#include "router/upstream.h"
#include "storage/commit_feed.h"
#include "util/log.h"
#include "util/snapshot.h"
#include "util/sync.h"

namespace pharos::router {
namespace {

constexpr std::chrono::milliseconds kStatusEvery{500};

std::string filters_text(const UpstreamOptions& options) {
  std::string text;
  for (const Filter& filter : options.filters) append_filter_json(text, filter);
  return text;
}

bool same(const UpstreamOptions& a, const UpstreamOptions& b) {
  return a.name == b.name && a.url == b.url && a.direction == b.direction && a.priority == b.priority &&
         a.enabled == b.enabled && a.socks5_proxy == b.socks5_proxy && a.auth == b.auth &&
         a.publish_existing == b.publish_existing && a.publish_private == b.publish_private &&
         filters_text(a) == filters_text(b);
}

}  // namespace

class Router::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(RouterOptions options, RouterServices services)
      : max_ephemeral_(options.intake.max_ephemeral),
        drain_timeout_(options.link.drain_timeout),
        ephemeral_dropped_(services.metrics.ephemeral_dropped),
        options_(std::move(options)),
        services_(std::move(services)),
        decided_(options_.intake.recent_ids),
        gate_(options_.dials_per_second, options_.dial_burst),
        status_(std::make_shared<const std::vector<UpstreamStatus>>()) {}

  void begin();
  void apply(RouterOptions options);
  void drain();
  bool wait_stopped();
  bool is_stopped();
  net::IoShard& shard() { return services_.shard; }
  std::vector<UpstreamStatus> status() const { return *status_.get(); }
  void drop_everything();

 private:
  // What the commit feed told since the shard last looked.
  struct News {
    struct Run {
      storage::Seq first;
      storage::Seq last;
      storage::Origin origin;
    };
    std::vector<Run> runs;
    std::vector<storage::CommittedEvent> ephemeral;
    bool posted = false;
  };

  void on_commit(const storage::CommitBatchPtr& batch);
  void take_news();
  void start_upstream(const UpstreamOptions& options);
  void stop_upstream(const std::shared_ptr<Upstream>& upstream);
  void reconcile();
  void open_gate();
  void tick();
  void publish_status();
  storage::Origin origin_of(const RelayUrl& url);
  void note_if_stopped();

  // Any thread.
  const std::size_t max_ephemeral_;
  const std::chrono::milliseconds drain_timeout_;
  const metrics::Counter ephemeral_dropped_;

  // The shard's.
  RouterOptions options_;
  RouterServices services_;
  RecentIds decided_;
  DialGate gate_;
  std::vector<std::shared_ptr<Upstream>> upstreams_;  // running
  std::vector<std::shared_ptr<Upstream>> leaving_;
  std::map<std::string, storage::Origin> origin_by_url_;  // as many as URLs were ever configured in this process
  std::uint64_t next_id_ = 1;
  storage::Seq last_seq_ = 0;
  std::optional<net::Timer> tick_timer_;
  std::optional<net::Timer> gate_timer_;
  bool gate_opening_ = false;
  bool draining_ = false;

  storage::CommitFeed::Subscription subscription_;
  Mutex news_mutex_;
  News news_ PHAROS_GUARDED_BY(news_mutex_);

  Snapshot<std::vector<UpstreamStatus>> status_;
  Mutex stop_mutex_;
  std::condition_variable stopped_condition_;
  bool stopped_ PHAROS_GUARDED_BY(stop_mutex_) = false;
};

// --- upstreams ---

void Router::Core::begin() {
  tick_timer_.emplace(services_.shard);
  gate_timer_.emplace(services_.shard);
  last_seq_ = services_.store.last_seq();
  subscription_ = services_.store.feed().subscribe([weak = weak_from_this()](const storage::CommitBatchPtr& batch) {
    if (const auto self = weak.lock()) self->on_commit(batch);
  });
  reconcile();
  tick();
}

storage::Origin Router::Core::origin_of(const RelayUrl& url) {
  const auto found = origin_by_url_.find(url.text());
  if (found != origin_by_url_.end()) return found->second;
  return origin_by_url_.emplace(url.text(), services_.store.allocate_origin()).first->second;
}

void Router::Core::start_upstream(const UpstreamOptions& options) {
  UpstreamContext context{services_.shard,
                          services_.sink,
                          services_.store,
                          services_.clock,
                          services_.random,
                          options_,
                          services_.signer,
                          services_.own_key,
                          decided_,
                          gate_,
                          [weak = weak_from_this()] {
                            if (const auto self = weak.lock()) self->open_gate();
                          },
                          services_.metrics.ephemeral_dropped};
  auto upstream = std::make_shared<Upstream>(context, options, next_id_++, origin_of(options.url), last_seq_,
                                             services_.metrics.for_upstream(options.name));
  upstreams_.push_back(upstream);
  upstream->start();
}

void Router::Core::stop_upstream(const std::shared_ptr<Upstream>& upstream) {
  leaving_.push_back(upstream);
  upstream->drain([weak = weak_from_this(), raw = upstream.get()] {
    const auto self = weak.lock();
    if (!self) return;
    // In a turn of its own: the upstream is still on the stack.
    self->services_.shard.post([weak, raw] {
      const auto core = weak.lock();
      if (!core) return;
      std::erase_if(core->leaving_, [raw](const auto& each) { return each.get() == raw; });
      if (!core->draining_) core->reconcile();
      core->note_if_stopped();
    });
  });
}

// Brings what runs in line with the options. An upstream that is leaving is waited for before another of its name or
// URL begins, so that its ledger has one writer.
void Router::Core::reconcile() {
  std::vector<UpstreamOptions> wanted;
  for (const UpstreamOptions& upstream : options_.upstreams) {
    if (upstream.enabled && wanted.size() < options_.max_upstreams) wanted.push_back(upstream);
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const UpstreamOptions& a, const UpstreamOptions& b) { return a.priority > b.priority; });
  const auto is_wanted = [&wanted](const std::shared_ptr<Upstream>& upstream) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const UpstreamOptions& each) { return same(each, upstream->options()); });
  };
  std::vector<std::shared_ptr<Upstream>> gone;
  std::erase_if(upstreams_, [&](const std::shared_ptr<Upstream>& upstream) {
    if (is_wanted(upstream)) return false;
    gone.push_back(upstream);
    return true;
  });
  for (const auto& upstream : gone) stop_upstream(upstream);
  for (const UpstreamOptions& each : wanted) {
    const auto conflicts = [&each](const std::shared_ptr<Upstream>& upstream) {
      return upstream->options().name == each.name || upstream->options().url == each.url;
    };
    if (std::none_of(upstreams_.begin(), upstreams_.end(), conflicts) &&
        std::none_of(leaving_.begin(), leaving_.end(), conflicts))
      start_upstream(each);
  }
}

void Router::Core::apply(RouterOptions options) {
  if (draining_) return;
  options_ = std::move(options);
  reconcile();
  publish_status();
}

void Router::Core::drain() {
  if (draining_) return;
  draining_ = true;
  for (const auto& upstream : std::exchange(upstreams_, {})) stop_upstream(upstream);
  note_if_stopped();
}

void Router::Core::note_if_stopped() {
  if (!draining_ || !leaving_.empty()) return;
  drop_everything();
  Lock lock(stop_mutex_);
  stopped_ = true;
  stopped_condition_.notify_all();
}

bool Router::Core::is_stopped() {
  Lock lock(stop_mutex_);
  return stopped_;
}

bool Router::Core::wait_stopped() {
  Lock lock(stop_mutex_);
  const auto deadline = services_.clock.now() + drain_timeout_ + std::chrono::seconds(1);
  while (!stopped_) {
    if (lock.wait_until(stopped_condition_, deadline) == std::cv_status::timeout) break;
  }
  return stopped_;
}

void Router::Core::drop_everything() {
  subscription_ = {};
  tick_timer_.reset();
  gate_timer_.reset();
  upstreams_.clear();
  leaving_.clear();
}

// --- dialing ---

void Router::Core::open_gate() {
  if (gate_opening_) return;
  const auto delay = gate_.delay(services_.clock.now());
  if (!delay || !gate_timer_) return;
  gate_opening_ = true;
  gate_timer_->arm(*delay, [this] {
    gate_opening_ = false;
    while (const auto go = gate_.next(services_.clock.now())) (*go)();
    open_gate();
  });
}

// --- the commit feed ---

// On the writer's thread.
void Router::Core::on_commit(const storage::CommitBatchPtr& batch) {
  {
    Lock lock(news_mutex_);
    for (const storage::CommittedEvent& event : batch->events) {
      if (event.seq == 0) {
        if (news_.ephemeral.size() < max_ephemeral_)
          news_.ephemeral.push_back(event);
        else
          ephemeral_dropped_.add();
      } else if (!news_.runs.empty() && news_.runs.back().origin == event.origin &&
                 news_.runs.back().last + 1 == event.seq) {
        news_.runs.back().last = event.seq;
      } else {
        news_.runs.push_back({event.seq, event.seq, event.origin});
      }
    }
    if (std::exchange(news_.posted, true)) return;
  }
  services_.shard.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->take_news();
  });
}

void Router::Core::take_news() {
  News news;
  {
    Lock lock(news_mutex_);
    news = std::exchange(news_, {});
  }
  if (!news.runs.empty()) last_seq_ = std::max(last_seq_, news.runs.back().last);
  const auto tell = [&](Upstream& upstream) {
    if (upstream.options().direction == Direction::down) return;
    for (const storage::CommittedEvent& event : news.ephemeral) upstream.on_ephemeral(event.event, event.origin);
    for (const News::Run& run : news.runs) upstream.on_brought(run.first, run.last, run.origin);
    if (!news.runs.empty()) upstream.on_stored(last_seq_);
  };
  for (const auto& upstream : upstreams_) tell(*upstream);
  // What they brought last is still to be noted.
  for (const auto& upstream : leaving_) tell(*upstream);
}

// --- what it tells ---

void Router::Core::tick() {
  publish_status();
  if (!tick_timer_) return;
  tick_timer_->arm(kStatusEvery, [this] { tick(); });
}

void Router::Core::publish_status() {
  using State = metrics::RouterMetrics::State;
  auto out = std::make_shared<std::vector<UpstreamStatus>>();
  std::array<std::int64_t, metrics::RouterMetrics::kStateLabels.size()> states{};
  std::int64_t undecided = 0;
  const auto add = [&](const Upstream& upstream) {
    out->push_back(upstream.status());
    undecided += static_cast<std::int64_t>(upstream.undecided());
    State state = State::idle;
    switch (out->back().state) {
      case UpstreamState::waiting:
        state = out->back().breaker == "open" ? State::open_circuit : State::backoff;
        break;
      case UpstreamState::dialing:
        state = State::connecting;
        break;
      case UpstreamState::connecting:
      case UpstreamState::catching_up:
      case UpstreamState::live:
      case UpstreamState::draining:
        state = State::connected;
        break;
      case UpstreamState::disabled:
      case UpstreamState::stopped:
        break;
    }
    ++states[static_cast<std::size_t>(state)];
  };
  for (const auto& upstream : upstreams_) add(*upstream);
  for (const auto& upstream : leaving_) add(*upstream);
  for (const UpstreamOptions& each : options_.upstreams) {
    if (each.enabled) continue;
    UpstreamStatus status;
    status.name = each.name;
    status.url = each.url.text();
    status.direction = each.direction;
    status.state = UpstreamState::disabled;
    out->push_back(std::move(status));
    ++states[static_cast<std::size_t>(State::disabled)];
  }
  for (std::size_t i = 0; i < states.size(); ++i) services_.metrics.upstreams[i].set(states[i]);
  services_.metrics.queue_depth.set(undecided);
  services_.metrics.queue_capacity.set(
      static_cast<std::int64_t>(options_.intake.in_flight_per_upstream * upstreams_.size()));
  status_.set(std::move(out));
}

// --- the outside ---

Router::Router(RouterOptions options, RouterServices services)
    : core_(std::make_shared<Core>(std::move(options), std::move(services))) {}

Router::~Router() {
  if (core_->is_stopped()) return;
  core_->shard().post([core = core_] { core->drop_everything(); });
}

void Router::start() {
  core_->shard().post([core = core_] { core->begin(); });
}

void Router::apply(RouterOptions options) {
  core_->shard().post([core = core_, options = std::move(options)]() mutable { core->apply(std::move(options)); });
}

void Router::stop() {
  core_->shard().post([core = core_] { core->drain(); });
  if (!core_->wait_stopped()) log::warn("router", "some upstreams did not stop in time");
}

std::vector<UpstreamStatus> Router::status() const { return core_->status(); }

}  // namespace pharos::router
