// The negentropy protocol V1 (NIP-77, appendix): two sides find out how their sets of events differ. Messages are the
// binary ones; on the wire they are hexadecimal.
//
//   initiator   neg_initial(set) ->            NegTurn on the answer -> have, need, the next message; until is_end()
//   responder                       NegTurn -> answer
//
// What the other side sends is never trusted: a turn takes time in proportion to its message, whatever the set, and
// gives no more than the frame size. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/negentropy_set.h"
#include "util/result.h"

namespace pharos {

inline constexpr char kNegVersion = 0x61;
// The least frame in which a turn always gets on.
inline constexpr std::size_t kLeastNegFrame = 4096;

enum class NegFault {
  no_message,       // empty, or its first byte is no version of the protocol
  foreign_version,  // the answer is the byte kNegVersion alone
  truncated,
  bad_number,
  bad_bound,
  descending,
  bad_mode,
};
std::string_view describe(NegFault fault);

// Of a message that is of another version of the protocol.
inline bool is_foreign(std::string_view message) {
  return !message.empty() && (message[0] & 0xf0) == (kNegVersion & 0xf0) && message[0] != kNegVersion;
}
// Reads a message through without a set. What passes makes no turn fail.
Result<void, NegFault> check_neg_message(std::string_view message);

// True of an initiator's turn that found nothing left to ask.
inline bool is_end(std::string_view message) { return message.size() == 1; }

// An id may come in several turns, where the frames of the other side did not hold all that differs.
struct NegDifference {
  std::vector<EventId> have;  // by us and not by the other side
  std::vector<EventId> need;  // the other way round; what the other side claims

  // Sorts both and leaves each id once.
  void make_unique();
};

std::string neg_initial(const NegSet& set);

// From one message to the next, range by range.
class NegTurn {
 public:
  // The set and the message outlive it, and the set does not change meanwhile. Frames are in bytes, at least
  // kLeastNegFrame. A difference makes it the initiator, who appends to it.
  NegTurn(const NegSet& set, std::string_view message, std::size_t frame_bytes, NegDifference* difference = nullptr);

  // Works on the next range; false when that was the last.
  Result<bool, NegFault> step();
  // All of them, then the message to send.
  Result<std::string, NegFault> finish();
  // After the last step, or one that found a foreign version.
  std::string take_message() { return std::move(out_); }

 private:
  void on_fingerprint(std::size_t end, const NegBound& bound, std::string_view theirs);
  void give_ids(std::size_t end, const NegBound& bound);
  void compare_ids(std::size_t end, std::string_view theirs);
  void write_skipped();
  // Says of all from begin_ on that it is to be asked again.
  void defer_rest();
  bool has_room(std::size_t bytes) const { return out_.size() + bytes <= room_; }

  const NegSet& set_;
  std::string_view in_;
  const std::size_t room_;  // in a frame, for all but what says that there is more
  NegDifference* const difference_;
  std::string out_;
  std::uint64_t last_in_ = 0;
  std::uint64_t last_out_ = 0;
  NegBound lower_;         // of the next range
  std::size_t begin_ = 0;  // its first item
  bool skipped_ = false;   // ranges before lower_ that were not written
  bool started_ = false;
};

}  // namespace pharos
