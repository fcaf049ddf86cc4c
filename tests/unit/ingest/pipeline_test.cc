#include "ingest/pipeline.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>

#include <gmock/gmock.h>

#include "metrics/histogram_cell.h"
#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/fake_store.h"

namespace pharos::ingest {
namespace {

using test::FakeStore;
using test::Person;
using ::testing::ElementsAre;
using testing::eventually;
using ::testing::IsEmpty;

constexpr UnixSeconds kNow = 1'700'000'000;

// Cells for every counter of IngestMetrics.
class Cells {
 public:
  Cells() {
    for (std::size_t s = 0; s < metrics::IngestMetrics::kSources; ++s) {
      for (auto* counter : {&m.received[s], &m.duplicate[s], &m.replaced[s], &m.ephemeral[s]}) *counter = make();
      for (auto& counter : m.stored[s]) counter = make();
      for (auto& counter : m.rejected[s]) counter = make();
    }
    m.signature_verify_seconds = metrics::Histogram(&verified_);
  }
  std::uint64_t verified() const { return verified_.counts().front(); }
  std::uint64_t stored() const { return sum(m.stored[0]) + sum(m.stored[1]); }
  std::uint64_t rejected(Reason reason) const { return m.rejected[0][static_cast<std::size_t>(reason)].value(); }
  // stored + duplicate + replaced + ephemeral + rejected of one source.
  std::uint64_t settled(std::size_t source) const {
    return sum(m.stored[source]) + sum(m.rejected[source]) + m.duplicate[source].value() + m.replaced[source].value() +
           m.ephemeral[source].value();
  }
  metrics::IngestMetrics m;

 private:
  metrics::Counter make() { return metrics::Counter(&cells_.emplace_back(0)); }
  template <class Counters>
  static std::uint64_t sum(const Counters& counters) {
    std::uint64_t total = 0;
    for (const auto& counter : counters) total += counter.value();
    return total;
  }
  std::deque<std::atomic<std::uint64_t>> cells_;
  metrics::HistogramCell verified_{std::span<const double>()};
};

// A policy whose answers the test gives.
class ScriptedPolicy final : public Policy {
 public:
  std::atomic<bool> answers_at_once{false};

  bool wants(Source source) const override { return source != Source::monitor; }
  void ask(PolicyQuestion&& question) override {
    if (answers_at_once) return question.done({PolicyDecision::What::accept, {}});
    Lock lock(mutex_);
    asked_.push_back(std::move(question));
  }
  std::size_t asked() const {
    Lock lock(mutex_);
    return asked_.size();
  }
  void answer(const EventId& id, PolicyDecision::What what, const std::string& message = {}) {
    const PolicyQuestion question = [&] {
      Lock lock(mutex_);
      const auto at = std::ranges::find_if(asked_, [&](const PolicyQuestion& one) { return one.event->id == id; });
      PolicyQuestion found = std::move(*at);
      asked_.erase(at);
      return found;
    }();
    question.done({what, message});
  }

 private:
  mutable Mutex mutex_;
  std::deque<PolicyQuestion> asked_;
};

// A clock at which the next one to read it waits.
class HeldUpClock final : public Clock {
 public:
  explicit HeldUpClock(const Clock& clock) : clock_(clock) {}

  SteadyTime now() const override {
    Lock lock(mutex_);
    if (std::exchange(holds_next_, false)) {
      holds_ = true;
      while (holds_) lock.wait(let_go_);
    }
    return clock_.now();
  }
  std::int64_t unix_milliseconds() const override { return clock_.unix_milliseconds(); }

  void hold_next() {
    Lock lock(mutex_);
    holds_next_ = true;
  }
  bool holds() const {
    Lock lock(mutex_);
    return holds_;
  }
  void let_go() {
    {
      Lock lock(mutex_);
      holds_next_ = false;
      holds_ = false;
    }
    let_go_.notify_all();
  }

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  mutable std::condition_variable let_go_;
  mutable bool holds_next_ PHAROS_GUARDED_BY(mutex_) = false;
  mutable bool holds_ PHAROS_GUARDED_BY(mutex_) = false;
};

// Answers when it is told to.
class HeldRequests final : public MembershipRequests {
 public:
  void take(const storage::EventPtr&, Done done) override {
    Lock lock(mutex_);
    ++taken_;
    held_.push_back(std::move(done));
  }
  std::size_t taken() const {
    Lock lock(mutex_);
    return taken_;
  }
  void answer(const Verdict& verdict) {
    std::vector<Done> held;
    {
      Lock lock(mutex_);
      held.swap(held_);
    }
    for (const Done& done : held) done(verdict);
  }

