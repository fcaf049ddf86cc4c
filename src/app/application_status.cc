// What a running instance tells of itself.

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>

#include "app/application.h"
#include "metrics/plugin_metrics.h"
#include "nostr/nip19.h"
#include "storage/info.h"
#include "storage/snapshot.h"

namespace pharos::app {
namespace {

constexpr std::array<const char*, 3> kMembersOnly{"off", "write", "read_write"};  // by ingest::MembersOnly

// Of keys, those that stand on both lists once.
template <class Stored, class Fixed>
std::size_t union_size(const Stored& stored, const Fixed& fixed) {
  return stored.size() +
         static_cast<std::size_t>(std::ranges::count_if(fixed, [&](const auto& key) { return !stored.contains(key); }));
}

// Single ones and ranges, each kind once.
std::size_t kinds_of(const std::map<Kind, std::string>& single, const std::vector<ingest::KindRange>& ranges) {
  std::bitset<std::numeric_limits<Kind>::max() + 1> kinds;
  for (const auto& [kind, reason] : single) kinds.set(kind);
  for (const ingest::KindRange& range : ranges) {
    for (std::size_t kind = range.first; kind <= range.last; ++kind) kinds.set(kind);
  }
  return kinds.count();
}

void count_access(InstanceStatus& now, const ingest::AccessRules& rules) {
  const ingest::AccessLists& lists = rules.lists();
  const ingest::FixedAccess& fixed = rules.fixed();
  now.banned_pubkeys = union_size(lists.banned_pubkeys, fixed.denied_pubkeys);
  now.banned_events = lists.banned_events.size();
  now.blocked_addresses = lists.blocked.size() + fixed.denied_addresses.size();
  now.denied_kinds = kinds_of(lists.denied_kinds, fixed.denied_kinds);
  now.allowed_pubkeys = union_size(lists.allowed_pubkeys, fixed.allowed_pubkeys);
  now.allowed_events = lists.allowed_events.size();
  now.allowed_kinds = kinds_of(lists.allowed_kinds, fixed.allowed_kinds);
  now.members_only = kMembersOnly[static_cast<std::size_t>(fixed.members_only)];
}

std::vector<std::string> managed(const ingest::AccessLists& lists) {
  std::vector<std::string> keys;
  if (lists.name) keys.emplace_back("relay.name");
  if (lists.description) keys.emplace_back("relay.description");
  if (lists.icon) keys.emplace_back("relay.icon");
  return keys;
}

}  // namespace

InstanceStatus Application::status() {
  using metrics::MetricId;
  InstanceStatus now;
  now.version = PHAROS_VERSION;
  now.started = started_;
  now.now = clock_.unix_now();
  now.problem = unhealthy();
  if (now.problem.empty()) now.problem = unready();
  now.relay_addresses = relay_->addresses();
  now.admin_address = serving_ ? admin_->address() : options_.admin.listen;
  now.npub = encode_npub(identity_->pubkey);
  now.directory = options_.store.directory.string();
  now.settings = *settings_state_.get();
  now.policy_up = registry_.gauge(MetricId::plugin_up).value() != 0;
  now.policy_asked = registry_.counter(MetricId::plugin_asked_total).value();
  using Plugin = metrics::PluginMetrics;
  for (const char* why : Plugin::kUnansweredLabels)
    now.policy_unanswered += registry_.counter(MetricId::plugin_unanswered_total, {why}).value();
  for (const Plugin::Ended why :
       {Plugin::Ended::exit, Plugin::Ended::silent, Plugin::Ended::garbage, Plugin::Ended::start})
    now.policy_faults +=
        registry_.counter(MetricId::plugin_ended_total, {Plugin::kEndedLabels[static_cast<std::size_t>(why)]}).value();
  if (const auto snapshot = store_->snapshot()) {
    const auto info = storage::read_info(snapshot.value().txn(), store_->tables());
    now.events = info.events;
    now.logged_events = storage::logged_events(snapshot.value());
    now.database_bytes = info.used_bytes;
    now.free_bytes = info.free_page_bytes;
    now.database_map_bytes = info.map_size_bytes;
  }
  now.last_seq = store_->last_seq();
  if (const auto words = store_->word_index()) now.search_left = words->left();
  now.retention_waiting = retention_->waiting();
  now.connections = registry_.gauge(MetricId::connections, {"relay"}).value();
  now.authenticated_connections = registry_.gauge(MetricId::authenticated_connections).value();
  now.subscriptions = registry_.gauge(MetricId::subscriptions).value();
  for (const char* queue : {"ingest", "writer", "merger", "query", "fanout", "access"}) {
    now.queues.push_back({queue, registry_.gauge(MetricId::queue_depth, {queue}).value(),
                          registry_.gauge(MetricId::queue_capacity, {queue}).value()});
  }
  now.queues.push_back(
      {"workers", static_cast<std::int64_t>(pool_->queue_depth()), static_cast<std::int64_t>(pool_->queue_capacity())});
  for (const router::UpstreamStatus& upstream : router_->status()) {
    ++now.upstreams;
    if (upstream.connected_since != 0) ++now.upstreams_live;
    const bool is_wanted = upstream.state != router::UpstreamState::disabled;
    if (is_wanted && upstream.connected_since == 0 && !upstream.last_error.empty()) ++now.upstreams_failing;
    if (std::string trouble = router::trouble(upstream); !trouble.empty())
      now.upstream_troubles.emplace_back(upstream.name, std::move(trouble));
  }
  now.monitoring = monitor_ != nullptr;
  now.probes_running = registry_.gauge(MetricId::monitor_inflight).value();
  now.targets_overdue = registry_.gauge(MetricId::monitor_overdue_targets).value();
  const auto rules = moderation_->rules()->get();
  count_access(now, *rules);
  now.managed = managed(rules->lists());
  return now;
}

}  // namespace pharos::app
