// Settles one second of which an answer may hold only a part (NIP-01 has no cursor within a second): asks once with a
// larger limit, learns the relay's cap from wider answers, then splits by kind and by author as far as the filter lists
// them. What cannot be proven stays partial. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "router/answer.h"
#include "router/options.h"

namespace pharos::router {

class DenseSecond {
 public:
  // base: the filter without its window. count: how many events the answer that raised the doubt held, all of this
  // second. kinds: those among them. was_cut: the relay is known to hold more than it answered.
  DenseSecond(const Filter& base, UnixSeconds second, std::uint64_t count, std::vector<Kind> kinds, bool was_cut,
              const CatchupOptions& options);

  enum class State { asking, complete, partial };
  State state() const { return state_; }
  UnixSeconds second() const { return second_; }
  std::uint64_t count() const { return count_; }

  // While asking: what to ask now.
  const Filter& request() const { return queue_.front().filter; }

  void on_event(const Event& event, UnixSeconds live_after) { answer_.add(event, live_after); }
  void on_foreign() { answer_.add_foreign(); }
  // Nothing when the answer broke the rules: the walk is suspect.
  bool on_eose(RelayProof& proof, bool finish);
  // The same question will be asked again.
  void retry();

 private:
  enum class Step { larger, learn, part };
  struct Question {
    Step step;
    Filter filter;
    Interval range;
  };
  void begin();
  void settle(State state) {
    queue_.clear();
    state_ = state;
  }
  void plan_split();
  bool split_further(const Filter& filter);
  void push(Step step, Filter filter, Interval range, std::size_t limit);

  Filter base_;
  UnixSeconds second_;
  std::uint64_t count_;
  std::vector<Kind> kinds_;
  CatchupOptions options_;
  State state_ = State::asking;
  std::deque<Question> queue_;
  AnswerCheck answer_;
  std::size_t spent_ = 0;
  bool split_planned_ = false;
  bool provable_ = true;  // the parts add up to the whole second
};

}  // namespace pharos::router