 private:
  mutable Mutex mutex_;
  std::size_t taken_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::vector<Done> held_ PHAROS_GUARDED_BY(mutex_);
};

class PipelineTest : public ::testing::Test {
 protected:
  void make(Options options = {}, Policy* policy = nullptr) {
    pipeline_ = make_pipeline(options, store_, pool_, held_up_clock_, cells_.m, policy);
  }
  void SetUp() override { make(); }
  void TearDown() override {
    held_up_clock_.let_go();
    pipeline_->stop();
    store_.stop();
    EXPECT_TRUE(pipeline_->wait_idle(std::chrono::seconds(10)));
    pool_.stop();
  }

  bool submit(const Event& event, Source source = Source::client, SenderPtr sender = nullptr) {
    Submission submission;
    submission.sender = std::move(sender);
    submission.event = test::share(event);
    submission.source = source;
    submission.done = [this, id = event.id](const Verdict& verdict) {
      Lock lock(mutex_);
      verdicts_.emplace_back(id, verdict);
    };
    return pipeline_->submit(std::move(submission));
  }
  std::vector<std::pair<EventId, Verdict>> verdicts() {
    Lock lock(mutex_);
    return verdicts_;
  }
  bool await_verdicts(std::size_t n) {
    return eventually([&] { return verdicts().size() >= n; });
  }
  bool await_at_writer(std::size_t n) {
    return eventually([&] { return store_.submitted().size() >= n; });
  }
  // Submits and waits for the fate; the store commits on its own.
  Verdict fate_of(const Event& event, Source source = Source::client, SenderPtr sender = nullptr) {
    store_.auto_commit = true;
    const std::size_t before = verdicts().size();
    EXPECT_TRUE(submit(event, source, std::move(sender)));
    EXPECT_TRUE(await_verdicts(before + 1));
    return verdicts().at(before).second;
  }

  void make_with_policy() {
    pipeline_->stop();
    make({}, &policy_);
  }
  // Where authors may send so many events an hour, fewer of them when nobody here knows them.
  void make_with_rates(std::uint64_t any, std::uint64_t unknown) {
    pipeline_->stop();
    Options options;
    options.author_rates = {{any, std::chrono::hours(1), any}, {unknown, std::chrono::hours(1), unknown}};
    auto fixed = std::make_shared<FixedAccess>();
    fixed->exempt.insert(bob_.key());
    options.access = std::make_shared<Snapshot<AccessRules>>(
        std::make_shared<const AccessRules>(std::make_shared<AccessLists>(), fixed, 1));
    make(options);
  }
  bool await_asked(std::size_t n) {
    return eventually([&] { return policy_.asked() == n; });
  }

  ManualClock clock_{kNow};
  HeldUpClock held_up_clock_{clock_};
  ScriptedPolicy policy_;
  HeldRequests requests_;
  WorkerPool pool_{"test", 2, 256};
  FakeStore store_;
  Cells cells_;
  std::unique_ptr<Pipeline> pipeline_;
  Person alice_{1};
  Person bob_{2};

 private:
  Mutex mutex_;
  std::vector<std::pair<EventId, Verdict>> verdicts_;
};

TEST_F(PipelineTest, TellsStoredOnlyAfterTheCommit) {
  ASSERT_TRUE(submit(alice_.event(1, kNow, "hello")));
  ASSERT_TRUE(await_at_writer(1));
  EXPECT_THAT(verdicts(), IsEmpty());
  store_.commit();
  ASSERT_TRUE(await_verdicts(1));
  EXPECT_EQ(verdicts()[0].second.fate, Fate::stored);
}

TEST_F(PipelineTest, RefusesAForgedIdBeforeItsSignature) {
  Event event = alice_.event(1, kNow, "hello");
  event.content = "forged";
  EXPECT_EQ(fate_of(event).reason, Reason::invalid_id);
}

TEST_F(PipelineTest, RefusesAForgedSignature) {
  Event event = alice_.event(1, kNow, "hello");
  event.sig.data[5] ^= 1;
  EXPECT_EQ(fate_of(event).reason, Reason::invalid_signature);
}

TEST_F(PipelineTest, NeverCallsAForgedBodyUnderAStoredIdADuplicate) {
  const Event stored = alice_.event(1, kNow, "hello");
  EXPECT_EQ(fate_of(stored).fate, Fate::stored);
  Event forged = stored;
  forged.content = "forged";
  const Verdict verdict = fate_of(forged);
  EXPECT_EQ(verdict.fate, Fate::rejected);
  EXPECT_EQ(verdict.reason, Reason::invalid_id);
}

TEST_F(PipelineTest, DropsADuplicateWithoutLookingAtItsSignature) {
  Event event = alice_.event(1, kNow, "hello");
  store_.hold(event.id);
  event.sig = Signature{};
  EXPECT_EQ(fate_of(event).fate, Fate::duplicate);
  EXPECT_THAT(store_.submitted(), IsEmpty());
}

TEST_F(PipelineTest, ACopyInFlightWaitsForTheFirstToBeDurable) {
  const Event event = alice_.event(1, kNow, "hello");
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_at_writer(1));
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(submit(alice_.event(1, kNow, "another")));
  ASSERT_TRUE(await_at_writer(2));
  EXPECT_THAT(verdicts(), IsEmpty());
  store_.commit();
  ASSERT_TRUE(await_verdicts(3));
  std::map<Fate, int> fates;
  for (const auto& [id, verdict] : verdicts()) ++fates[verdict.fate];
  EXPECT_EQ(fates[Fate::stored], 2);
  EXPECT_EQ(fates[Fate::duplicate], 1);
}

TEST_F(PipelineTest, ACopyOfARefusedEventIsRefusedToo) {
  const Event event = alice_.event(1, kNow, "hello");
  store_.decide = [](const Event&) { return storage::PutOutcome::deleted; };
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_at_writer(1));
  ASSERT_TRUE(eventually([&] {
    store_.commit();
    return verdicts().size() == 2;
  }));
  for (const auto& [id, verdict] : verdicts()) EXPECT_EQ(verdict.reason, Reason::deleted);
}

