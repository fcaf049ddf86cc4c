#include "monitor/watch.h"

#include <algorithm>
#include <utility>

#include "monitor/nip66.h"
#include "monitor/tally.h"
#include "monitor/target_file.h"
#include "nostr/kind.h"
#include "util/log.h"
#include "util/printable.h"

namespace pharos::monitor {
namespace {

constexpr std::size_t kRecentProbes = 50;
constexpr std::size_t kLateShare = 10;  // one in so many that are late is worth a word

// FNV-1a: the place of a URL in the period must be the same in every run.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1'099'511'628'211ULL;
  }
  return hash ^ (hash >> 32U);
}

OptOut opt_out_of(const MonitorOptions& options) {
  std::vector<std::string> bad;
  OptOut out(options.opt_out, &bad);
  for (const std::string& entry : bad)
    log::warn("monitor", "an opt-out entry is neither a relay URL nor a host name", {{"entry", printable(entry)}});
  return out;
}

MonitorOptions with_reachable_publish_relays(MonitorOptions options) {
  std::erase_if(options.publish.relays, [&](const RelayUrl& url) {
    if (has_route(url.network(), !options.probe.socks5_proxy.empty())) return false;
    log::warn("monitor", "a publish relay is left out: no way into its network without a proxy",
              {{"relay", url.text()}});
    return true;
  });
  return options;
}

void log_if_lost(bool durable) {
  if (!durable) log::warn("monitor", "a probe result could not be stored");
}

}  // namespace

Watch::Watch(const MonitorOptions& options, const SecretKey& secret, const MonitorDependencies& dependencies,
             std::function<void(std::string)> on_status)
    : options_(with_reachable_publish_relays(options)),
      shard_(dependencies.shard),
      clock_(dependencies.clock),
      metrics_(std::make_shared<const metrics::MonitorMetrics>(dependencies.metrics)),
      on_status_(std::move(on_status)),
      book_(options, opt_out_of(options)),
      schedule_(options.schedule, options.probe.check_nip11 ? 2U : 1U, dependencies.random),
      guards_{OutageGuard(options.outage), OutageGuard(options.outage), OutageGuard(options.outage),
              OutageGuard(options.outage)},
      results_(dependencies.store, options.history_per_target),
      publisher_(secret, options_.publish, options.probe, shard_, dependencies.store, dependencies.sink, clock_,
                 dependencies.random, metrics_),
      discovery_(options.discovery, shard_, dependencies.store, clock_, publisher_.public_key(),
                 [this](const RelayUrl& url) { admit(url, TargetSource::discovered); }),
      wake_timer_(shard_),
      announce_timer_(shard_),
      status_timer_(shard_) {}

void Watch::begin() {
  metrics_->check_frequency_seconds.set(std::chrono::ceil<std::chrono::seconds>(options_.schedule.period).count());
  warn_of_settings();
  take_in_targets();
  if (options_.discovery.from_store) discovery_.start();
  announce();
  pump();
  tick();
}

// --- targets

std::vector<RelayUrl> Watch::targets_of_settings() {
  std::vector<RelayUrl> out;
  for (const std::string& text : options_.targets) {
    if (auto url = RelayUrl::parse(text))
      out.push_back(std::move(url).value());
    else
      refuse(text, describe(url.error()));
  }
  return out;
}

std::vector<RelayUrl> Watch::targets_of_file() const {
  if (options_.targets_file.empty()) return {};
  auto file = read_target_file(options_.targets_file);
  if (!file) {
    log::error("monitor", "the file of targets cannot be read", {{"reason", file.error()}});
    return {};
  }
  for (const std::string& error : file.value().errors) log::warn("monitor", "skipped a line", {{"at", error}});
  if (file.value().bad_lines > file.value().errors.size())
    log::warn("monitor", "skipped more lines", {{"lines", file.value().bad_lines - file.value().errors.size()}});
  return std::move(file.value().urls);
}

void Watch::take_in_targets() {
  const std::vector<RelayUrl> settings = targets_of_settings();
  const std::vector<RelayUrl> file = targets_of_file();
  restore(settings, file);
  for (const RelayUrl& url : settings) admit(url, TargetSource::settings);
  for (const RelayUrl& url : file) admit(url, TargetSource::file);
}

void Watch::restore(const std::vector<RelayUrl>& settings, const std::vector<RelayUrl>& file) {
  auto loaded = results_.load(2 * options_.max_targets);
  if (!loaded) {
    log::error("monitor", "cannot read what is remembered of the targets", {{"reason", loaded.error().detail}});
    return;
  }
  if (loaded.value().unreadable > 0)
    log::warn("monitor", "records of targets do not decode", {{"records", loaded.value().unreadable}});

  std::unordered_map<std::string, TargetSource> named;
  for (const RelayUrl& url : file) named[url.text()] = TargetSource::file;
  for (const RelayUrl& url : settings) named[url.text()] = TargetSource::settings;
  for (auto& [state, last] : loaded.value().targets) {
    // Who names a relay today counts, not who did before.
    const auto it = named.find(state.url);
    const bool wanted =
        it != named.end() || (state.source == TargetSource::discovered && options_.discovery.from_store);
    state.source = it != named.end() ? it->second : TargetSource::discovered;
    const auto admission = wanted ? book_.restore(state) : TargetBook::Admission{Refusal::full, 0, std::nullopt};
    if (admission.displaced) drop(*admission.displaced);
    if (admission.refusal != Refusal::none) {
      forget(state);
      continue;
    }
    if (last) book_.find(admission.id)->last = summarize(*last);
    add_to_schedule(admission.id);
  }
}

