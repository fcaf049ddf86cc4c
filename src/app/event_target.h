// Where a sync puts events: into a relay over a connection, or into this process's own store. Each counts what became
// of them. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "app/patience.h"
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
  // Once either said false: why, for people.
  virtual std::string end() const = 0;
  virtual EventTally tally() const = 0;
};

// By EVENT, so many at a time without their OK. What is refused for now is sent again, until patience ends: then
// nothing more is sent at all.
class LinkTarget final : public EventTarget {
 public:
  // The link outlives it, and nobody else reads from it between give() and finish().
  LinkTarget(RelayLink& link, std::chrono::milliseconds timeout, const Patience::Options& patience = {})
      : link_(link), timeout_(timeout), patience_(patience, link) {}

  bool give(Event&& event) override;
  bool finish() override;
  std::string end() const override;
  EventTally tally() const override { return tally_; }

 private:
  using Texts = std::map<EventId, std::string>;

  // Waits for one OK, or sends again what was refused for now when none is due.
  bool go_on();
  bool await_ok();
  bool send_again();

  RelayLink& link_;
  const std::chrono::milliseconds timeout_;
  Patience patience_;
  Texts waiting_;        // for their OK
  Texts again_;          // refused for now
  std::string refusal_;  // the last of those
  bool gave_up_ = false;
  std::size_t bytes_ = 0;  // of both
  EventTally tally_;
};

// As an upstream's events, brought by that sender.
class PipelineTarget final : public EventTarget {
 public:
  PipelineTarget(ingest::Pipeline& pipeline, ingest::SenderPtr sender)
      : pipeline_(pipeline), sender_(std::move(sender)) {}

  bool give(Event&& event) override;
  bool finish() override;
  std::string end() const override { return "the pipeline is stopping"; }
  EventTally tally() const override;

 private:
  void count(const ingest::Verdict& verdict);

  ingest::Pipeline& pipeline_;
  const ingest::SenderPtr sender_;
  mutable Mutex mutex_;
  EventTally tally_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::app
