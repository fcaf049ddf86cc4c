// What an upstream's state machine asks its driver to do. The driver carries the actions out in order.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nostr/filter.h"
#include "router/outbox_mark.h"
#include "router/tickets.h"
#include "storage/store.h"
#include "util/log.h"

namespace pharos::router {

struct Dial {};
// Closes the connection, or gives up the dial under way. on_closed() does not follow.
struct HangUp {
  std::string reason;
};
struct SendReq {
  std::string subscription;
  std::vector<Filter> filters;
};
struct SendClose {
  std::string subscription;
};
struct SendEvent {
  storage::EventPtr event;
};
struct SendAuth {
  Event event;
};
// Take the event in; on_verdict(ticket) must follow.
struct Submit {
  Ticket ticket = 0;
  storage::EventPtr event;
};
// Write the ledger of that filter after everything submitted so far; on_ledger_persisted(filter) must follow.
struct PersistLedger {
  std::size_t filter = 0;
  std::string value;
};
// on_cursor_persisted() must follow.
struct PersistCursor {
  OutboxMark mark;
};
// Read stored events in (after, through]; on_outbox() or on_outbox_failed() must follow.
struct ReadOutbox {
  storage::Seq after = 0;
  storage::Seq through = 0;
  std::size_t records = 0;
};
struct PauseReading {};
struct ResumeReading {};
struct LogLine {
  log::Level level = log::Level::info;
  const char* message = "";
  std::string reason;
};

using Action = std::variant<Dial, HangUp, SendReq, SendClose, SendEvent, SendAuth, Submit, PersistLedger, PersistCursor,
                            ReadOutbox, PauseReading, ResumeReading, LogLine>;
using Actions = std::vector<Action>;

// How the store decided about an event that an upstream brought.
enum class Settled {
  novel,
  duplicate,  // held already, replaced by a newer version, or delivered before
  refused,    // for good: invalid, forbidden by policy or by a deletion, expired
  early,      // dated too far ahead for now: it should be fetched again
  lost,       // for reasons of our own (store full, overloaded): it should be fetched again
};

}  // namespace pharos::router
