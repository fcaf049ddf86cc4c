#include "app/plugin_trial.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nostr/plugin_message.h"
#include "nostr/schnorr.h"
#include "util/child_process.h"
#include "util/printable.h"

namespace pharos::app {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxLine = 64 * 1024;  // as the relay has it
constexpr std::size_t kShownOfAKind = 3;
constexpr std::size_t kShownOfItsLog = 20;
constexpr std::size_t kTimeoutsInARow = 3;
constexpr milliseconds kGrace{1'000};

// What a shell says by its exit code.
std::string_view hint_of(const std::string& ending) {
  if (ending == "exit code 127") return ": the shell does not find it, or its interpreter (the #! line)";
  if (ending == "exit code 126") return ": it is not executable (chmod +x)";
  return "";
}

class Trial {
 public:
  Trial(const TrialOptions& options, const std::vector<TrialEvent>& events, const Clock& clock,
        const std::function<void(const std::string&)>& say)
      : options_(options), events_(events), clock_(clock), say_(say) {}

  TrialEnd run();

 private:
  enum class Heard { answer, nothing, end };
  enum class Talk { goes_on, ended, is_useless };  // is_useless: what it answers is wrong again and again
  struct Given {
    std::size_t event;
    SteadyTime at;
  };

  Talk one_at_a_time();
  bool many_at_a_time();
  void find_out_why_it_is_silent();
  void let_it_end();

  void give(std::size_t event);
  // Until one of those in flight is answered, or until then.
  Heard listen(SteadyTime until);
  void exchange(SteadyTime until);
  void end_input();
  void take_errors(std::string_view bytes);
  bool take_line();
  void tell(const Given& given, const PluginAnswer& answer);
  bool has_ended();

  void fault(const std::string& what, const std::string& detail = {});
  double milliseconds_since(SteadyTime time) const {
    return std::chrono::duration<double, std::milli>(clock_.now() - time).count();
  }

  const TrialOptions& options_;
  const std::vector<TrialEvent>& events_;
  const Clock& clock_;
  const std::function<void(const std::string&)>& say_;
  std::unique_ptr<ChildProcess> child_;
  std::string unwritten_;
  std::string output_;
  std::string errors_;
  bool output_closed_ = false;
  bool errors_closed_ = false;
  bool input_broken_ = false;
  bool input_ended_ = false;  // by us: it may end then
  bool too_long_ = false;
  bool quiet_ = false;  // the second time the decisions are not listed
  std::deque<Given> given_;
  std::set<EventId> given_up_;
  std::set<EventId> answered_;
  std::vector<std::optional<PluginAction>> decisions_;
  std::size_t answers_ = 0;
  std::size_t wrong_lines_ = 0;
  std::size_t otherwise_ = 0;
  std::size_t log_lines_ = 0;
  std::map<std::string, std::size_t> faults_;
};

TrialEnd Trial::run() {
  auto started = ChildProcess::start(options_.words);
  if (!started) {
    fault("it cannot be started", started.error());
    return TrialEnd::unavailable;
  }
  child_ = std::move(started).value();
  decisions_.resize(events_.size());
  say_(fmt::format("one event at a time, {} in all:", events_.size()));
  const Talk talk = one_at_a_time();
  if (talk == Talk::ended || (talk == Talk::goes_on && !many_at_a_time())) return TrialEnd::unavailable;
  let_it_end();
  for (const auto& [what, times] : faults_) {
    if (times > kShownOfAKind) say_(fmt::format("wrong, {} times: {}", times, what));
  }
  if (!faults_.empty()) return TrialEnd::faulty;
  say_("sound: it keeps to the protocol");
  return TrialEnd::sound;
}

Trial::Talk Trial::one_at_a_time() {
  std::size_t unanswered = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const std::size_t wrong_before = wrong_lines_;
    give(i);
    switch (listen(clock_.now() + options_.timeout)) {
      case Heard::answer:
        unanswered = 0;
        continue;
      case Heard::end:
        return Talk::ended;
      case Heard::nothing:
        break;
    }
    if (answers_ == 0 && wrong_lines_ == 0) {
      find_out_why_it_is_silent();
      return Talk::ended;
    }
    // What is wrong with the line that came has been told, and explains why the right one did not.
    const bool is_explained = wrong_lines_ > wrong_before;
    if (!is_explained) {
      fault(fmt::format("no answer within {} ms", options_.timeout.count()),
            "to the event of kind " + std::to_string(events_[i].event.kind));
    }
    given_up_.insert(events_[i].event.id);
    given_.clear();
    if (++unanswered < kTimeoutsInARow) continue;
    if (is_explained) {
      say_(fmt::format("it is asked no further: none of the last {} events got a right answer", unanswered));
      return Talk::is_useless;
    }
    fault("it has stopped answering");
    return Talk::ended;
  }
  return Talk::goes_on;
}

bool Trial::many_at_a_time() {
  say_(fmt::format("the same, {} at a time:", std::min(options_.max_in_flight, events_.size())));
  quiet_ = true;
  answered_.clear();
  const SteadyTime start = clock_.now();
  std::size_t next = 0;
  std::size_t explained = wrong_lines_;
  while (next < events_.size() || !given_.empty()) {
    while (next < events_.size() && given_.size() < options_.max_in_flight) give(next++);
    const Heard heard = listen(given_.front().at + options_.timeout);
    if (heard == Heard::end) return false;
    if (heard == Heard::answer) continue;
    if (explained < wrong_lines_) {
      ++explained;
    } else {
      fault(fmt::format("no answer within {} ms", options_.timeout.count()),
            "with several events in flight: does it answer each line, and with that line's id?");
    }
    given_up_.insert(events_[given_.front().event].event.id);
    given_.pop_front();
  }
  const double seconds = milliseconds_since(start) / 1000;
  say_(fmt::format("  {} answers, {:.0f} a second", answered_.size(),
                   static_cast<double>(answered_.size()) / std::max(seconds, 1e-6)));
  if (otherwise_ > 0) say_(fmt::format("  note: {} were decided otherwise than the first time", otherwise_));
  return true;
}

// Nothing has come yet. What comes once its input ends was kept in a buffer.
void Trial::find_out_why_it_is_silent() {
  int unread = 0;
  ::ioctl(child_->input(), FIONREAD, &unread);
  if (unread > 0 || !unwritten_.empty()) {
    fault(fmt::format("no answer within {} ms", options_.timeout.count()),
          "it has not even read its standard input; if it takes long to start, raise plugin.timeout");
    return;
  }
  end_input();
  unwritten_.clear();
  if (listen(clock_.now() + std::min(options_.timeout, milliseconds(2'000))) == Heard::answer) {
    fault(
        "it answers only when its input ends",
        "it must write its output out after each line: print(..., flush=True) in Python, $|++ in Perl, fflush() in C");
    return;
  }
  fault(fmt::format("no answer within {} ms", options_.timeout.count()),
        "it has read the question and prints nothing: is there a line feed behind its answer?");
}

void Trial::let_it_end() {
  // An answer too many would come by now.
  listen(clock_.now() + milliseconds(100));
  end_input();
  const auto ended_within = [this](milliseconds limit) {
    const SteadyTime until = clock_.now() + limit;
    while (clock_.now() < until && !child_->has_ended()) exchange(clock_.now() + milliseconds(10));
    return child_->has_ended();
  };
  if (ended_within(kGrace)) return;
  say_("note: it goes on when its input ends; the relay sends it SIGTERM then");
  child_->signal_group(SIGTERM);
  if (!ended_within(kGrace)) say_("note: it does not heed SIGTERM either, and is killed");
}

// --- the conversation -----------------------------------------------------------------------------------------------

void Trial::give(std::size_t event) {
  const TrialEvent& one = events_[event];
  append_plugin_question(unwritten_, {one.event, clock_.unix_now(), one.source_type, one.source_info, one.authed});
  given_.push_back({event, clock_.now()});
}

Trial::Heard Trial::listen(SteadyTime until) {
  while (true) {
    const std::size_t before = answers_;
    while (take_line()) {
      if (answers_ > before) return Heard::answer;
    }
    if (too_long_ || has_ended()) return Heard::end;
    if (clock_.now() >= until) return Heard::nothing;
    exchange(until);
  }
}

void Trial::exchange(SteadyTime until) {
  std::vector<pollfd> polled;
  if (!output_closed_) polled.push_back({child_->output(), POLLIN, 0});
  if (!errors_closed_) polled.push_back({child_->errors(), POLLIN, 0});
  if (!unwritten_.empty() && !input_broken_) polled.push_back({child_->input(), POLLOUT, 0});
  const auto left = std::chrono::ceil<milliseconds>(until - clock_.now()).count();
  ::poll(polled.data(), polled.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000)));
  if (!unwritten_.empty() && !input_broken_) {
    const ssize_t n = ::write(child_->input(), unwritten_.data(), unwritten_.size());
    if (n > 0) unwritten_.erase(0, static_cast<std::size_t>(n));
    if (n < 0 && errno != EAGAIN && errno != EINTR) input_broken_ = true;
  }
  std::array<char, 64 * 1024> buffer{};
  const auto read = [&buffer](int fd, bool& closed) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n == 0) closed = true;
    return std::string_view(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  };
  if (!errors_closed_) take_errors(read(child_->errors(), errors_closed_));
  if (!output_closed_) output_ += read(child_->output(), output_closed_);
}

void Trial::end_input() {
  child_->close_input();
  input_ended_ = true;
}

void Trial::take_errors(std::string_view bytes) {
  errors_ += bytes;
  for (std::size_t end = errors_.find('\n'); end != std::string::npos; end = errors_.find('\n')) {
    if (++log_lines_ <= kShownOfItsLog) say_("  its log: " + printable(errors_.substr(0, end)));
    errors_.erase(0, end + 1);
  }
  if (errors_.size() > kMaxLine) errors_.clear();
}

// False when no whole line is there.
bool Trial::take_line() {
  const std::size_t end = output_.find('\n');
  if (std::min(end, output_.size()) > kMaxLine) {
    fault("a line of more than 64 KiB", "the relay ends a plugin that prints one");
    too_long_ = true;
    return false;
  }
  if (end == std::string::npos) return false;
  std::string line = output_.substr(0, end);
  output_.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  const auto answer = parse_plugin_answer(line);
  if (!answer) {
    ++wrong_lines_;
    fault("a line that is no answer, " + std::string(describe(answer.error())), "\"" + printable(line) + "\"");
    return true;
  }
  const auto given =
      std::ranges::find_if(given_, [&](const Given& one) { return events_[one.event].event.id == answer.value().id; });
  const std::string shown = "\"" + printable(line) + "\"";
  if (given != given_.end()) {
    tell(*given, answer.value());
    given_.erase(given);
    answered_.insert(answer.value().id);
    ++answers_;
  } else if (answered_.contains(answer.value().id)) {
    fault("a second answer to one event", shown);
  } else if (given_up_.contains(answer.value().id)) {
    fault("an answer that comes too late");
  } else {
    ++wrong_lines_;
    fault("an answer with an id that it was not asked about", shown);
  }
  return true;
}

void Trial::tell(const Given& given, const PluginAnswer& answer) {
  auto& decision = decisions_[given.event];
  if (quiet_) {
    if (decision && *decision != answer.action) ++otherwise_;
    return;
  }
  decision = answer.action;
  const TrialEvent& one = events_[given.event];
  say_(fmt::format("  {:<12} {:>8.1f} ms  kind {:<6} {} {}{}", name(answer.action), milliseconds_since(given.at),
                   one.event.kind, one.event.id.hex().substr(0, 8), one.source_type,
                   answer.message.empty() ? "" : "  \"" + printable(answer.message) + "\""));
}

bool Trial::has_ended() {
  if (!output_closed_ && !input_broken_) return false;
  if (input_ended_) return true;
  const SteadyTime until = clock_.now() + kGrace;
  while (!child_->has_ended() && clock_.now() < until) exchange(clock_.now() + milliseconds(10));
  if (child_->has_ended()) {
    fault("it has ended", child_->ending() + std::string(hint_of(child_->ending())));
  } else {
    fault("it has closed its standard input or output", "it must keep both open and go on");
  }
  return true;
}

void Trial::fault(const std::string& what, const std::string& detail) {
  if (++faults_[what] > kShownOfAKind) return;
  say_("wrong: " + what + (detail.empty() ? "" : ": " + detail));
}

}  // namespace

