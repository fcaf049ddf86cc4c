#include "monitor/target_book.h"

#include <iterator>

namespace pharos::monitor {

std::string_view describe(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "taken in";
    case Refusal::known:
      return "known already";
    case Refusal::opted_out:
      return "on the opt-out list";
    case Refusal::not_public:
      return "not a public host (monitor.allow_private_addresses is false)";
    case Refusal::too_many_paths:
      return "too many paths on this host";
    case Refusal::full:
      return "more than monitor.max_targets";
  }
  return "";
}

TargetBook::TargetBook(const MonitorOptions& options, OptOut opt_out)
    : max_targets_(options.max_targets),
      max_paths_per_host_(options.max_paths_per_host),
      allow_private_(options.probe.allow_private_addresses),
      tor_(!options.probe.socks5_proxy.empty()),
      opt_out_(std::move(opt_out)) {}

Refusal TargetBook::judge_candidate(const RelayUrl& url, TargetSource source) const {
  if (opt_out_.covers(url)) return Refusal::opted_out;
  const bool overlay = url.network() != Network::clearnet;
  if (!overlay && !allow_private_ && !is_public_host(url.host())) return Refusal::not_public;
  const auto paths = paths_.find(url.host());
  if (source == TargetSource::discovered && paths != paths_.end() && paths->second >= max_paths_per_host_)
    return Refusal::too_many_paths;
  return Refusal::none;
}

std::optional<TargetId> TargetBook::victim_for(TargetSource source) const {
  if (discovered_.empty()) return std::nullopt;
  const Worth& least = *discovered_.rbegin();
  if (source != TargetSource::discovered) return least.id;
  if (least.tier == Worth::Tier::never_opened && least.failures >= kEvictAfter) return least.id;
  const auto never_opened = discovered_.lower_bound({Worth::Tier::never_opened, 0, 0});
  if (never_opened == discovered_.begin()) return std::nullopt;
  const Worth& gone = *std::prev(never_opened);
  if (gone.tier == Worth::Tier::was_online && gone.failures >= kForgetAfter) return gone.id;
  return std::nullopt;
}

TargetBook::Admission TargetBook::admit(const RelayUrl& url, TargetSource source, std::int64_t unix_ms) {
  if (const auto it = by_url_.find(url.text()); it != by_url_.end()) {
    Target& target = targets_.at(it->second);
    if (source > target.state.source) {
      leave(it->second, target);
      target.state.source = source;
      enter(it->second, target);
    }
    return {Refusal::known, it->second, std::nullopt};
  }
  TargetState state;
  state.url = url.text();
  state.source = source;
  state.first_seen_unix_ms = unix_ms;
  return insert(url, std::move(state));
}

TargetBook::Admission TargetBook::restore(const TargetState& state) {
  auto url = RelayUrl::parse(state.url);
  if (!url || url.value().text() != state.url) return {Refusal::not_public, 0, std::nullopt};
  if (const auto it = by_url_.find(state.url); it != by_url_.end()) return {Refusal::known, it->second, std::nullopt};
  return insert(url.value(), state);
}

TargetBook::Admission TargetBook::insert(const RelayUrl& url, TargetState state) {
  Admission out;
  out.refusal = judge_candidate(url, state.source);
  if (out.refusal != Refusal::none) return out;
  if (targets_.size() >= max_targets_) {
    out.displaced = victim_for(state.source);
    if (!out.displaced) {
      out.refusal = Refusal::full;
      return out;
    }
  }
  out.id = next_id_++;
  Target target{url, std::move(state), !has_route(url.network(), tor_), {}};
  const auto it = targets_.emplace(out.id, std::move(target)).first;
  by_url_.emplace(url.text(), out.id);
  ++paths_[url.host()];
  enter(out.id, it->second);
  return out;
}

void TargetBook::erase(TargetId id) {
  const auto it = targets_.find(id);
  if (it == targets_.end()) return;
  leave(id, it->second);
  by_url_.erase(it->second.url.text());
  const auto paths = paths_.find(it->second.url.host());
  if (--paths->second == 0) paths_.erase(paths);
  targets_.erase(it);
}

Target* TargetBook::find(TargetId id) {
  const auto it = targets_.find(id);
  return it == targets_.end() ? nullptr : &it->second;
}
const Target* TargetBook::find(TargetId id) const { return const_cast<TargetBook*>(this)->find(id); }

std::size_t& TargetBook::count_of(const Target& target) {
  Counts& counts = counts_[static_cast<std::size_t>(target.url.network())];
  if (target.ignored) return counts.ignored;
  switch (target.state.liveness) {
    case Liveness::online:
      return counts.online;
    case Liveness::offline:
      return counts.offline;
    case Liveness::unknown:
      break;
  }
  return counts.unknown;
}

TargetBook::Worth TargetBook::worth(TargetId id, const Target& target) {
  const TargetState& state = target.state;
  auto tier = Worth::Tier::was_online;
  if (state.online_unix_ms == 0) tier = Worth::Tier::never_opened;
  if (state.liveness == Liveness::online) tier = Worth::Tier::online;
  return {tier, state.failures, id};
}

void TargetBook::leave(TargetId id, const Target& target) {
  --count_of(target);
  if (target.state.source == TargetSource::discovered) discovered_.erase(worth(id, target));
}
void TargetBook::enter(TargetId id, const Target& target) {
  ++count_of(target);
  if (target.state.source == TargetSource::discovered) discovered_.insert(worth(id, target));
}

bool TargetBook::judge(TargetId id, bool opened, std::int64_t unix_ms) {
  Target* target = find(id);
  if (target == nullptr) return false;
  leave(id, *target);
  TargetState& state = target->state;
  const Liveness before = state.liveness;
  state.checked_unix_ms = unix_ms;
  if (opened) {
    state.liveness = Liveness::online;
    state.failures = 0;
    state.online_unix_ms = unix_ms;
  } else {
    state.liveness = Liveness::offline;
    ++state.failures;
  }
  enter(id, *target);
  return before != state.liveness;
}

void TargetBook::forgive(TargetId id) {
  Target* target = find(id);
  if (target == nullptr) return;
  leave(id, *target);
  target->state.liveness = Liveness::online;
  target->state.failures = 0;
  enter(id, *target);
}

void TargetBook::for_each(const std::function<void(TargetId, const Target&)>& visit) const {
  for (const auto& [id, target] : targets_) visit(id, target);
}

}  // namespace pharos::monitor
