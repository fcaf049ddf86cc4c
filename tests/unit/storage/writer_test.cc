#include "storage/writer.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "metrics/handles.h"
#include "nostr/kind.h"
#include "storage/kv_table.h"
#include "storage/lookup.h"
#include "support/eventually.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::PutOutcome;
using storage::Seq;
using testing::eventually;

TEST(Writer, AnswersInTheOrderOfSubmissionAfterTheCommit) {
  StoreHarness harness;
  Outcomes outcomes;
  EventSequence notes({});
  const Event note = notes.next_unsigned();
  std::atomic<bool> durable{false};
  harness.store().submit({std::make_shared<const Event>(note), 0, [&](PutOutcome outcome) {
                            // Visible to every reader by now.
                            durable = outcome == PutOutcome::stored && harness.store().contains(note.id) &&
                                      harness.store().last_seq() >= 1;
                            outcomes.next()(outcome);
                          }});
  harness.submit(note, outcomes);
  harness.submit(notes.next_unsigned(), outcomes);
  EXPECT_EQ(outcomes.wait_for(3), (std::vector{PutOutcome::stored, PutOutcome::duplicate, PutOutcome::stored}));
  EXPECT_TRUE(durable);
  EXPECT_EQ(harness.store().last_seq(), 2U);
}

TEST(Writer, KeepsEverythingAcrossARestartAndCountsOn) {
  StoreHarness harness;
  EventSequence notes({});
  const Event first = notes.next_unsigned();
  harness.put(first);
  harness.reopen();
  EXPECT_TRUE(harness.store().contains(first.id));
  EXPECT_EQ(harness.store().last_seq(), 1U);
  EXPECT_EQ(harness.put(first), PutOutcome::duplicate);
  harness.put(notes.next_unsigned());
  EXPECT_EQ(harness.store().last_seq(), 2U);
}

TEST(Writer, PublishesCommitsInOrderBeforeTheirAnswers) {
  StoreHarness harness;
  Mutex mutex;
  std::vector<Seq> seen;
  auto subscription = harness.store().feed().subscribe([&](const storage::CommitBatchPtr& batch) {
    Lock lock(mutex);
    for (const storage::CommittedEvent& event : batch->events) {
      EXPECT_EQ(event.origin, 7U);
      seen.push_back(event.seq);
    }
  });
  Outcomes outcomes;
  EventSequence notes({});
  std::atomic<bool> behind{false};
  for (Seq i = 1; i <= 500; ++i) {
    const auto event = std::make_shared<const Event>(notes.next_unsigned());
    harness.store().submit({event, 7, [&, i, next = outcomes.next()](PutOutcome outcome) {
                              {
                                Lock lock(mutex);
                                if (seen.size() < i) behind = true;
                              }
                              next(outcome);
                            }});
  }
  outcomes.wait_for(500);
  EXPECT_FALSE(behind);
  Lock lock(mutex);
  ASSERT_EQ(seen.size(), 500U);
  for (Seq i = 1; i <= 500; ++i) EXPECT_EQ(seen[i - 1], i);
}

TEST(Writer, WhatIsNotStoredIsNotPublished) {
  StoreHarness harness;
  std::atomic<int> published{0};
  auto subscription = harness.store().feed().subscribe(
      [&](const storage::CommitBatchPtr& batch) { published += static_cast<int>(batch->events.size()); });
  const Event newer = unsigned_event({kind::kProfile, "new", {}, 2000, 0});
  EXPECT_EQ(harness.put(newer), PutOutcome::stored);
  EXPECT_EQ(harness.put(newer), PutOutcome::duplicate);
  EXPECT_EQ(harness.put(unsigned_event({kind::kProfile, "old", {}, 1000, 0})), PutOutcome::superseded);
  EXPECT_EQ(published, 1);
}

TEST(Writer, EphemeralEventsPassThroughTheFeedOnly) {
  StoreHarness harness;
  std::vector<storage::CommittedEvent> seen;
  auto subscription = harness.store().feed().subscribe([&](const storage::CommitBatchPtr& batch) {
    seen.insert(seen.end(), batch->events.begin(), batch->events.end());
  });
  const auto event = std::make_shared<const Event>(unsigned_event({20001, "now", {}, 1000, 0}));
  harness.store().publish_ephemeral(event, 3);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].seq, 0U);
  EXPECT_EQ(seen[0].origin, 3U);
  EXPECT_FALSE(harness.store().contains(event->id));
}

TEST(Writer, UpdatesAreDurableTogetherWithTheEventsBeforeThem) {
  StoreHarness harness;
  EventSequence notes({});
  const Event note = notes.next_unsigned();
  Outcomes outcomes;
  std::atomic<int> done{0};
  harness.submit(note, outcomes);
  ASSERT_TRUE(harness.store().submit_update(
      [](storage::WriteTxn& txn) { return kv_put(txn, storage::KvTable::misc, "cursor", "1"); },
      [&](bool applied) {
        if (applied && harness.store().contains(note.id)) done = 1;
      }));
  ASSERT_TRUE(eventually([&] { return done == 1; }));
  const auto txn = std::move(harness.store().read().value());
  EXPECT_EQ(kv_get(txn, harness.store().tables(), storage::KvTable::misc, "cursor"), "1");
}

TEST(Writer, RefusedUpdateIsTakenBackAloneAndWhatIsAroundItStays) {
  StoreHarness harness;
  EventSequence notes({});
  Outcomes outcomes;
  std::atomic<int> refused{0};
  harness.submit(notes.next_unsigned(), outcomes);
  harness.store().submit_update(
      [](storage::WriteTxn& txn) {
        kv_put(txn, storage::KvTable::misc, "cursor", "1");
        return false;
      },
      [&](bool applied) { refused += applied ? 0 : 1; });
  harness.submit(notes.next_unsigned(), outcomes);
  EXPECT_EQ(outcomes.wait_for(2), (std::vector{PutOutcome::stored, PutOutcome::stored}));
  EXPECT_TRUE(eventually([&] { return refused == 1; }));
  const auto txn = std::move(harness.store().read().value());
  EXPECT_FALSE(kv_get(txn, harness.store().tables(), storage::KvTable::misc, "cursor"));
}

