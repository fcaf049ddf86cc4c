// The watched relays: a bounded map with the rules of admission. Pure; one thread.
//
// Overflow: when the map is full, a relay named by the operator takes the place of the least of the discovered ones:
// first of those that never opened, then of those that are offline, by failures. A discovered one only takes the place
// of what never opened in kEvictAfter attempts, or opened once and failed kForgetAfter times since. Else it is refused.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "monitor/host_rules.h"
#include "monitor/options.h"
#include "monitor/result.h"
#include "monitor/target.h"
#include "nostr/relay_url.h"

namespace pharos::monitor {

using TargetId = std::uint64_t;
inline constexpr std::uint32_t kEvictAfter = 6;
inline constexpr std::uint32_t kForgetAfter = 12;  // more than a week by the default ladder

enum class Refusal { none, known, opted_out, not_public, too_many_paths, full };
std::string_view describe(Refusal refusal);

struct Target {
  RelayUrl url;
  TargetState state;
  // No way leads there: an overlay network without a proxy. Kept, shown, never probed.
  bool ignored = false;
  ProbeSummary last{};  // of the last judged probe
};

class TargetBook {
 public:
  TargetBook(const MonitorOptions& options, OptOut opt_out);

  struct Admission {
    Refusal refusal = Refusal::none;
    TargetId id = 0;                    // of the new or the known target; 0 otherwise
    std::optional<TargetId> displaced;  // take it out of the schedule and the store, then call erase()
  };
  // A known target keeps its state; a stronger source is noted.
  Admission admit(const RelayUrl& url, TargetSource source, std::int64_t unix_ms);
  // As stored by an earlier run; refused like a new one when the rules have changed.
  Admission restore(const TargetState& state);

  Target* find(TargetId id);
  const Target* find(TargetId id) const;
  void erase(TargetId id);

  // The result of a judged probe. Returns true when the target went from offline or unknown to online or back.
  bool judge(TargetId id, bool opened, std::int64_t unix_ms);
  // Undoes a judgement that blamed the relay for our own outage.
  void forgive(TargetId id);

  std::size_t size() const { return targets_.size(); }
  struct Counts {
    std::size_t online = 0;
    std::size_t offline = 0;
    std::size_t unknown = 0;
    std::size_t ignored = 0;
  };
  const std::array<Counts, kNetworks>& counts() const { return counts_; }
  // In the order of their ids.
  void for_each(const std::function<void(TargetId, const Target&)>& visit) const;

 private:
  Refusal judge_candidate(const RelayUrl& url, TargetSource source) const;
  std::optional<TargetId> victim_for(TargetSource source) const;
  Admission insert(const RelayUrl& url, TargetState state);
  std::size_t& count_of(const Target& target);
  void leave(TargetId id, const Target& target);
  void enter(TargetId id, const Target& target);

  std::size_t max_targets_;
  std::size_t max_paths_per_host_;
  bool allow_private_;
  bool tor_;
  OptOut opt_out_;
  TargetId next_id_ = 1;
  std::map<TargetId, Target> targets_;
  std::unordered_map<std::string, TargetId> by_url_;
  std::unordered_map<std::string, std::size_t> paths_;  // per host
  struct Worth {
    enum class Tier { online, was_online, never_opened };
    Tier tier = Tier::online;
    std::uint32_t failures = 0;
    TargetId id = 0;
    friend auto operator<=>(const Worth&, const Worth&) = default;
  };
  static Worth worth(TargetId id, const Target& target);
  std::set<Worth> discovered_;  // the least worth last
  std::array<Counts, kNetworks> counts_{};
};

}  // namespace pharos::monitor
