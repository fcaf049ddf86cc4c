#include "app/event_target.h"

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
  while (!waiting_.empty() && (waiting_.size() >= kMostWaiting || waiting_bytes_ + text.size() > kMostWaitingBytes)) {
    if (!await_ok()) return false;
  }
  if (!link_.end().empty()) return false;
  waiting_.emplace(event.id, text.size());
  waiting_bytes_ += text.size();
  link_.send(text);
  return true;
}

bool LinkTarget::await_ok() {
  while (true) {
    const auto message = link_.receive(timeout_);
    if (!message) return false;
    const auto* ok = std::get_if<OkReply>(&*message);
    if (ok == nullptr) continue;
    const auto at = waiting_.find(ok->id);
    if (at == waiting_.end()) continue;
    waiting_bytes_ -= at->second;
    waiting_.erase(at);
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
  while (!waiting_.empty()) {
    if (!await_ok()) return false;
  }
  return true;
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
