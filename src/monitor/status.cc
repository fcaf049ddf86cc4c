#include "monitor/status.h"

#include "monitor/report.h"
#include "nostr/json_write.h"

namespace pharos::monitor {
namespace {

// Members of one object in order; closes it at the end of its life.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  template <class Number>
  void number(std::string_view name, Number value) {
    append_json_integer(key(name), static_cast<std::int64_t>(value));
  }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

 private:
  std::string& out_;
  bool first_ = true;
};

std::string_view name_of(TargetSource source) {
  switch (source) {
    case TargetSource::settings:
      return "settings";
    case TargetSource::file:
      return "file";
    case TargetSource::discovered:
      break;
  }
  return "discovered";
}

std::string_view name_of(const Target& target) {
  if (target.ignored) return "ignored";
  switch (target.state.liveness) {
    case Liveness::online:
      return "online";
    case Liveness::offline:
      return "offline";
    case Liveness::unknown:
      break;
  }
  return "unknown";
}

void append_target(std::string& out, const Target& target) {
  Object object(out);
  object.text("url", target.url.text());
  object.text("network", name(target.url.network()));
  object.text("source", name_of(target.state.source));
  object.text("state", name_of(target));
  object.number("failures", target.state.failures);
  object.number("checked_at_ms", target.state.checked_unix_ms);
  object.number("online_at_ms", target.state.online_unix_ms);
  object.number("due_at_ms", target.state.due_unix_ms);
  Object checks(object.key("checks"));
  for (const Check which : kChecks) {
    const CheckSummary& check = target.last[static_cast<std::size_t>(which)];
    if (check.outcome == Outcome::skipped) continue;
    Object one(checks.key(name(which)));
    one.text("outcome", name(check.outcome));
    one.number("ms", check.rtt_ms);
    if (check.fault != Fault::none) one.text("fault", name(check.fault));
  }
}

void append_relay(std::string& out, const PublishRelayStatus& relay) {
  Object object(out);
  object.text("url", relay.url);
  object.text("state", relay.state);
  object.number("waiting", relay.waiting);
  object.number("in_flight", relay.in_flight);
  object.number("accepted", relay.totals.accepted);
  object.number("rejected", relay.totals.rejected);
  object.number("failed", relay.totals.failed);
  object.number("dropped", relay.totals.dropped);
  object.number("last_latency_ms", relay.last_latency.count());
  object.text("last_error", relay.last_error);
}

void append_counts(std::string& out, const TargetBook& book) {
  Object networks(out);
  for (std::size_t i = 0; i < kNetworks; ++i) {
    const TargetBook::Counts& counts = book.counts()[i];
    Object one(networks.key(name(static_cast<Network>(i))));
    one.number("online", counts.online);
    one.number("offline", counts.offline);
    one.number("unknown", counts.unknown);
    one.number("ignored", counts.ignored);
  }
}

}  // namespace

std::string status_to_json(const StatusView& view) {
  std::string out;
  {
    Object root(out);
    root.text("pubkey", view.public_key);
    root.number("now_ms", view.now_unix_ms);
    root.number("period_ms", view.period_ms);
    root.number("full_cycle_at_ms", view.full_cycle_unix_ms);
    root.flag("own_outage", view.own_outage);
    root.number("in_flight", view.in_flight);
    root.number("overdue", view.overdue);
    root.number("own_store_waiting", view.own_store_waiting);
    root.number("target_count", view.book->size());
    append_counts(root.key("networks"), *view.book);

    root.key("publish_relays") += '[';
    bool first = true;
    const auto separate = [&] {
      if (!first) out += ',';
      first = false;
    };
    for (const PublishRelayStatus& relay : view.publish_relays) {
      separate();
      append_relay(out, relay);
    }
    out += ']';

    root.key("recent") += '[';
    first = true;
    for (const RecentProbe& probe : *view.recent) {
      separate();
      Object one(out);
      one.text("url", probe.url);
      one.number("at_ms", probe.at_unix_ms);
      one.flag("online", probe.online);
      one.flag("judged", probe.judged);
      one.key("checks") += '{';
      append_checks(out, probe.result);
      out += '}';
    }
    out += ']';

    root.key("refused_targets") += '[';
    first = true;
    for (const RefusedTarget& refused : *view.refused) {
      separate();
      Object one(out);
      one.text("target", refused.text);
      one.text("reason", refused.reason);
    }
    out += ']';
    root.number("refused_targets_omitted", view.refused_omitted);

    root.key("targets") += '[';
    first = true;
    std::size_t listed = 0;
    view.book->for_each([&](TargetId, const Target& target) {
      if (listed == view.max_targets_listed) return;
      ++listed;
      separate();
      append_target(out, target);
    });
    out += ']';
    root.number("targets_omitted", view.book->size() - listed);
  }
  return out;
}

}  // namespace pharos::monitor
