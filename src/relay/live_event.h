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
  explicit LiveEvent(storage::CommittedEvent committed) : committed_(std::move(committed)) {}

  const Event& event() const { return *committed_.event; }
  storage::Seq seq() const { return committed_.seq; }  // 0: ephemeral
  // What every delivery has behind its prefix: the JSON and the bracket that closes the message.
  const net::SharedText& message_end() const {
    std::call_once(rendered_, [this] {
      std::string text;
      append_event_json(text, event());
      text += ']';
      message_end_.emplace(std::move(text));
    });
    return *message_end_;
  }

 private:
  storage::CommittedEvent committed_;
  mutable std::once_flag rendered_;
  mutable std::optional<net::SharedText> message_end_;
};
using LiveEventPtr = std::shared_ptr<const LiveEvent>;

struct LiveBatch {
  std::vector<LiveEventPtr> events;
  std::size_t bytes = 0;  // about what the events keep alive
  SteadyTime committed_at;
};
using LiveBatchPtr = std::shared_ptr<const LiveBatch>;

}  // namespace pharos::relay