TEST_F(PipelineTest, ACopyIsCheckedOnItsOwnWhenTheFirstHasABadSignature) {
  const Event good = alice_.event(1, kNow, "hello");
  Event bad = good;
  bad.sig.data[0] ^= 1;
  store_.auto_commit = true;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(submit(i % 2 == 0 ? bad : good));
  ASSERT_TRUE(await_verdicts(20));
  std::map<Fate, int> fates;
  for (const auto& [id, verdict] : verdicts()) ++fates[verdict.fate];
  EXPECT_EQ(fates[Fate::stored], 1);
  EXPECT_GE(fates[Fate::duplicate], 9) << "bad copies that come after the stored one count as duplicates as well";
}

TEST_F(PipelineTest, EventsReachTheWriterInTheOrderOfSubmission) {
  std::vector<EventId> sent;
  for (int i = 0; i < 400; ++i) {
    const Event event = alice_.event(1, kNow, std::to_string(i));
    sent.push_back(event.id);
    ASSERT_TRUE(submit(event));
  }
  ASSERT_TRUE(await_at_writer(sent.size()));
  std::vector<EventId> arrived;
  for (const auto& event : store_.submitted()) arrived.push_back(event->id);
  EXPECT_EQ(arrived, sent);
}

TEST_F(PipelineTest, AnEventAndItsDeletionKeepTheirOrder) {
  for (int i = 0; i < 50; ++i) {
    const Event note = alice_.event(1, kNow, std::to_string(i));
    ASSERT_TRUE(submit(note));
    ASSERT_TRUE(submit(alice_.event(5, kNow, "", {{"e", note.id.hex()}})));
  }
  ASSERT_TRUE(await_at_writer(100));
  const auto arrived = store_.submitted();
  for (std::size_t i = 0; i < arrived.size(); ++i) EXPECT_EQ(arrived[i]->kind, i % 2 == 0 ? 1 : 5);
}

TEST_F(PipelineTest, RefusesWhenFullAndTakesMoreWhenItHasEmptied) {
  Options options;
  options.max_in_flight = 2;
  make(options);
  ASSERT_TRUE(submit(alice_.event(1, kNow, "1")));
  ASSERT_TRUE(submit(alice_.event(1, kNow, "2")));
  EXPECT_FALSE(submit(alice_.event(1, kNow, "3")));
  EXPECT_EQ(pipeline_->in_flight(), 2U);
  ASSERT_TRUE(await_at_writer(2));
  store_.commit();
  ASSERT_TRUE(eventually([&] { return pipeline_->in_flight() == 0; }));
  EXPECT_TRUE(submit(alice_.event(1, kNow, "3")));
}

TEST_F(PipelineTest, BoundsTheBytesInFlight) {
  Options options;
  options.max_in_flight_bytes = 3000;
  make(options);
  ASSERT_TRUE(submit(alice_.event(1, kNow, std::string(2000, 'x'))));
  EXPECT_FALSE(submit(alice_.event(1, kNow, std::string(1000, 'y'))));
}

