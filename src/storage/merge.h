// The heads of many ordered streams, least first: a binary heap whose top is replaced in place as its stream advances,
// which is one sift instead of a pop and a push. The keys lie in the heap itself, so a sift touches no stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/candidate.h"

namespace pharos::storage {

class MergeHeap {
 public:
  struct Head {
    Candidate candidate;
    std::uint32_t stream = 0;  // the caller's number for it; one head a stream
  };

  bool empty() const { return heads_.empty(); }
  std::size_t size() const { return heads_.size(); }
  // Not empty.
  const Head& top() const { return heads_.front(); }

  void push(const Candidate& candidate, std::uint32_t stream);
  // The top's stream went on to `candidate`, which does not come before the one it replaces.
  void replace_top(const Candidate& candidate);
  void pop();
  void clear() { heads_.clear(); }

 private:
  void sift_down(Head head);

  std::vector<Head> heads_;
};

}  // namespace pharos::storage
