// The one way an event enters, whoever sent it: admit -> dedupe -> verify -> policy -> writer -> reply.
//
// Counts at one choke point: received = stored + duplicate + rejected{reason} + ephemeral + replaced.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/verdict.h"
#include "nostr/event.h"
#include "storage/store.h"

namespace pharos::ingest {

enum class Source { client, router, import_, monitor };  // the `source` label

struct Submission {
  storage::EventPtr event;
  Source source = Source::client;
  storage::Origin origin = storage::kLocalOrigin;
  // Called exactly once, from any thread, when the fate is decided; for stored events after the durable commit.
  std::function<void(const Verdict&)> done;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Any thread; never blocks. False when the pipeline is full: the caller keeps the submission and stops reading.
  virtual bool submit(Submission&& submission) = 0;
};

}  // namespace pharos::ingest