TEST_F(PipelineTest, SubmitWaitingWaitsForRoom) {
  Options options;
  options.max_in_flight = 1;
  make(options);
  store_.auto_commit = true;
  for (int i = 0; i < 50; ++i) {
    Submission submission;
    submission.event = test::share(alice_.event(1, kNow, std::to_string(i)));
    ASSERT_TRUE(pipeline_->submit_waiting(std::move(submission)));
  }
  EXPECT_TRUE(pipeline_->wait_idle(std::chrono::seconds(10)));
  EXPECT_EQ(store_.submitted().size(), 50U);
  pipeline_->stop();
  Submission late;
  late.event = test::share(alice_.event(1, kNow, "late"));
  EXPECT_FALSE(pipeline_->submit_waiting(std::move(late)));
}

TEST_F(PipelineTest, BulksAreSettledOneByOneAndStayInOrder) {
  Options options;
  options.max_in_flight = 4;
  make(options);
  store_.auto_commit = true;
  std::vector<EventId> sent;
  std::atomic<std::size_t> refused{0};
  for (int i = 0; i < 50; ++i) {
    std::vector<Event> events;
    for (const char* part : {"a", "b", "c"}) events.push_back(alice_.event(1, kNow, part + std::to_string(i)));
    for (const Event& event : events) sent.push_back(event.id);
    events[1].content = "forged";
    sent.erase(sent.end() - 2);
    Bulk bulk{events.size(), 1000, [&refused, events] {
                std::vector<Submission> made(events.size());
                for (std::size_t j = 0; j < events.size(); ++j) {
                  made[j].event = test::share(events[j]);
                  made[j].source = Source::router;
                  made[j].done = [&refused](const Verdict& verdict) {
                    if (verdict.reason == Reason::invalid_id) ++refused;
                  };
                }
                return made;
              }};
    ASSERT_TRUE(pipeline_->submit_waiting(std::move(bulk)));
  }
  EXPECT_TRUE(pipeline_->wait_idle(std::chrono::seconds(10)));
  std::vector<EventId> at_writer;
  for (const auto& event : store_.submitted()) at_writer.push_back(event->id);
  EXPECT_EQ(at_writer, sent);
  EXPECT_EQ(store_.drafted(), sent);
  EXPECT_EQ(refused.load(), 50U);
  EXPECT_EQ(cells_.settled(static_cast<std::size_t>(Source::router)), 150U);
  pipeline_->stop();
  EXPECT_FALSE(pipeline_->submit_waiting(Bulk{1, 1, [] { return std::vector<Submission>(); }}));
}

TEST_F(PipelineTest, ABulkThatBringsNothingGivesItsRoomBack) {
  ASSERT_TRUE(pipeline_->submit_waiting(Bulk{5, 100, [] { return std::vector<Submission>(); }}));
  EXPECT_TRUE(pipeline_->wait_idle(std::chrono::seconds(10)));
}

TEST_F(PipelineTest, ATrustedForgeryReachesTheWriter) {
  store_.auto_commit = true;
  Event forged = alice_.event(1, kNow, "hello");
  forged.content = "forged";
  forged.sig = {};
  Submission submission;
  submission.event = test::share(forged);
  submission.is_trusted = true;
  ASSERT_TRUE(pipeline_->submit(std::move(submission)));
  EXPECT_TRUE(pipeline_->wait_idle(std::chrono::seconds(10)));
  ASSERT_EQ(store_.submitted().size(), 1U);
  EXPECT_EQ(store_.submitted()[0]->content, "forged");
}

TEST_F(PipelineTest, WaitsForAFullStoreAndGoesOnInOrder) {
  store_.capacity = 15;
  std::vector<EventId> sent;
  for (int i = 0; i < 60; ++i) {
    const Event event = alice_.event(1, kNow, std::to_string(i));
    sent.push_back(event.id);
    ASSERT_TRUE(submit(event));
  }
  ASSERT_TRUE(eventually([&] {
    store_.commit(10);
    return verdicts().size() == sent.size();
  }));
  std::vector<EventId> arrived;
  for (const auto& event : store_.submitted()) arrived.push_back(event->id);
  EXPECT_EQ(arrived, sent);
  for (const auto& [id, verdict] : verdicts()) EXPECT_EQ(verdict.fate, Fate::stored);
}

TEST_F(PipelineTest, SaysOverloadedWhenAStoppedStoreTakesNothing) {
  store_.stop();
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "late")).reason, Reason::overloaded);
}

