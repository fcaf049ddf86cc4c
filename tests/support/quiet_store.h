// A Store that takes nothing: the base of stores that tests fill by other means.
#pragma once

#include <functional>

#include "storage/commit_feed.h"
#include "storage/store.h"

namespace pharos::test {

class QuietStore : public storage::Store {
 public:
  bool submit(storage::PutRequest&&) override { return false; }
  bool submit_update(std::function<bool(storage::WriteTxn&)>, std::function<void(bool)>) override { return false; }
  void publish_ephemeral(storage::EventPtr, storage::Origin) override {}
  storage::CommitFeed& feed() override { return feed_; }
  storage::Origin allocate_origin() override { return 1; }
  bool contains(const EventId&) const override { return false; }
  void stop() override {}

 private:
  storage::CommitFeed feed_;
};

}  // namespace pharos::test
