// The one way an event enters, whoever sent it: admit -> dedupe -> verify -> policy -> writer -> reply.
//
// Counts at one choke point: received = stored + duplicate + rejected{reason} + ephemeral + replaced.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/verdict.h"
#include "nostr/event.h"
#include "storage/store.h"
#include "util/callback.h"

namespace pharos::ingest {

enum class Source { client, router, import_, monitor };  // the `source` label
std::string_view name(Source source);

// Whoever brings events: one for all that come by one connection.
struct Sender {
  std::string address;                                 // of a client, without port; the URL of an upstream
  std::shared_ptr<const std::vector<PublicKey>> keys;  // of a client, by NIP-42; nullptr or empty for none
  bool is_rate_exempt = false;                         // it may bring as much as it likes
};
using SenderPtr = std::shared_ptr<const Sender>;

struct Submission {
  storage::EventPtr event;
  Source source = Source::client;
  SenderPtr sender;  // for the policy; may be nullptr
  storage::Origin origin = storage::kLocalOrigin;
  // Its id and signature are believed without a look at them: this relay checked them once.
  bool is_trusted = false;
  // Called exactly once, from any thread, when the fate is decided; for stored events after the durable commit. May
  // be called inside submit(), so the submitter holds no lock then that it takes here.
  Callback<void(const Verdict&), 64> done;
};

// Submissions that are made on the pool: for a caller that reads faster than one thread parses.
struct Bulk {
  // About what make() brings, for the caps on what is in flight; given back when the last of it is settled.
  std::size_t events = 0;
  std::size_t bytes = 0;
  // Called exactly once, on a thread of the pool.
  std::function<std::vector<Submission>()> make;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Any thread; never blocks. False when the pipeline is full: the caller keeps the submission and stops reading.
  virtual bool submit(Submission&& submission) = 0;
  // Counts an event that its receiver refused before there was anything to submit: malformed JSON, or a rule about the
  // connection it came by. Any thread.
  virtual void count_refused(Source /*source*/, Reason /*reason*/) {}
};

}  // namespace pharos::ingest
