// Who decides about verified events besides this program: asked for each event, answers later, in any order.
#pragma once

#include <string>

#include "ingest/sink.h"
#include "util/callback.h"

namespace pharos::ingest {

struct PolicyDecision {
  enum class What {
    accept,
    reject,
    shadow_reject,  // its sender hears that it was accepted
    unanswered,     // nobody decided, and what nobody decided about is not accepted
  };
  What what = What::unanswered;
  std::string message;  // of reject: for the sender, with or without a prefix of NIP-01; "" for none
};

struct PolicyQuestion {
  storage::EventPtr event;
  Source source = Source::client;
  SenderPtr sender;  // may be nullptr
  // Called exactly once, from any thread, also inside ask().
  Callback<void(const PolicyDecision&)> done;
};

class Policy {
 public:
  virtual ~Policy() = default;
  // Whether events of that source are asked about. Any thread.
  virtual bool wants(Source source) const = 0;
  // Any thread; never blocks. What is asked and not yet answered is bounded by the pipeline's caps on what is in
  // flight.
  virtual void ask(PolicyQuestion&& question) = 0;
};

}  // namespace pharos::ingest