void Watch::admit(const RelayUrl& url, TargetSource source) {
  const auto admission = book_.admit(url, source, clock_.unix_milliseconds());
  if (admission.displaced) drop(*admission.displaced);
  if (admission.refusal == Refusal::none) {
    add_to_schedule(admission.id);
    changed_ = true;
    pump();
    return;
  }
  if (source != TargetSource::discovered && admission.refusal != Refusal::known)
    refuse(url.text(), describe(admission.refusal));
}

void Watch::refuse(std::string_view target, std::string_view reason) {
  const std::string text = printable(target);
  log::warn("monitor", "a target is not watched", {{"target", text}, {"reason", reason}});
  if (refused_.size() < options_.status_targets)
    refused_.push_back({text, std::string(reason)});
  else
    ++refused_omitted_;
}

void Watch::add_to_schedule(TargetId id) {
  const Target& target = *book_.find(id);
  if (target.ignored) return;
  std::optional<std::chrono::milliseconds> due_in;
  if (target.state.checked_unix_ms != 0)
    due_in = std::chrono::milliseconds(target.state.due_unix_ms - clock_.unix_milliseconds());
  // A due time that lies further ahead than any delay was noted under a clock that ran ahead.
  if (due_in > schedule_.longest_delay(target.state.failures)) due_in.reset();
  const bool named = target.state.source != TargetSource::discovered;
  schedule_.add({id, target.url.host(), target.url.network(), hash_of(target.url.text()), named}, due_in, clock_.now());
}

void Watch::drop(TargetId id) {
  if (const Target* target = book_.find(id)) {
    if (target->state.next_result > 0) forget(target->state);
    guard_of(*target).forget(id);
  }
  schedule_.remove(id);
  probes_.erase(id);
  book_.erase(id);
}

void Watch::forget(const TargetState& state) {
  if (!results_.forget(state, log_if_lost))
    log::warn("monitor", "the store is busy: what is known of a target stays until the next start",
              {{"target", state.url}});
}

// --- probing

void Watch::pump() {
  const SteadyTime now = clock_.now();
  for (const TargetId id : schedule_.take_due(now)) begin_probe(id);
  metrics_->inflight.set(static_cast<std::int64_t>(schedule_.in_flight()));
  if (const auto wake = schedule_.wake_at(now)) {
    const auto delay =
        std::max(std::chrono::ceil<std::chrono::milliseconds>(*wake - now), std::chrono::milliseconds(1));
    wake_timer_.arm(delay, [this] { pump(); });
  } else {
    wake_timer_.cancel();
  }
}

void Watch::begin_probe(TargetId id) {
  auto done = [this, id](ProbeResult result) {
    // The probe is still on the stack; its end and the next step come from the loop.
    shard_.post([weak = weak_from_this(), id, shared = std::make_shared<ProbeResult>(std::move(result))] {
      if (const auto self = weak.lock()) self->on_result(id, std::move(*shared));
    });
  };
  probes_.insert_or_assign(id, Probe(shard_, book_.find(id)->url, options_.probe, publisher_, clock_, std::move(done)));
}

void Watch::on_result(TargetId id, ProbeResult result) {
  if (probes_.erase(id) == 0) return;
  Target* target = book_.find(id);
  if (target == nullptr) return;
  changed_ = true;
  count_probe(*metrics_, result);

  if (!result.is_evidence()) {
    remember(id, result, false, false);
    withheld(id, *target);
    pump();
    return;
  }

  const std::string_view network = name(target->url.network());
  const auto ruling = guard_of(*target).observe(id, target->url.host(), target->state.liveness == Liveness::online,
                                                result.open.ok(), clock_.now());
  if (ruling.began) {
    log::warn("monitor", "most relays fail at once: our own network seems down, nothing is judged",
              {{"network", network}});
    forgive(ruling.forgive);
  }
  if (ruling.ended) log::info("monitor", "relays answer, failures are judged again", {{"network", network}});
  if (ruling.began || ruling.ended) metrics_->own_outage.set(own_outage() ? 1 : 0);
  const bool online = result.is_relay();
  remember(id, result, ruling.judge, online);
  if (ruling.judge)
    judged(id, *target, result, online);
  else
    withheld(id, *target);
  pump();
}

OutageGuard& Watch::guard_of(const Target& target) { return guards_[static_cast<std::size_t>(target.url.network())]; }

bool Watch::own_outage() const { return std::ranges::any_of(guards_, &OutageGuard::outage); }

