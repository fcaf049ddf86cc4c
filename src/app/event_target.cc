#include "app/event_target.h"

#include <utility>

#include "util/printable.h"

namespace pharos::app {
namespace {

constexpr std::size_t kMostReasons = 16;
constexpr std::size_t kMostWaiting = 200;
constexpr std::size_t kMostWaitingBytes = 4U << 20U;

}  // namespace

void EventTally::refuse(std::string_view reason) {
  ++refused;
  const std::string text = printable(reason);
  if (reasons.contains(text) || reasons.size() < kMostReasons) ++reasons[text];
}

bool LinkTarget::give(Event&& event) {
  std::string text;
  append_event_command(text, event);
  const auto count = [this] { return waiting_.size() + again_.size(); };
  while (count() > 0 && (count() >= kMostWaiting || bytes_ + text.size() > kMostWaitingBytes)) {
    if (!go_on()) return false;
  }
  if (gave_up_ || !link_.end().empty()) return false;
  link_.send(text);
  bytes_ += text.size();
  waiting_.emplace(event.id, std::move(text));
  return true;
}

bool LinkTarget::go_on() { return waiting_.empty() ? send_again() : await_ok(); }

bool LinkTarget::send_again() {
  Texts again = std::exchange(again_, {});
  if (patience_.is_lost()) {
    for (const auto& [id, text] : again) {
      bytes_ -= text.size();
      tally_.refuse(refusal_);
    }
    gave_up_ = true;
    return false;
  }
  link_.pause(patience_.pause());
  for (const auto& [id, text] : again) link_.send(text);
  waiting_.merge(again);
  return link_.end().empty();
}

bool LinkTarget::await_ok() {
  while (true) {
    const auto message = link_.receive(timeout_);
    if (!message) return false;
    const auto* ok = std::get_if<OkReply>(&*message);
    if (ok == nullptr) continue;
    const auto at = waiting_.find(ok->id);
    if (at == waiting_.end()) continue;
    if (!ok->accepted && patience_.is_for_now(ok->message)) {
      refusal_ = ok->message;
      again_.insert(waiting_.extract(at));
      return true;
    }
    bytes_ -= at->second.size();
    waiting_.erase(at);
    patience_.succeeded(waiting_.empty() && again_.empty());
    if (ok->message.starts_with("duplicate:")) {
      ++tally_.duplicate;
    } else if (ok->accepted) {
      ++tally_.stored;
    } else {
      tally_.refuse(ok->message);
    }
    return true;
  }
}

bool LinkTarget::finish() {
  while (!waiting_.empty() || !again_.empty()) {
    if (!go_on()) return false;
  }
  return !gave_up_;
}

std::string LinkTarget::end() const {
  return gave_up_ ? "events were refused again and again: " + printable(refusal_) : link_.why_silent();
}

bool PipelineTarget::give(Event&& event) {
  ingest::Submission submission;
  submission.event = std::make_shared<const Event>(std::move(event));
  submission.source = ingest::Source::router;
  submission.sender = sender_;
  submission.done = [this](const ingest::Verdict& verdict) { count(verdict); };
  return pipeline_.submit_waiting(std::move(submission));
}

void PipelineTarget::count(const ingest::Verdict& verdict) {
  Lock lock(mutex_);
  switch (verdict.fate) {
    case ingest::Fate::stored:
    case ingest::Fate::ephemeral:
      ++tally_.stored;
      break;
    case ingest::Fate::duplicate:
    case ingest::Fate::replaced:
      ++tally_.duplicate;
      break;
    case ingest::Fate::rejected:
    case ingest::Fate::shadowed:
      tally_.refuse(verdict.detail.empty() ? name(verdict.reason) : std::string_view(verdict.detail));
      break;
  }
}

bool PipelineTarget::finish() {
  while (!pipeline_.wait_idle(std::chrono::minutes(1))) {
  }
  return true;
}

EventTally PipelineTarget::tally() const {
  Lock lock(mutex_);
  return tally_;
}

}  // namespace pharos::app