std::vector<TrialEvent> sample_trial_events(UnixSeconds now, Random& random) {
  const SecretKey secret = generate_secret_key(random);
  std::vector<TrialEvent> events;
  const auto add = [&](Kind kind, std::string content, TagList tags) {
    TrialEvent& one = events.emplace_back();
    one.event.kind = kind;
    one.event.created_at = now;
    one.event.content = std::move(content);
    one.event.tags = std::move(tags);
    sign_event(one.event, secret, random);
  };
  add(1, "a short note", {});
  add(1, "tonight at the casino", {});
  add(0, R"({"name":"a profile","about":"with \"quotes\""})", {});
  add(1, "two lines,\na tab\t and letters beyond ASCII: \xC3\xA4 \xE2\x80\xA8 \xF0\x9F\x8C\x8A", {{"t", "sample"}});
  std::string text;
  while (text.size() < 100'000) text += "a long text that does not fit into the buffer of a pipe; ";
  add(30023, std::move(text), {{"d", "sample"}, {"title", "A long text"}});
  add(7, "+", {{"e", std::string(64, 'a')}, {"p", std::string(64, 'b')}});
  add(20001, "ephemeral", {});
  add(5, "", {{"e", std::string(64, 'a')}});
  add(1, "from an address of IPv6", {});
  events.back().source_type = "IP6";
  events.back().source_info = "2001:db8::1";
  add(1, "from a client that authenticated", {});
  events.back().authed = events.back().event.pubkey;
  add(1, "from an upstream", {});
  events.back().source_type = "Stream";
  events.back().source_info = "wss://upstream.example.com/";
  return events;
}

TrialEnd try_plugin(const TrialOptions& options, const std::vector<TrialEvent>& events, const Clock& clock,
                    const std::function<void(const std::string&)>& say) {
  return Trial(options, events, clock, say).run();
}

}  // namespace pharos::app
