// When the rules of retention, and the bound of the size, begin to erase: those of the start at once; what is new or
// changed while the relay runs after a pause, so that it can be taken back before anything is lost. A rule is known by
// what it says, whatever its name; where one that keeps is gone or changed all others wait again. Pure; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/retention.h"
#include "util/clock.h"

namespace pharos::storage {

class RetentionNotice {
 public:
  // These rules are in force from now on. What has to wait since this call, and was not there before.
  struct Waiting {
    std::vector<RetentionRule> rules;
    bool size = false;
  };
  Waiting take(const RetentionRules& rules, std::uint64_t max_size_bytes, SteadyTime now, Duration pause);

  bool may_erase(const RetentionRule& rule, SteadyTime now) const;
  bool may_erase_for_size(SteadyTime now) const { return now >= size_from_; }

 private:
  bool has_taken_ = false;
  std::map<std::string, SteadyTime> from_;  // of the rules that erase
  std::set<std::string> keeps_;
  std::uint64_t max_size_bytes_ = 0;
  SteadyTime size_from_ = SteadyTime::min();
};

}  // namespace pharos::storage
