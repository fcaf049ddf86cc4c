// The conversation with a write-policy plugin, without processes or threads: what is asked, what was given and waits
// for its answer, and when the process is started, ended and started again. The driver (plugin.h) carries the actions
// out in order and tells what came of them.
//
//   off -> running -> ending -> resting -> running         ended for a fault, or by itself: rests first
//              '----> draining -> ending -> running        for a new command or file: what was given is answered first
//
// Answers are matched by id and may come in any order. While it rests or a faulty one is being ended every event is
// decided at once by accept_on_failure; while it starts or is exchanged events wait. A line that is no answer is
// counted and passed over, as plugins print this and that; many in a row are a fault. An event without an answer in
// time is decided by accept_on_failure; when nothing at all came since it was given, that is a fault.
//
// One thread. Bounded by queue_capacity and max_in_flight; lines by kMaxLine.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ingest/plugin_options.h"
#include "ingest/policy.h"
#include "metrics/plugin_metrics.h"
#include "nostr/plugin_message.h"
#include "util/backoff.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::ingest {

namespace plugin_action {
// Start options().command: on_ended() if that fails.
struct Start {};
// End the process: on_ended() once it is gone.
struct End {
  std::string why;
  bool is_fault;
};
struct Settle {
  PolicyQuestion question;
  PolicyDecision decision;
};
// For the log.
struct BadLine {
  std::string why;
  std::string line;
};
}  // namespace plugin_action
using PluginActions =
    std::vector<std::variant<plugin_action::Start, plugin_action::End, plugin_action::Settle, plugin_action::BadLine>>;

class PluginFsm {
 public:
  static constexpr std::size_t kMaxLine = 64 * 1024;
  static constexpr std::size_t kMaxBadLines = 1000;  // without an answer between them
  // An answering process that has lived so long is no failing start.
  static constexpr std::chrono::seconds kProven{10};

  PluginFsm(const Clock& clock, Random& random, const metrics::PluginMetrics& metrics);

  // Those with actions append to out.
  void configure(const PluginOptions& options, PluginActions& out);
  void ask(PolicyQuestion&& question, PluginActions& out);
  void on_output(std::string_view bytes, PluginActions& out);
  // It closed its output or its input: it has ended, or is as good as that.
  void on_closed(PluginActions& out);
  void on_ended(PluginActions& out);
  // The file that the command names is another one now.
  void on_file_changed(PluginActions& out);
  // At next_deadline(), or any time.
  void on_time(PluginActions& out);
  // Ends it for good; what is asked is settled, now and later.
  void stop(PluginActions& out);

  bool has_line() const {
    return state_ == State::running && !waiting_.empty() && given_.size() < options_.max_in_flight;
  }
  // The line of the next event, which counts as given now; false when has_line() is.
  bool take_line(std::string& line);
  std::optional<SteadyTime> next_deadline() const;

  const PluginOptions& options() const { return options_; }
  bool is_ending() const { return state_ == State::ending; }
  bool is_stopped() const { return state_ == State::stopped; }

 private:
  using Ended = metrics::PluginMetrics::Ended;
  using Unanswered = metrics::PluginMetrics::Unanswered;
  enum class State { off, running, draining, ending, resting, stopped };
  struct Asked {
    PolicyQuestion question;
    SteadyTime since;  // asked, then given
    UnixSeconds received_at;
  };

  bool talks() const { return state_ == State::running || state_ == State::draining; }
  bool is_down() const {
    const State state = state_ == State::ending ? then_ : state_;
    return state == State::resting || state == State::stopped;
  }

  void start(PluginActions& out);
  void end(Ended counted, std::string why, State then, PluginActions& out);
  void end_when_drained(PluginActions& out);
  void fault(Ended counted, std::string why, PluginActions& out);
  void rest();
  void on_line(std::string_view line, PluginActions& out);
  void on_answer(const PluginAnswer& answer, std::string_view line, PluginActions& out);
  void on_bad_line(std::string_view why, std::string_view line, PluginActions& out);
  void expire_given(PluginActions& out);
  void expire_waiting(PluginActions& out);
  // Without an answer.
  void settle(Asked&& asked, Unanswered why, PluginActions& out);
  void settle_all(PluginActions& out);
  void count();

  const Clock& clock_;
  Random& random_;
  const metrics::PluginMetrics metrics_;
  PluginOptions options_;
  State state_ = State::off;
  State then_ = State::off;  // after ending: off, resting, running or stopped
  Backoff backoff_;
  SteadyTime started_at_;
  SteadyTime heard_at_;  // an answer, a late one too
  SteadyTime resting_until_;
  std::deque<Asked> waiting_;
  std::deque<Asked> given_;       // the oldest first
  std::deque<EventId> given_up_;  // of this process, answers may still come
  std::string partial_;           // a line without its end
  std::size_t bad_lines_ = 0;
};

}  // namespace pharos::ingest
