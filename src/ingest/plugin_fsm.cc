#include "ingest/plugin_fsm.h"

#include <algorithm>
#include <utility>

#include "util/printable.h"

namespace pharos::ingest {
namespace {

constexpr std::size_t kGivenUpIds = 1024;

using What = PolicyDecision::What;

struct Outcome {
  What what;
  metrics::PluginMetrics::Answer counted;
};

Outcome outcome_of(PluginAction action) {
  using Answer = metrics::PluginMetrics::Answer;
  switch (action) {
    case PluginAction::accept:
      return {What::accept, Answer::accept};
    case PluginAction::reject:
      return {What::reject, Answer::reject};
    case PluginAction::shadow_reject:
      break;
  }
  return {What::shadow_reject, Answer::shadow_reject};
}

std::string_view source_type(const PolicyQuestion& question) {
  switch (question.source) {
    case Source::client:
      return question.sender && question.sender->address.find(':') != std::string::npos ? "IP6" : "IP4";
    case Source::import_:
      return "Import";
    case Source::router:
    case Source::monitor:
      break;
  }
  return "Stream";
}

// A connection may hold several keys and the line has room for one: the event's author where it is among them.
std::optional<PublicKey> authed(const PolicyQuestion& question) {
  if (!question.sender || !question.sender->keys || question.sender->keys->empty()) return std::nullopt;
  const auto& keys = *question.sender->keys;
  const bool has_author = std::ranges::find(keys, question.event->pubkey) != keys.end();
  return has_author ? question.event->pubkey : keys.front();
}

}  // namespace

PluginFsm::PluginFsm(const Clock& clock, Random& random, const metrics::PluginMetrics& metrics)
    : clock_(clock), random_(random), metrics_(metrics) {}

// --- the process ----------------------------------------------------------------------------------------------------

void PluginFsm::configure(const PluginOptions& options, PluginActions& out) {
  if (state_ == State::stopped || (state_ == State::ending && then_ == State::stopped)) return;
  const bool is_new = options.command != options_.command;
  options_ = options;
  metrics_.waiting_capacity.set(static_cast<std::int64_t>(options_.queue_capacity));
  if (!is_new) return;
  backoff_ = Backoff(options_.backoff);
  const bool wanted = !options_.command.empty();
  if (state_ == State::ending) {
    then_ = wanted ? State::running : State::off;
  } else if (talks()) {
    if (wanted) {
      state_ = State::draining;
      end_when_drained(out);
    } else {
      end(Ended::reload, "it is no longer configured", State::off, out);
    }
  } else {
    state_ = State::off;
    if (wanted) start(out);
  }
  if (!wanted) settle_all(out);
}

void PluginFsm::start(PluginActions& out) {
  state_ = State::running;
  started_at_ = heard_at_ = clock_.now();
  given_up_.clear();
  partial_.clear();
  bad_lines_ = 0;
  metrics_.up.set(1);
  out.emplace_back(plugin_action::Start{});
}

void PluginFsm::end(Ended counted, std::string why, State then, PluginActions& out) {
  state_ = State::ending;
  then_ = then;
  metrics_.up.set(0);
  metrics_.of(counted).add();
  out.emplace_back(plugin_action::End{std::move(why), then == State::resting});
}

void PluginFsm::fault(Ended counted, std::string why, PluginActions& out) {
  end(counted, std::move(why), State::resting, out);
  settle_all(out);
}

void PluginFsm::end_when_drained(PluginActions& out) {
  if (state_ == State::draining && given_.empty()) {
    end(Ended::reload, "its command or its file has changed", State::running, out);
  }
}

void PluginFsm::on_closed(PluginActions& out) {
  if (!talks()) return;
  fault(Ended::exit, "it has closed its output or its input", out);
}

void PluginFsm::on_ended(PluginActions& out) {
  if (talks()) {  // it could not be started
    metrics_.up.set(0);
    metrics_.of(Ended::start).add();
    rest();
    settle_all(out);
    return;
  }
  if (state_ != State::ending) return;
  switch (then_) {
    case State::running:
      return start(out);
    case State::resting:
      return rest();
    default:
      state_ = then_;
  }
}

void PluginFsm::rest() {
  state_ = State::resting;
  resting_until_ = clock_.now() + backoff_.next(random_);
}

void PluginFsm::on_file_changed(PluginActions& out) {
  if (state_ != State::running) return;
  state_ = State::draining;
  end_when_drained(out);
}

void PluginFsm::stop(PluginActions& out) {
  if (talks()) {
    end(Ended::reload, "the relay stops", State::stopped, out);
  } else if (state_ == State::ending) {
    then_ = State::stopped;
  } else {
    state_ = State::stopped;
  }
  settle_all(out);
}

// --- questions ------------------------------------------------------------------------------------------------------

void PluginFsm::ask(PolicyQuestion&& question, PluginActions& out) {
  metrics_.asked.add();
  Asked asked{std::move(question), clock_.now(), clock_.unix_now()};
  if (is_down() || options_.command.empty()) return settle(std::move(asked), Unanswered::down, out);
  if (waiting_.size() >= options_.queue_capacity) return settle(std::move(asked), Unanswered::full, out);
  waiting_.push_back(std::move(asked));
  count();
}

bool PluginFsm::take_line(std::string& line) {
  if (!has_line()) return false;
  Asked& asked = given_.emplace_back(std::move(waiting_.front()));
  waiting_.pop_front();
  asked.since = clock_.now();
  const PolicyQuestion& question = asked.question;
  append_plugin_question(
      line, {*question.event, asked.received_at, source_type(question),
             question.sender ? std::string_view(question.sender->address) : std::string_view(), authed(question)});
  count();
  return true;
}

std::optional<SteadyTime> PluginFsm::next_deadline() const {
  std::optional<SteadyTime> next;
  const auto consider = [&next](SteadyTime time) { next = next ? std::min(*next, time) : time; };
  if (state_ == State::resting) consider(resting_until_);
  if (!given_.empty()) consider(given_.front().since + options_.timeout);
  if (!waiting_.empty() && options_.patience) consider(waiting_.front().since + *options_.patience);
  return next;
}

void PluginFsm::on_time(PluginActions& out) {
  if (state_ == State::resting && clock_.now() >= resting_until_) start(out);
  expire_given(out);
  expire_waiting(out);
}

void PluginFsm::expire_given(PluginActions& out) {
  const SteadyTime now = clock_.now();
  while (talks() && !given_.empty() && now >= given_.front().since + options_.timeout) {
    Asked asked = std::move(given_.front());
    given_.pop_front();
    given_up_.push_back(asked.question.event->id);
    if (given_up_.size() > kGivenUpIds) given_up_.pop_front();
    const bool is_silent = heard_at_ <= asked.since;
    settle(std::move(asked), Unanswered::timeout, out);
    if (is_silent) {
      fault(Ended::silent, "it did not answer within plugin.timeout", out);
    } else {
      end_when_drained(out);
    }
  }
}

void PluginFsm::expire_waiting(PluginActions& out) {
  if (!options_.patience) return;
  const SteadyTime now = clock_.now();
  while (!waiting_.empty() && now >= waiting_.front().since + *options_.patience) {
    Asked asked = std::move(waiting_.front());
    waiting_.pop_front();
    settle(std::move(asked), Unanswered::timeout, out);
  }
}

void PluginFsm::settle(Asked&& asked, Unanswered why, PluginActions& out) {
  metrics_.of(why).add();
  const bool accepts = options_.accept_on_failure || options_.command.empty();
  const What what = accepts ? What::accept : What::unanswered;
  out.emplace_back(plugin_action::Settle{std::move(asked.question), {what, {}}});
  count();
}

void PluginFsm::settle_all(PluginActions& out) {
  for (std::deque<Asked>* queue : {&given_, &waiting_}) {
    for (Asked& asked : *queue) settle(std::move(asked), Unanswered::down, out);
    queue->clear();
  }
  count();
}

void PluginFsm::count() {
  metrics_.waiting.set(static_cast<std::int64_t>(waiting_.size()));
  metrics_.in_flight.set(static_cast<std::int64_t>(given_.size()));
}

// --- answers --------------------------------------------------------------------------------------------------------

void PluginFsm::on_output(std::string_view bytes, PluginActions& out) {
  while (talks() && !bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (partial_.size() + std::min(end, bytes.size()) > kMaxLine) {
      return fault(Ended::garbage, "it printed a line of more than 64 KiB", out);
    }
    if (end == std::string_view::npos) {
      partial_ += bytes;
      return;
    }
    const std::string_view rest_of_line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (partial_.empty()) {
      on_line(rest_of_line, out);
    } else {
      const std::string line = std::exchange(partial_, {}).append(rest_of_line);
      on_line(line, out);
    }
  }
}

void PluginFsm::on_line(std::string_view line, PluginActions& out) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto answer = parse_plugin_answer(line);
  if (answer) return on_answer(answer.value(), line, out);
  on_bad_line(describe(answer.error()), line, out);
}