TEST(Writer, AFullMapRefusesWithoutLosingWhatIsStored) {
  storage::StoreOptions options;
  options.map_size_bytes = 4U << 20U;
  options.memtable_bytes = 1U << 20U;
  StoreHarness harness(options);
  EventSequence large({1, std::string(512U << 10U, 'x'), {}, 1000, 0});
  std::vector<Event> events;
  std::vector<PutOutcome> decided;
  for (int i = 0; i < 20; ++i) {
    events.push_back(large.next_unsigned());
    decided.push_back(harness.put(events.back()));
  }
  EXPECT_EQ(decided.front(), PutOutcome::stored);
  EXPECT_EQ(decided.back(), PutOutcome::failed_full);
  const auto expect_what_was_stored = [&] {
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(harness.store().contains(events[i].id), decided[i] == PutOutcome::stored) << i;
    }
  };
  expect_what_was_stored();
  harness.reopen();
  expect_what_was_stored();

  harness.options().map_size_bytes = 64U << 20U;
  harness.reopen();
  expect_what_was_stored();
  EXPECT_EQ(harness.put(events.back()), PutOutcome::stored);
}

TEST(Writer, ExpiredEventsAreErasedInTheBackground) {
  storage::StoreOptions options;
  options.expire_interval = std::chrono::milliseconds(5);
  options.expire_max_events = 3;
  StoreHarness harness(options);
  std::vector<Event> events;
  for (int i = 0; i < 10; ++i) {
    events.push_back(unsigned_event(
        {1, std::to_string(i), {{"expiration", std::to_string(harness.clock().unix_now() + 10)}}, 1000, 0}));
    EXPECT_EQ(harness.put(events.back()), PutOutcome::stored);
  }
  harness.clock().advance(std::chrono::seconds(10));
  EXPECT_TRUE(eventually([&] {
    return std::ranges::none_of(events, [&](const Event& event) { return harness.store().contains(event.id); });
  }));
}

TEST(Writer, FullQueueRefusesAndLeavesTheRequestWhole) {
  storage::StoreOptions options;
  options.queue_capacity = 4;
  StoreHarness harness(options);
  Outcomes outcomes;
  EventSequence notes({});
  std::atomic<bool> release{false};
  std::atomic<bool> holding{false};
  // Keeps the writer thread in a callback.
  harness.store().submit({std::make_shared<const Event>(notes.next_unsigned()), 0, [&](PutOutcome) {
                            holding = true;
                            while (!release) std::this_thread::yield();
                          }});
  ASSERT_TRUE(eventually([&] { return holding.load(); }));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(harness.submit(notes.next_unsigned(), outcomes));
  storage::PutRequest refused{std::make_shared<const Event>(notes.next_unsigned()), 0, outcomes.next()};
  EXPECT_FALSE(harness.store().submit(std::move(refused)));
  EXPECT_TRUE(refused.event != nullptr && refused.done);
  release = true;
  outcomes.wait_for(4);
}

TEST(Writer, StopAnswersEverythingAndRefusesMore) {
  StoreHarness harness;
  Outcomes outcomes;
  EventSequence notes({});
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(harness.submit(notes.next_unsigned(), outcomes));
  harness.store().stop();
  EXPECT_EQ(outcomes.wait_for(300).size(), 300U);
  EXPECT_FALSE(harness.submit(notes.next_unsigned(), outcomes));
  harness.store().stop();
}

TEST(Writer, ManyThreadsSubmitAndRead) {
  StoreHarness harness;
  Outcomes outcomes;
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 200;
  std::vector<Event> events;
  EventSequence notes({});
  for (std::size_t i = 0; i < kThreads * kEach / 2; ++i) events.push_back(notes.next_unsigned());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // Each event comes from two threads.
      for (std::size_t i = 0; i < kEach; ++i) {
        const Event& event = events[(t / 2) * kEach + i];
        harness.store().contains(event.id);
        while (!harness.submit(event, outcomes)) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto decided = outcomes.wait_for(kThreads * kEach);
  EXPECT_EQ(std::ranges::count(decided, PutOutcome::stored), static_cast<std::ptrdiff_t>(events.size()));
  EXPECT_EQ(std::ranges::count(decided, PutOutcome::duplicate), static_cast<std::ptrdiff_t>(events.size()));
}

TEST(Writer, CountsWhatItDeletesByCause) {
  std::atomic<std::uint64_t> replaced{0};
  std::atomic<std::uint64_t> nip09{0};
  StoreHarness harness;
  using Deleted = metrics::StorageMetrics::Deleted;
  harness.metrics.deleted[static_cast<std::size_t>(Deleted::replaced)] = metrics::Counter(&replaced);
  harness.metrics.deleted[static_cast<std::size_t>(Deleted::nip09)] = metrics::Counter(&nip09);
  harness.reopen();
  harness.put(unsigned_event({kind::kProfile, "old", {}, 1000, 0}));
  const Event newer = unsigned_event({kind::kProfile, "new", {}, 2000, 0});
  harness.put(newer);
  harness.put(unsigned_event({kind::kDeletion, "", {{"e", newer.id.hex()}}, 3000, 0}));
  EXPECT_EQ(replaced, 1U);
  EXPECT_EQ(nip09, 1U);
}

}  // namespace
}  // namespace pharos::test