TEST_F(PipelineTest, Nip01EphemeralEventsGoToTheFeedAndAreNotStored) {
  std::vector<storage::CommittedEvent> seen;
  Mutex mutex;
  const auto subscription = store_.feed().subscribe([&](const storage::CommitBatchPtr& batch) {
    Lock lock(mutex);
    seen.insert(seen.end(), batch->events.begin(), batch->events.end());
  });
  const Event event = alice_.event(20001, kNow, "now");
  EXPECT_EQ(fate_of(event).fate, Fate::ephemeral);
  EXPECT_EQ(fate_of(event).fate, Fate::duplicate) << "two upstreams deliver it, subscribers get it once";
  Lock lock(mutex);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].seq, 0U);
  EXPECT_THAT(store_.submitted(), IsEmpty());
}

TEST_F(PipelineTest, TellsWhatTheStoreDecided) {
  const std::map<storage::PutOutcome, std::pair<Fate, Reason>> expected{
      {storage::PutOutcome::stored, {Fate::stored, Reason::none}},
      {storage::PutOutcome::duplicate, {Fate::duplicate, Reason::none}},
      {storage::PutOutcome::superseded, {Fate::replaced, Reason::none}},
      {storage::PutOutcome::deleted, {Fate::rejected, Reason::deleted}},
      {storage::PutOutcome::expired, {Fate::rejected, Reason::expired}},
      {storage::PutOutcome::failed_full, {Fate::rejected, Reason::map_full}},
      {storage::PutOutcome::failed_io, {Fate::rejected, Reason::storage}},
  };
  int n = 0;
  for (const auto& [outcome, verdict] : expected) {
    store_.decide = [outcome = outcome](const Event&) { return outcome; };
    const Verdict got = fate_of(alice_.event(1, kNow, std::to_string(n++)));
    EXPECT_EQ(got.fate, verdict.first);
    EXPECT_EQ(got.reason, verdict.second);
  }
}

TEST_F(PipelineTest, EveryReceivedEventIsCountedUnderExactlyOneFate) {
  int n = 0;
  store_.decide = [&n](const Event&) { return static_cast<storage::PutOutcome>(n++ % 7); };
  std::uint64_t received = 0;
  for (int i = 0; i < 140; ++i) {
    Event event = alice_.event(i % 5 == 0 ? 20001 : 1, i % 7 == 0 ? kNow + 10'000 : kNow, std::to_string(i));
    if (i % 11 == 0) event.content = "forged";
    if (i % 13 == 0) event.sig = {};
    for (int copies = 0; copies <= i % 2; ++copies, ++received) {
      ASSERT_TRUE(submit(event, i % 3 == 0 ? Source::router : Source::client));
    }
  }
  pipeline_->count_refused(Source::client, Reason::protected_event);
  ++received;
  ASSERT_TRUE(eventually([&] {
    store_.commit();
    return verdicts().size() == received - 1;
  }));
  ASSERT_TRUE(pipeline_->wait_idle(std::chrono::seconds(10)));
  EXPECT_EQ(cells_.m.received[0].value() + cells_.m.received[1].value(), received);
  EXPECT_EQ(cells_.settled(0), cells_.m.received[0].value());
  EXPECT_EQ(cells_.settled(1), cells_.m.received[1].value());
  EXPECT_EQ(cells_.rejected(Reason::protected_event), 1U);
  EXPECT_GT(cells_.rejected(Reason::invalid_id), 0U);
  EXPECT_GT(cells_.stored(), 0U);
}

TEST_F(PipelineTest, NewAdmissionOptionsHoldFromNowOn) {
  const Event event = alice_.event(1, kNow - 100, "old");
  AdmissionOptions admission;
  admission.max_age = std::chrono::seconds(10);
  pipeline_->set_admission(admission);
  EXPECT_EQ(fate_of(event).reason, Reason::created_at_old);
}

// --- policy ---

TEST_F(PipelineTest, APolicyIsAskedAboutVerifiedEventsOnly) {
  make_with_policy();
  Event forged = alice_.event(1, kNow, "forged");
  forged.sig.data[5] ^= 1;
  const Event good = alice_.event(1, kNow, "good");
  const Event held = alice_.event(1, kNow, "held");
  store_.hold(held.id);
  for (const Event& event : {forged, held, good}) ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_verdicts(2));
  ASSERT_TRUE(await_asked(1));
  store_.auto_commit = true;
  policy_.answer(good.id, PolicyDecision::What::accept);
  ASSERT_TRUE(await_verdicts(3));
  EXPECT_EQ(verdicts().back().second.fate, Fate::stored);
}

