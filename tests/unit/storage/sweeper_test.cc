#include "storage/sweeper.h"

#include <optional>

#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/info.h"
#include "storage/snapshot.h"
#include "storage/txn.h"
#include "support/eventually.h"
#include "support/power_cut_files.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::Durability;
using storage::EraseCause;
using storage::PutOutcome;
using storage::Swept;

Event make(Kind kind, UnixSeconds created_at, std::size_t key = 0, TagList tags = {}, std::string content = {}) {
  return unsigned_event({kind, std::move(content), std::move(tags), created_at, key});
}

Event request_to_vanish(UnixSeconds created_at) {
  return make(kind::kVanish, created_at, 0, {{"relay", "ALL_RELAYS"}});
}

Filter of_author(std::size_t key) {
  Filter filter;
  filter.authors = {public_key(key)};
  return filter;
}

class SweptOnce {
 public:
  Callback<void(const Swept&)> take() {
    return [this](const Swept& swept) {
      Lock lock(mutex_);
      swept_ = swept;
      changed_.notify_all();
    };
  }
  Swept wait() {
    Lock lock(mutex_);
    while (!swept_) lock.wait(changed_);
    return *swept_;
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  std::optional<Swept> swept_ PHAROS_GUARDED_BY(mutex_);
};

TEST(Sweeper, Nip62ErasesAllOfTheKeyUpToTheRequestBeforeItIsAnswered) {
  StoreHarness harness;
  const Event note = make(1, 1000);
  const Event profile = make(0, 1000);
  const Event deletion = make(kind::kDeletion, 1000, 0, {{"e", make(1, 5).id.hex()}});
  const Event expiring = make(1, 1000, 0, {{"expiration", "1800000001"}});
  const Event same_moment = make(1, 2000);
  const Event wrap = make(kind::kGiftWrap, 1500, 1, {{"p", public_key(2).hex()}, {"p", public_key(0).hex()}});
  const std::vector<Event> gone{note, profile, deletion, expiring, same_moment, wrap};
  const Event later = make(1, 2001);
  const Event later_wrap = make(kind::kGiftWrap, 2001, 1, {{"p", public_key(0).hex()}});
  const Event of_another = make(1, 1000, 1, {{"p", public_key(0).hex()}});
  const std::vector<Event> spared{later, later_wrap, of_another};
  for (const Event& event : gone) ASSERT_EQ(harness.put(event), PutOutcome::stored);
  for (const Event& event : spared) ASSERT_EQ(harness.put(event), PutOutcome::stored);

  const Event request = request_to_vanish(2000);
  EXPECT_EQ(harness.put(request), PutOutcome::stored);

  EXPECT_TRUE(harness.store().contains(request.id));
  for (const Event& event : gone) {
    EXPECT_FALSE(harness.store().contains(event.id)) << event.kind;
    EXPECT_EQ(harness.put(event), PutOutcome::vanished) << event.kind;
  }
  for (const Event& event : spared) EXPECT_TRUE(harness.store().contains(event.id)) << event.kind;
  EXPECT_EQ(harness.put(request), PutOutcome::duplicate);
}

TEST(Sweeper, Nip62TheNewestRequestStaysAlone) {
  StoreHarness harness;
  const Event first = request_to_vanish(1000);
  const Event second = request_to_vanish(2000);
  EXPECT_EQ(harness.put(first), PutOutcome::stored);
  EXPECT_EQ(harness.put(make(1, 1500)), PutOutcome::stored);
  EXPECT_EQ(harness.put(second), PutOutcome::stored);
  EXPECT_FALSE(harness.store().contains(first.id));
  EXPECT_EQ(harness.put(first), PutOutcome::superseded);
  EXPECT_EQ(harness.put(make(1, 1500)), PutOutcome::vanished);
}

TEST(Sweeper, Nip62DeletionOfTheRequestHasNoEffect) {
  StoreHarness harness;
  const Event request = request_to_vanish(2000);
  harness.put(request);
  EXPECT_EQ(harness.put(make(kind::kDeletion, 3000, 0, {{"e", request.id.hex()}})), PutOutcome::stored);
  EXPECT_TRUE(harness.store().contains(request.id));
  EXPECT_EQ(harness.put(make(1, 1000)), PutOutcome::vanished);
}

TEST(Sweeper, Nip62WhatAnImportLeftIsErasedAtTheNextStart) {
  StoreHarness harness;
  const Event note = make(1, 1000);
  harness.put(note);
  harness.options().durability = Durability::at_stop;
  harness.reopen();
  EXPECT_EQ(harness.put(request_to_vanish(2000)), PutOutcome::stored);
  harness.options().durability = Durability::sync;
  harness.reopen();
  // Sweeps come one after the other.
  SweptOnce after;
  ASSERT_TRUE(harness.store().sweep({{of_author(5)}, EraseCause::admin, nullptr, after.take()}));
  after.wait();
  EXPECT_FALSE(harness.store().contains(note.id));
}

TEST(Sweeper, ErasesWhatFiltersMatchInBatchesAndCounts) {
  StoreHarness harness;
  Outcomes outcomes;
  for (int i = 0; i < 700; ++i) harness.submit(make(1, 1000 + i), outcomes);
  outcomes.wait_for(700);
  const Event kept = make(7, 1000);
  const Event of_another = make(1, 1000, 1);
  harness.put(kept);
  harness.put(of_another);
  SweptOnce done;
  const auto spares = [](const storage::RecordView& record) { return record.kind() == 7; };
  ASSERT_TRUE(harness.store().sweep({{of_author(0)}, EraseCause::admin, spares, done.take()}));
  const Swept swept = done.wait();
  EXPECT_TRUE(swept.whole);
  EXPECT_EQ(swept.erased, 700U);
  EXPECT_TRUE(harness.store().contains(kept.id));
  EXPECT_TRUE(harness.store().contains(of_another.id));
  // Nothing forbids them.
  EXPECT_EQ(harness.put(make(1, 1000)), PutOutcome::stored);
}

TEST(Sweeper, OneThatIsOverErasesNothingOfWhatItHasGathered) {
  StoreHarness harness;
  Outcomes outcomes;
  for (int i = 0; i < 600; ++i) harness.submit(make(1, 1'000 + i), outcomes);
  outcomes.wait_for(600);
  std::size_t visited = 0;
  SweptOnce first;
  storage::Sweep matching{{of_author(0)}, EraseCause::retention, {}, first.take()};
  matching.spares = [&](const storage::RecordView&) { return ++visited == 0; };
  matching.is_over = [&] { return visited > 300; };
  ASSERT_TRUE(harness.store().sweep(std::move(matching)));
  const Swept swept = first.wait();
  EXPECT_EQ(swept.erased, 256U);
  EXPECT_FALSE(swept.whole);
  SweptOnce second;
  storage::Sweep listed{{}, EraseCause::retention, {}, second.take()};
  for (storage::Seq seq = 1; seq <= 600; ++seq) listed.events.push_back(seq);
  int asked = 0;
  listed.is_over = [&] { return ++asked > 1; };
  ASSERT_TRUE(harness.store().sweep(std::move(listed)));
  EXPECT_FALSE(second.wait().whole);
  EXPECT_TRUE(harness.store().contains(make(1, 1'000 + 300).id));
}

TEST(Sweeper, WhatAnOperatorErasesIsSoonGoneFromTheFileToo) {
  storage::StoreOptions options;
  options.expire_interval = std::chrono::milliseconds(5);
  StoreHarness harness(options);
  harness.put(make(1, 1'000));
  harness.reopen();
  const auto merged = [&] {
    const auto txn = harness.store().read();
    return storage::read_info(txn.value(), harness.store().tables()).events;
  };
  ASSERT_EQ(merged(), 1U);
  SweptOnce done;
  ASSERT_TRUE(harness.store().sweep({{of_author(0)}, EraseCause::admin, {}, done.take()}));
  EXPECT_EQ(done.wait().erased, 1U);
  EXPECT_TRUE(testing::eventually([&] { return merged() == 0; }));
}

TEST(Sweeper, GoesOnOnceThereIsRoomAgain) {
  PowerCutFiles files;
  storage::StoreOptions options;
  options.files = &files;
  StoreHarness harness(options);
  const Event note = make(1, 1000);
  harness.put(note);
  files.full = true;
  SweptOnce done;
  ASSERT_TRUE(harness.store().sweep({{of_author(0)}, EraseCause::admin, nullptr, done.take()}));
  EXPECT_EQ(harness.put(make(1, 2000, 1)), PutOutcome::failed_full);
  EXPECT_TRUE(harness.store().contains(note.id));
  files.full = false;
  EXPECT_EQ(done.wait().erased, 1U);
  EXPECT_FALSE(harness.store().contains(note.id));
}

TEST(Sweeper, AnswersWhatWaitsWhenTheStoreStops) {
  PowerCutFiles files;
  storage::StoreOptions options;
  options.files = &files;
  StoreHarness harness(options);
  harness.put(make(1, 1000));
  files.full = true;
  SweptOnce first;
  SweptOnce second;
  ASSERT_TRUE(harness.store().sweep({{of_author(0)}, EraseCause::admin, nullptr, first.take()}));
  ASSERT_TRUE(harness.store().sweep({{of_author(0)}, EraseCause::admin, nullptr, second.take()}));
  harness.store().stop();
  EXPECT_FALSE(first.wait().whole);
  EXPECT_FALSE(second.wait().whole);
  EXPECT_FALSE(harness.store().sweep({{of_author(0)}, EraseCause::admin, nullptr, nullptr}));
}

}  // namespace
}  // namespace pharos::test
