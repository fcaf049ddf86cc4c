// Where a sync puts events: into a relay over a connection, or into this process's own store. Each counts what became
// of them. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "app/relay_link.h"
#include "ingest/pipeline.h"
#include "util/sync.h"

namespace pharos::app {

struct EventTally {
  std::uint64_t stored = 0;
  std::uint64_t duplicate = 0;  // or older than what is stored
  std::uint64_t refused = 0;
  std::map<std::string, std::uint64_t> reasons;  // of refusals, a few

  void refuse(std::string_view reason);
};

class EventTarget {
 public:
  virtual ~EventTarget() = default;
  // May wait; false when it takes nothing more.
  virtual bool give(Event&& event) = 0;
  // Waits until the fate of all is known; false when that of some never will be.
  virtual bool finish() = 0;
  virtual EventTally tally() const = 0;
};

// By EVENT, so many at a time without their OK.
class LinkTarget final : public EventTarget {
 public:
  // The link outlives it, and nobody else reads from it between give() and finish().
  LinkTarget(RelayLink& link, std::chrono::milliseconds timeout) : link_(link), timeout_(timeout) {}

  bool give(Event&& event) override;
  bool finish() override;
  EventTally tally() const override { return tally_; }

 private:
  bool await_ok();

  RelayLink& link_;
  const std::chrono::milliseconds timeout_;
  std::map<EventId, std::size_t> waiting_;  // for their OK, with their size
  std::size_t waiting_bytes_ = 0;
  EventTally tally_;
};

// As an upstream's events, brought by that sender.
class PipelineTarget final : public EventTarget {
 public:
  PipelineTarget(ingest::Pipeline& pipeline, ingest::SenderPtr sender)
      : pipeline_(pipeline), sender_(std::move(sender)) {}

  bool give(Event&& event) override;
  bool finish() override;
  EventTally tally() const override;

 private:
  void count(const ingest::Verdict& verdict);

  ingest::Pipeline& pipeline_;
  const ingest::SenderPtr sender_;
  mutable Mutex mutex_;
  EventTally tally_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::app