TEST_F(PipelineTest, AnEventThatWaitsForThePolicyHoldsUpNoOther) {
  make_with_policy();
  store_.auto_commit = true;
  const Event waits = alice_.event(1, kNow, "waits");
  ASSERT_TRUE(submit(waits));
  ASSERT_TRUE(await_asked(1));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(submit(alice_.event(1, kNow, std::to_string(i)), Source::monitor));
  ASSERT_TRUE(await_verdicts(100));
  policy_.answer(waits.id, PolicyDecision::What::accept);
  ASSERT_TRUE(await_verdicts(101));
  EXPECT_EQ(store_.submitted().back()->id, waits.id) << "it takes its order from the answer";
}

TEST_F(PipelineTest, TheOrderOfTheAnswersIsThatOfTheWriter) {
  make_with_policy();
  std::vector<Event> events;
  for (int i = 0; i < 10; ++i) events.push_back(alice_.event(1, kNow, std::to_string(i)));
  for (const Event& event : events) ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_asked(10));
  std::ranges::reverse(events);
  for (const Event& event : events) policy_.answer(event.id, PolicyDecision::What::accept);
  ASSERT_TRUE(await_at_writer(10));
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(store_.submitted()[i]->id, events[i].id);
  store_.auto_commit = true;
  store_.commit();
}

TEST_F(PipelineTest, WhatAPolicyRefusesIsNotStored) {
  make_with_policy();
  const Event rejected = alice_.event(1, kNow, "a");
  const Event mute = alice_.event(1, kNow, "b");
  const Event shadowed = alice_.event(1, kNow, "c");
  const Event unanswered = alice_.event(1, kNow, "d");
  for (const Event& event : {rejected, mute, shadowed, unanswered}) ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_asked(4));
  policy_.answer(rejected.id, PolicyDecision::What::reject, "no thanks");
  policy_.answer(mute.id, PolicyDecision::What::reject);
  policy_.answer(shadowed.id, PolicyDecision::What::shadow_reject);
  policy_.answer(unanswered.id, PolicyDecision::What::unanswered);
  ASSERT_TRUE(await_verdicts(4));
  EXPECT_THAT(store_.submitted(), IsEmpty());
  EXPECT_EQ(verdicts()[0].second.reason, Reason::policy);
  EXPECT_EQ(verdicts()[0].second.detail, "no thanks");
  EXPECT_NE(verdicts()[1].second.detail, "");
  EXPECT_EQ(verdicts()[2].second.fate, Fate::shadowed);
  EXPECT_EQ(verdicts()[3].second.reason, Reason::policy_failed);
  EXPECT_EQ(cells_.rejected(Reason::policy), 3U);
  EXPECT_EQ(cells_.rejected(Reason::policy_failed), 1U);
  EXPECT_EQ(cells_.settled(0), cells_.m.received[0].value());
}

TEST_F(PipelineTest, CopiesShareWhatThePolicyDecided) {
  make_with_policy();
  const Event event = alice_.event(1, kNow, "a");
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_asked(1));
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(eventually([&] { return pipeline_->in_flight() == 3; }));
  policy_.answer(event.id, PolicyDecision::What::shadow_reject);
  EXPECT_TRUE(eventually([&] {
    // A copy that came too late to wait is asked about itself.
    if (policy_.asked() > 0) policy_.answer(event.id, PolicyDecision::What::shadow_reject);
    return verdicts().size() == 3;
  }));
  for (const auto& [id, verdict] : verdicts()) EXPECT_EQ(verdict.fate, Fate::shadowed);
}

TEST_F(PipelineTest, EphemeralEventsGoThroughThePolicyToo) {
  make_with_policy();
  const Event event = alice_.event(20001, kNow, "a");
  ASSERT_TRUE(submit(event));
  ASSERT_TRUE(await_asked(1));
  policy_.answer(event.id, PolicyDecision::What::accept);
  ASSERT_TRUE(await_verdicts(1));
  EXPECT_EQ(verdicts()[0].second.fate, Fate::ephemeral);
}

TEST_F(PipelineTest, Nip62NoPolicyIsAskedAboutARequestToVanish) {
  make_with_policy();
  const Event request = alice_.event(62, kNow, "", {{"relay", "ALL_RELAYS"}});
  EXPECT_EQ(fate_of(request).fate, Fate::stored);
  EXPECT_EQ(policy_.asked(), 0U);
}

TEST_F(PipelineTest, APolicyMayAnswerAtOnce) {
  policy_.answers_at_once = true;
  make_with_policy();
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "a")).fate, Fate::stored);
}

