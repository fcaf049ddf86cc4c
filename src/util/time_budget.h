// What one slice of resumable work may use: so many records and so much time, whichever ends first. One thread.
#pragma once

#include <chrono>
#include <cstddef>

#include "util/clock.h"

namespace pharos {

class TimeBudget {
 public:
  TimeBudget(const Clock& clock, std::chrono::microseconds time, std::size_t records)
      : clock_(clock), deadline_(clock.now() + time), records_left_(records) {}

  // Spends one record; false once the slice is over. The clock is read every 64 records only.
  bool spend() {
    if (records_left_ == 0) return false;
    --records_left_;
    ++spent_;
    if (spent_ % 64 == 0 && clock_.now() >= deadline_) records_left_ = 0;
    return true;
  }
  bool exhausted() const { return records_left_ == 0; }
  std::size_t spent() const { return spent_; }

 private:
  const Clock& clock_;
  SteadyTime deadline_;
  std::size_t records_left_;
  std::size_t spent_ = 0;
};

}  // namespace pharos