void Watch::judged(TargetId id, Target& target, ProbeResult& result, bool online) {
  const bool was_known = target.state.liveness != Liveness::unknown;
  const std::int64_t now_ms = clock_.unix_milliseconds();
  if (book_.judge(id, online, now_ms) && (online || was_known)) metrics_->transitions[online ? 0 : 1].add();
  const auto delay = schedule_.finished(id, target.state.failures, clock_.now(), now_ms);
  target.state.due_unix_ms = now_ms + delay.count();
  target.last = summarize(result);
  if (!results_.record(target.state, result, log_if_lost))
    log::warn("monitor", "the store is busy: a probe result is not kept", {{"target", target.url.text()}});
  if (!online) return;

  publisher_.publish(build_discovery(target.url, result, options_.max_published_nip11_bytes));
}

void Watch::withheld(TargetId id, Target& target) {
  const auto delay = schedule_.postpone(id, options_.outage.retry, clock_.now());
  target.state.due_unix_ms = clock_.unix_milliseconds() + delay.count();
}

void Watch::forgive(const std::vector<TargetId>& ids) {
  for (const TargetId id : ids) {
    Target* target = book_.find(id);
    if (target == nullptr) continue;
    book_.forgive(id);
    schedule_.hasten(id, options_.outage.retry, clock_.now());
    results_.save(target->state, log_if_lost);
  }
}

void Watch::remember(TargetId id, const ProbeResult& result, bool was_judged, bool online) {
  RecentProbe probe;
  probe.url = book_.find(id)->url.text();
  probe.at_unix_ms = result.started_unix_ms;
  probe.judged = was_judged;
  probe.online = online;
  probe.result = result;
  probe.result.nip11_document.clear();
  recent_.push_front(std::move(probe));
  if (recent_.size() > kRecentProbes) recent_.pop_back();
}

// --- publishing and telling

void Watch::warn_of_settings() const {
  if (options_.announce.own_url.empty() && options_.publish.relays.empty())
    log::warn("monitor",
              "no relay list (kind 10002) is published: without relay.url and monitor.publish_relays nobody learns "
              "where the monitor's events can be read");
}

void Watch::announce() {
  AnnouncementFacts facts;
  facts.frequency = options_.schedule.period;
  facts.timeouts = options_.probe.timeouts;
  facts.checks = {Check::open, Check::read};
  if (options_.probe.check_write) facts.checks.push_back(Check::write);
  if (options_.probe.check_nip11) facts.checks.push_back(Check::nip11);
  if (options_.probe.answer_auth) facts.checks.push_back(Check::auth);
  facts.geohash = options_.geohash;
  publisher_.publish(build_announcement(facts));

  publisher_.restate(build_profile(options_.announce.name, options_.announce.about));
  std::string own_url;
  if (auto own = RelayUrl::parse(options_.announce.own_url)) own_url = own.value().text();
  // An empty list would say that the monitor can be read nowhere.
  if (!own_url.empty() || !options_.publish.relays.empty())
    publisher_.restate(build_relay_list(own_url, options_.publish.relays));
  announce_timer_.arm(options_.announce.period, [this] { announce(); });
}

// Every relay that is online was checked since then; now, when none is.
std::int64_t Watch::full_cycle_unix_ms() const {
  std::int64_t oldest = clock_.unix_milliseconds();
  book_.for_each([&](TargetId, const Target& target) {
    if (target.state.liveness == Liveness::online) oldest = std::min(oldest, target.state.checked_unix_ms);
  });
  return oldest;
}

void Watch::tick() {
  const std::size_t overdue = schedule_.overdue(clock_.now());
  metrics_->overdue_targets.set(static_cast<std::int64_t>(overdue));
  // Told once, until all targets are on time again.
  if (overdue == 0) told_of_lateness_ = false;
  if (overdue > book_.size() / kLateShare && !std::exchange(told_of_lateness_, true))
    log::warn("monitor", "more targets than the pace allows: many are probed less often than announced",
              {{"targets", book_.size()}, {"overdue", overdue}});
  if (changed_) {
    changed_ = false;
    const std::int64_t full_cycle = full_cycle_unix_ms();
    metrics_->last_full_cycle_timestamp_seconds.set(full_cycle / 1000);
    set_target_gauges(*metrics_, book_);

    StatusView view;
    view.public_key = publisher_.public_key().hex();
    view.now_unix_ms = clock_.unix_milliseconds();
    view.period_ms = options_.schedule.period.count();
    view.full_cycle_unix_ms = full_cycle;
    view.own_outage = own_outage();
    view.in_flight = schedule_.in_flight();
    view.overdue = overdue;
    view.own_store_waiting = publisher_.waiting();
    view.max_targets_listed = options_.status_targets;
    view.book = &book_;
    view.refused = &refused_;
    view.refused_omitted = refused_omitted_;
    view.publish_relays = publisher_.relays();
    view.recent = &recent_;
    on_status_(status_to_json(view));
  }
  status_timer_.arm(options_.status_every, [this] { tick(); });
}

}  // namespace pharos::monitor
