// One negentropy session on the relay's side (NIP-77): the set of what a client may read of its filters, collected in
// slices before the first answer, and the answers to its messages. That set is of the moment it was collected at; where
// a tree of sums has it (neg_tree_keeper.h) nothing is collected, and each message is answered from the tree as it is
// then.
//
// As sliced_work.h says.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nostr/negentropy.h"
#include "relay/auth.h"
#include "relay/neg_memory.h"
#include "relay/neg_tree_keeper.h"
#include "relay/options.h"
#include "relay/sliced_work.h"

namespace pharos::relay {

class NegSession final : public SlicedWork {
 public:
  NegSession(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers, std::string name,
             std::shared_ptr<NegMemory> memory, std::shared_ptr<NegTreeKeeper> tree, const Options& options);

  // What the next slices answer, until one says finished. check_neg_message() passed it, or says that it is of a
  // foreign version. Between slices.
  void set_message(std::string message);

  void park() override;

 private:
  // cut_short: the set would have too many records.
  ScanSlice work(const storage::Store& store, const Clock& clock) override;
  // What the view has read: the records to the slice, the memory to that of all sets; false when there is no room for
  // it, and the slice has failed.
  bool charge_view(ScanSlice& slice);
  void drop_view();
  void drop_tree();
  // Nothing of a stale view is sent: another one answers, or, after a few, the collected set.
  bool put_stale_away(ScanSlice& slice);
  void collect(const storage::Store& store, const Clock& clock, ScanSlice& slice);
  void answer(const Clock& clock, SteadyTime deadline, ScanSlice& slice);

  const std::string name_;
  const std::chrono::microseconds slice_time_;
  const std::size_t slice_records_;
  const std::size_t max_records_;
  const std::size_t frame_bytes_;
  const std::shared_ptr<NegMemory> memory_;
  NegMemory::Share share_;
  std::unique_ptr<storage::Query> query_;  // until the set is whole
  NegItems set_;
  std::shared_ptr<NegTreeKeeper> tree_;  // nullptr: none has the set
  const Filter window_;
  std::optional<NegReadBuckets> read_;  // of tree_
  std::unique_ptr<NegTreeView> view_;   // of tree_, while a message is answered
  std::size_t view_scanned_ = 0;        // records that slices have told of
  std::size_t stale_views_ = 0;
  std::string message_;
  std::optional<NegTurn> turn_;
};

}  // namespace pharos::relay