TEST_F(PipelineTest, ItemsOfABulkWaitForThePolicyEachForItself) {
  make_with_policy();
  const Event first = alice_.event(1, kNow, "a");
  const Event second = alice_.event(1, kNow, "b");
  std::atomic<int> settled = 0;
  Bulk bulk;
  bulk.events = 2;
  bulk.bytes = 1000;
  bulk.make = [&] {
    std::vector<Submission> made(2);
    made[0].event = test::share(first);
    made[1].event = test::share(second);
    for (Submission& one : made) {
      one.source = Source::import_;
      one.done = [&settled](const Verdict&) { ++settled; };
    }
    return made;
  };
  ASSERT_TRUE(pipeline_->submit_waiting(std::move(bulk)));
  ASSERT_TRUE(await_asked(2));
  store_.auto_commit = true;
  policy_.answer(second.id, PolicyDecision::What::accept);
  EXPECT_TRUE(eventually([&] { return settled == 1; }));
  EXPECT_EQ(pipeline_->in_flight(), 2U) << "its room is given back when the last is settled";
  policy_.answer(first.id, PolicyDecision::What::reject);
  EXPECT_TRUE(eventually([&] { return settled == 2 && pipeline_->in_flight() == 0; }));
  EXPECT_THAT(store_.submitted(), ::testing::SizeIs(1));
}

TEST_F(PipelineTest, TheAccessRulesOfTheMomentDecide) {
  const auto access = std::make_shared<Snapshot<AccessRules>>(std::make_shared<const AccessRules>());
  Options options;
  options.access = access;
  pipeline_->stop();
  make(options);
  const auto set = [&](AccessLists lists, std::uint64_t version) {
    access->set(std::make_shared<const AccessRules>(std::make_shared<const AccessLists>(std::move(lists)),
                                                    std::make_shared<const FixedAccess>(), version));
  };
  Person alice(1);
  Person bob(2);
  AccessLists lists;
  lists.banned_pubkeys[alice.key()] = "";
  set(lists, 1);
  ASSERT_TRUE(submit(alice.event(1, kNow, "no"), Source::router));
  ASSERT_TRUE(await_verdicts(1));
  EXPECT_EQ(verdicts()[0].second.reason, Reason::banned);
  const Event early = bob.event(1, kNow, "yes");
  ASSERT_TRUE(submit(early));
  ASSERT_TRUE(eventually([&] { return store_.waiting() == 1; }));

  // Beyond what the store takes, so that it is not with the writer when the rules change.
  store_.capacity = 1;
  const Event late = bob.event(1, kNow, "late");
  ASSERT_TRUE(submit(late));
  ASSERT_TRUE(eventually([&] { return pool_.queue_depth() == 0 && pipeline_->in_flight() == 2; }));
  lists.banned_pubkeys[bob.key()] = "";
  set(lists, 2);
  ASSERT_TRUE(eventually([&] {
    store_.commit();
    return verdicts().size() == 3;
  }));
  for (const auto& [id, verdict] : verdicts()) {
    if (id == early.id) {
      EXPECT_EQ(verdict.fate, Fate::stored);
    } else {
      EXPECT_EQ(verdict.reason, Reason::banned);
    }
  }
  EXPECT_FALSE(store_.contains(late.id));
}

TEST_F(PipelineTest, AnAuthorWhoIsTooFastIsToldWhenToComeAgain) {
  make_with_rates(3, 2);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "1")).fate, Fate::stored);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "2")).fate, Fate::stored);
  const Event third = alice_.event(1, kNow, "3");
  const Verdict refused = fate_of(third);
  EXPECT_EQ(refused.reason, Reason::rate_limited);
  EXPECT_EQ(refused.detail, "too many events of this author, try again in 1800 s");
  clock_.advance(std::chrono::minutes(30));
  EXPECT_EQ(fate_of(third).fate, Fate::stored);
  EXPECT_EQ(cells_.rejected(Reason::rate_limited), 1U);
}

TEST_F(PipelineTest, AKnownAuthorMaySendMore) {
  make_with_rates(3, 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fate_of(bob_.event(1, kNow, std::to_string(i))).fate, Fate::stored);
  EXPECT_EQ(fate_of(bob_.event(1, kNow, "4")).reason, Reason::rate_limited);
}

TEST_F(PipelineTest, NobodyUsesUpTheRateOfAnother) {
  make_with_rates(1, 1);
  for (int i = 0; i < 3; ++i) {
    Event forged = alice_.event(1, kNow, std::to_string(i));
    forged.sig.data[5] ^= 1;
    EXPECT_EQ(fate_of(forged).reason, Reason::invalid_signature);
  }
  const Event own = alice_.event(1, kNow, "own");
  EXPECT_EQ(fate_of(own).fate, Fate::stored);
  EXPECT_EQ(fate_of(own).fate, Fate::duplicate) << "what is held already is not counted";
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "more")).reason, Reason::rate_limited);
}

