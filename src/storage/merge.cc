#include "storage/merge.h"

namespace pharos::storage {

void MergeHeap::push(const Candidate& candidate, std::uint32_t stream) {
  std::size_t at = heads_.size();
  heads_.push_back({});
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!comes_before(candidate, heads_[parent].candidate)) break;
    heads_[at] = heads_[parent];
    at = parent;
  }
  heads_[at] = {candidate, stream};
}

void MergeHeap::replace_top(const Candidate& candidate) { sift_down({candidate, heads_.front().stream}); }

void MergeHeap::pop() {
  const Head last = heads_.back();
  heads_.pop_back();
  if (!heads_.empty()) sift_down(last);
}

void MergeHeap::sift_down(Head head) {
  std::size_t at = 0;
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heads_.size()) break;
    if (child + 1 < heads_.size() && comes_before(heads_[child + 1].candidate, heads_[child].candidate)) ++child;
    if (!comes_before(heads_[child].candidate, head.candidate)) break;
    heads_[at] = heads_[child];
    at = child;
  }
  heads_[at] = head;
}

}  // namespace pharos::storage