void PluginFsm::on_answer(const PluginAnswer& answer, std::string_view line, PluginActions& out) {
  const auto asked =
      std::ranges::find(given_, answer.id, [](const Asked& one) -> const EventId& { return one.question.event->id; });
  if (asked == given_.end()) {
    const auto given_up = std::ranges::find(given_up_, answer.id);
    if (given_up == given_up_.end()) return on_bad_line("the id is of no event that it was asked about", line, out);
    given_up_.erase(given_up);
    metrics_.late_answers.add();
  } else {
    const Outcome outcome = outcome_of(answer.action);
    metrics_.of(outcome.counted).add();
    metrics_.seconds.observe(std::chrono::duration<double>(clock_.now() - asked->since).count());
    out.emplace_back(plugin_action::Settle{std::move(asked->question), {outcome.what, printable(answer.message)}});
    given_.erase(asked);
    count();
  }
  heard_at_ = clock_.now();
  bad_lines_ = 0;
  if (heard_at_ - started_at_ >= kProven) backoff_.reset();
  end_when_drained(out);
}

void PluginFsm::on_bad_line(std::string_view why, std::string_view line, PluginActions& out) {
  metrics_.bad_lines.add();
  if (++bad_lines_ > kMaxBadLines) return fault(Ended::garbage, "it prints what are no answers", out);
  out.emplace_back(plugin_action::BadLine{std::string(why), printable(line)});
}

}  // namespace pharos::ingest
