// A committed or ephemeral event on its way to subscribers, and the batch that goes to every serving shard. Immutable
// but for its text, which the first who needs it renders and everybody shares. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/shared_text.h"
#include "nostr/event_json.h"
#include "storage/commit_feed.h"

namespace pharos::relay {

class LiveEvent {
 public:
  explicit LiveEvent(storage::CommittedEvent committed)
      : committed_(std::move(committed)), text_bytes_(most_json_bytes(event()) + 1) {}

  const Event& event() const { return *committed_.event; }
  storage::Seq seq() const { return committed_.seq; }  // 0: ephemeral
  // About the most that it comes to keep: the event, the text, and a deflated form that is no longer than the text.
  std::size_t bytes() const { return sizeof(LiveEvent) + reserved_bytes(event()) + 2 * text_bytes_; }
  // What every delivery has behind its prefix: the JSON and the bracket that closes the message.
  const net::SharedText& message_end() const {
    std::call_once(rendered_, [this] {
      std::string text;
      text.reserve(text_bytes_);
      append_event_json(text, event());
      text += ']';
      message_end_.emplace(std::move(text));
    });
    return *message_end_;
  }

 private:
  storage::CommittedEvent committed_;
  std::size_t text_bytes_;  // at most
  mutable std::once_flag rendered_;
  mutable std::optional<net::SharedText> message_end_;
};
using LiveEventPtr = std::shared_ptr<const LiveEvent>;

struct LiveBatch {
  std::vector<LiveEventPtr> events;
  std::size_t bytes = 0;  // of all events, as LiveEvent::bytes() counts them
  SteadyTime committed_at;
};
using LiveBatchPtr = std::shared_ptr<const LiveBatch>;

}  // namespace pharos::relay
