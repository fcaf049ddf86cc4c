// Which scan runs next: the one that is due first. A new scan is due at once; one that has run before is due later by
// a multiple of the time it has used, up to a bound. So cheap questions pass scans that read much, and between two
// slices no scan lets pass more than what comes within that bound.
//
// Not synchronized; its owner is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "util/clock.h"

namespace pharos::relay {

template <class Request>
class SliceQueue {
 public:
  static constexpr int kPatience = 8;  // times what it has used
  static constexpr std::chrono::milliseconds kMostPatience{250};

  // A request of a scan that has run for `used` before.
  void push(Request request, SteadyTime now, Duration used) {
    const Duration patience = used < kMostPatience / kPatience ? used * kPatience : Duration(kMostPatience);
    heap_.push_back({now + patience, next_number_++, std::move(request)});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
  }
  // Not empty.
  Request pop() {
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    Request request = std::move(heap_.back().request);
    heap_.pop_back();
    return request;
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

 private:
  struct Waiting {
    SteadyTime due;
    std::uint64_t number;  // first come, first served among those due at once
    Request request;
  };
  static bool is_later(const Waiting& a, const Waiting& b) {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
  }

  std::vector<Waiting> heap_;
  std::uint64_t next_number_ = 0;
};

}  // namespace pharos::relay
