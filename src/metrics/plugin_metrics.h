// What the write-policy plugin counts. asked = answers + unanswered, once nothing waits. Default-made handles count
// into nothing.
#pragma once

#include <array>
#include <cstddef>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

struct PluginMetrics {
  enum class Answer : std::size_t { accept, reject, shadow_reject };
  static constexpr std::array<const char*, 3> kAnswerLabels{"accept", "reject", "shadow_reject"};
  // Why an event was decided by plugin.on_failure.
  enum class Unanswered : std::size_t {
    timeout,
    down,  // it ended, was ended, or starts again after a while
    full,  // too many waited
  };
  static constexpr std::array<const char*, 3> kUnansweredLabels{"timeout", "down", "full"};
  // Why a process was ended, or found to have ended.
  enum class Ended : std::size_t {
    exit,     // by itself
    silent,   // no answer in time
    garbage,  // no lines of the protocol
    reload,   // for a new command or a changed file
    start,    // it could not be started
  };
  static constexpr std::array<const char*, 5> kEndedLabels{"exit", "silent", "garbage", "reload", "start"};

  Counter asked;
  std::array<Counter, kAnswerLabels.size()> answers;
  std::array<Counter, kUnansweredLabels.size()> unanswered;
  std::array<Counter, kEndedLabels.size()> ended;
  Counter bad_lines;
  Counter late_answers;
  Gauge up;
  Gauge in_flight;
  Gauge waiting;           // queue_depth{queue="plugin"}
  Gauge waiting_capacity;  // queue_capacity{queue="plugin"}
  Histogram seconds;

  const Counter& of(Answer answer) const { return answers[static_cast<std::size_t>(answer)]; }
  const Counter& of(Unanswered why) const { return unanswered[static_cast<std::size_t>(why)]; }
  const Counter& of(Ended why) const { return ended[static_cast<std::size_t>(why)]; }
};

PluginMetrics make_plugin_metrics(Registry& registry);

}  // namespace pharos::metrics
