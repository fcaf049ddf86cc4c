// One negentropy session on the side that asks (NIP-77): from its own set and the relay's answers to what each side
// lacks. Texts go in and out; when to give up waiting is the driver's to say.
//
// Pure; one thread. What a relay claims is bounded by Limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nostr/message.h"
#include "nostr/negentropy.h"

namespace pharos::router {

class NegClient {
 public:
  struct Limits {
    std::size_t frame_bytes = 60'000;  // of our messages, half of what they are in hex: relays take 128 KiB at least
    std::size_t max_ids = 10'000'000;  // found in all
    std::size_t max_rounds = 100'000;
  };
  enum class State {
    open,
    done,     // difference() is complete
    too_big,  // the relay takes no set of that size: ask for less
    unable,   // the relay knows no negentropy, or not of this filter
    failed,
  };

  // The set outlives it and does not change.
  NegClient(std::string name, const NegSet& set, const Limits& limits);

  // The NEG-OPEN, to be sent first.
  std::string begin(const Filter& filter);
  // Each appends what is to be sent next, if anything; replies to other names are passed over.
  void on(const NegMessageReply& reply, std::string& out);
  void on(const NegErrReply& reply);

  State state() const { return state_; }
  const std::string& reason() const { return reason_; }  // where it is neither open nor done
  // Sorted, each id once, when done.
  NegDifference& difference() { return difference_; }
  std::size_t rounds() const { return rounds_; }

 private:
  void end(State state, std::string reason, std::string& out);

  const std::string name_;
  const NegSet& set_;
  const Limits limits_;
  State state_ = State::open;
  std::string reason_;
  NegDifference difference_;
  std::size_t rounds_ = 0;
};

}  // namespace pharos::router