TEST_F(PipelineTest, OldVersionsThatOthersBringAgainDoNotUseUpARate) {
  make_with_rates(1, 1);
  store_.decide = [](const Event& event) {
    return event.kind == 0 ? storage::PutOutcome::superseded : storage::PutOutcome::stored;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fate_of(alice_.event(0, kNow, "old")).fate, Fate::replaced);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "own")).fate, Fate::stored);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "more")).reason, Reason::rate_limited);
}

TEST_F(PipelineTest, MirrorsImportsExemptSendersAndRequestsToVanishAreNotHeldToARate) {
  make_with_rates(1, 1);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "1")).fate, Fate::stored);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "2"), Source::router).fate, Fate::stored);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "3"), Source::import_).fate, Fate::stored);
  const auto exempt = std::make_shared<const Sender>(Sender{"127.0.0.1", nullptr, true});
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "4"), Source::client, exempt).fate, Fate::stored);
  const auto other = std::make_shared<const Sender>(Sender{"192.0.2.1", nullptr, false});
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "5"), Source::client, other).reason, Reason::rate_limited);
  EXPECT_NE(fate_of(alice_.event(62, kNow, "", {{"relay", "ALL_RELAYS"}})).reason, Reason::rate_limited);
}

TEST_F(PipelineTest, ACopyFromAMirrorIsNotHeldToTheRateOfTheClientBeforeIt) {
  make_with_rates(1, 1);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "1")).fate, Fate::stored);
  const Event event = alice_.event(1, kNow, "2");
  Event bad = alice_.event(1, kNow, "bad");
  bad.sig.data[5] ^= 1;
  // The client's waits at its signature, the mirror's for the client's, and what came behind it is decided.
  held_up_clock_.hold_next();
  ASSERT_TRUE(submit(event, Source::client));
  ASSERT_TRUE(eventually([&] { return held_up_clock_.holds(); }));
  ASSERT_TRUE(submit(event, Source::router));
  ASSERT_TRUE(submit(bad, Source::router));
  EXPECT_TRUE(await_verdicts(2));
  EXPECT_TRUE(eventually([&] { return pipeline_->in_flight() == 2; }));
  held_up_clock_.let_go();
  ASSERT_TRUE(await_verdicts(4));
  EXPECT_EQ(cells_.verified(), 3U) << "the copy as little as the client's own";
  std::vector<std::pair<Fate, Reason>> of_event;
  for (const auto& [id, verdict] : verdicts()) {
    if (id == event.id) of_event.emplace_back(verdict.fate, verdict.reason);
  }
  EXPECT_THAT(of_event,
              ElementsAre(std::pair(Fate::rejected, Reason::rate_limited), std::pair(Fate::stored, Reason::none)));
}

TEST_F(PipelineTest, CopiesOfARequestThatCameTooFastAreAnsweredAsItWas) {
  pipeline_->stop();
  auto fixed = std::make_shared<FixedAccess>();
  fixed->takes_requests = true;
  Options options;
  options.requests = &requests_;
  options.access = std::make_shared<Snapshot<AccessRules>>(
      std::make_shared<const AccessRules>(std::make_shared<AccessLists>(), fixed, 1));
  make(options);
  const Event join = alice_.event(28934, kNow, "", {{"-"}, {"claim", "x"}});
  Event bad = join;
  bad.sig.data[5] ^= 1;
  ASSERT_TRUE(submit(join));
  ASSERT_TRUE(eventually([&] { return requests_.taken() == 1; }));
  for (int copies = 0; copies < 3; ++copies) ASSERT_TRUE(submit(join));
  ASSERT_TRUE(submit(bad));
  EXPECT_EQ(fate_of(bob_.event(1, kNow, "behind them")).fate, Fate::stored);
  requests_.answer({Fate::rejected, Reason::rate_limited, "slowly"});
  ASSERT_TRUE(await_verdicts(6));
  EXPECT_EQ(requests_.taken(), 1U);
  EXPECT_EQ(cells_.rejected(Reason::rate_limited), 4U);
  EXPECT_EQ(cells_.rejected(Reason::invalid_signature), 1U) << "a copy with another signature";
}

TEST_F(PipelineTest, OtherRatesOfAuthorsHoldAtOnce) {
  make_with_rates(1, 1);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "1")).fate, Fate::stored);
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "2")).reason, Reason::rate_limited);
  pipeline_->set_author_rates({});
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "3")).fate, Fate::stored);
  pipeline_->set_author_rates({{1, std::chrono::hours(1), 1}, {}});
  EXPECT_EQ(fate_of(alice_.event(1, kNow, "4")).reason, Reason::rate_limited);
}

}  // namespace
}  // namespace pharos::ingest
