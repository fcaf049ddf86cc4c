// How long each of several things that failed rests before it is tried again: longer each time, and each by itself.
// Pure; one thread.
#pragma once

#include <map>
#include <string>

#include "util/backoff.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::app {

class TopicPauses {
 public:
  explicit TopicPauses(Backoff::Options options) : options_(options) {}

  void failed(const std::string& topic, SteadyTime now, Random& random) {
    Pause& pause = pauses_.try_emplace(topic, Pause{Backoff(options_), now}).first->second;
    pause.until = now + pause.backoff.next(random);
  }
  void succeeded(const std::string& topic) { pauses_.erase(topic); }
  // Of topics about which nothing is left to do.
  void forget_all() { pauses_.clear(); }
  // From when on it may be tried.
  SteadyTime rests_until(const std::string& topic) const {
    const auto found = pauses_.find(topic);
    return found == pauses_.end() ? SteadyTime::min() : found->second.until;
  }

 private:
  struct Pause {
    Backoff backoff;
    SteadyTime until;
  };

  Backoff::Options options_;
  std::map<std::string, Pause> pauses_;
};

}  // namespace pharos::app
