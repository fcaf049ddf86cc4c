#include "app/member_list.h"

#include <gmock/gmock.h>

#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/temp_dir.h"
#include "util/sync.h"

namespace pharos::app {
namespace {

using test::Person;
using ::testing::ElementsAre;
using testing::eventually;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::vector<std::string> tag(const Event& event, std::size_t i) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < event.tags[i].size(); ++at) items.emplace_back(event.tags[i][at]);
  return items;
}

class MemberListTest : public ::testing::Test {
 protected:
  Members members() const {
    return members_of({std::make_shared<ingest::AccessLists>(lists_), std::make_shared<ingest::FixedAccess>(fixed_), 1},
                      relay_.key());
  }

  Person relay_{1};
  Person alice_{2};
  Person bob_{3};
  ingest::AccessLists lists_;
  ingest::FixedAccess fixed_;
};

TEST_F(MemberListTest, MembersAreThoseWhoMayPublishTheRelayAside) {
  fixed_.exempt = {relay_.key(), bob_.key()};
  lists_.allowed_pubkeys[alice_.key()] = "";
  lists_.members[alice_.key()] = {"king"};
  EXPECT_EQ(members(), (Members{{alice_.key(), {"king"}}, {bob_.key(), {}}}));
  lists_.banned_pubkeys[alice_.key()] = "";
  EXPECT_EQ(members(), (Members{{bob_.key(), {}}}));
}

TEST_F(MemberListTest, Nip43AListIsReadAsItWasMade) {
  const Members members{{alice_.key(), {"king", "queen"}}, {bob_.key(), {}}};
  const Event list = member_list_event(members, {100, 10'000});
  EXPECT_EQ(list.kind, 13534);
  EXPECT_TRUE(is_protected(list));
  EXPECT_EQ(read_member_list(list), members);
}

TEST_F(MemberListTest, AListHasAsManyAsFit) {
  Members members;
  for (std::uint64_t i = 0; i < 20; ++i) members[Person(i).key()] = {};
  EXPECT_EQ(member_list_event(members, {11, 100'000}).tags.size(), 11U);
  const Event small = member_list_event(members, {100, 1'000});
  EXPECT_GT(small.tags.size(), 2U);
  EXPECT_LT(test::to_json(small).size(), 1'000U);
}

TEST_F(MemberListTest, Nip43ARoleHasAHueOrNoColor) {
  const Event role = role_event("28b7e50f", {"king", "ruler of the relay", "37", 1});
  EXPECT_EQ(role.kind, 33534);
  ASSERT_EQ(role.tags.size(), 6U);
  EXPECT_THAT(tag(role, 0), ElementsAre("-"));
  EXPECT_THAT(tag(role, 1), ElementsAre("d", "28b7e50f"));
  EXPECT_THAT(tag(role, 4), ElementsAre("color", "37"));
  EXPECT_THAT(tag(role, 5), ElementsAre("order", "1"));
  for (const char* color : {"#ff0000", "361", "-1", "red", ""})
    EXPECT_EQ(role_event("a", {"b", "", color, 0}).tags.size(), 4U) << color;
}

// Stores what it is given, and keeps a note of it, unless the test has a verdict of its own.
class NotingSink final : public ingest::Sink {
 public:
  explicit NotingSink(storage::Store& store) : store_(store) {}

  bool submit(ingest::Submission&& submission) override {
    if (is_full) return false;
    const storage::EventPtr event = submission.event;
    if (decide) {
      if (const auto verdict = decide(*event)) {
        submission.done(*verdict);
        return true;
      }
    }
    if (holds) {
      held.push_back(std::move(submission));
      return true;
    }
    put(std::move(submission));
    return true;
  }
  void put(ingest::Submission&& submission) {
    const storage::EventPtr event = submission.event;
    const auto shared = std::make_shared<ingest::Submission>(std::move(submission));
    EXPECT_TRUE(store_.submit(
        {event, 0, [this, shared, event](storage::PutOutcome outcome) {
           const bool is_stored = outcome == storage::PutOutcome::stored;
           shared->done({is_stored ? ingest::Fate::stored : ingest::Fate::replaced, ingest::Reason::none, {}});
           // Last: whoever sees it knows that the list does.
           if (is_stored) note(*event);
         }}));
  }
  // "kind" or "kind key", in the order in which they were stored, and forgets them.
  std::vector<std::string> taken() {
    Lock lock(mutex_);
    return std::exchange(stored_, {});
  }
  bool has(const std::string& what) {
    Lock lock(mutex_);
    return std::ranges::find(stored_, what) != stored_.end();
  }
  Event list() {
    Lock lock(mutex_);
    return list_;
  }

  std::function<std::optional<ingest::Verdict>(const Event&)> decide;
  bool is_full = false;
  bool holds = false;
  std::vector<ingest::Submission> held;

 private:
  void note(const Event& event) {
    std::string what = std::to_string(event.kind);
    if (const auto key = event.tags.first("p")) what += " " + std::string(*key);
    Lock lock(mutex_);
    stored_.push_back(std::move(what));
    if (event.kind == 13534) list_ = event;
  }

  storage::Store& store_;
  Mutex mutex_;
  std::vector<std::string> stored_ PHAROS_GUARDED_BY(mutex_);
  Event list_ PHAROS_GUARDED_BY(mutex_);
};

class ToldTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { store_->stop(); }

  void open() {
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 28U;
    store_ = std::move(storage::Store::open(options, clock_).value());
    sink_ = std::make_unique<NotingSink>(*store_);
    list_ = std::make_unique<MemberList>(*store_, *sink_, rules_, clock_, random_, relay_.secret(), limits_);
  }
  void reopen() {
    list_.reset();
    store_->stop();
    store_.reset();
    open();
  }
  void show() {
    rules_->set(std::make_shared<ingest::AccessRules>(std::make_shared<ingest::AccessLists>(lists_),
                                                      std::make_shared<ingest::FixedAccess>(), ++version_));
  }
  void allow(const Person& who) {
    lists_.allowed_pubkeys[who.key()] = "";
    show();
  }
  void unallow(const Person& who) {
    lists_.allowed_pubkeys.erase(who.key());
    show();
  }
  template <class Condition>
  bool ticks_until(Condition condition) {
    return eventually([&] {
      list_->tick();
      return condition();
    });
  }
  bool tells(const std::string& what) {
    return ticks_until([&] { return sink_->has(what); });
  }
  std::string came(const Person& who) const { return "8000 " + who.hex(); }
  std::string went(const Person& who) const { return "8001 " + who.hex(); }

  ManualClock clock_{1'700'000'000};
  SeededRandom random_{3};
  Person relay_{1};
  Person alice_{2};
  Person bob_{3};
  Person carol_{4};
  MemberListLimits limits_{100, 100'000};
  ingest::AccessLists lists_;
  std::uint64_t version_ = 1;
  ingest::RulesSnapshot rules_ =
      std::make_shared<Snapshot<ingest::AccessRules>>(std::make_shared<const ingest::AccessRules>());
  testing::TempDir directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<NotingSink> sink_;
  std::unique_ptr<MemberList> list_;
};

TEST_F(ToldTest, Nip43WhoDoesNotFitIntoTheListIsToldOfOnceAllTheSame) {
  limits_ = {4, 100'000};
  for (std::uint64_t i = 10; i < 20; ++i) allow(Person(i));
  reopen();
  ASSERT_TRUE(tells("13534"));
  EXPECT_THAT(sink_->taken(), ElementsAre("13534")) << "of the first ones nobody tells that they come";
  EXPECT_EQ(sink_->list().tags.size(), 4U);
  allow(alice_);
  ASSERT_TRUE(tells(came(alice_)));
  for (int restarts = 0; restarts < 2; ++restarts) {
    reopen();
    const Person one(30 + static_cast<std::uint64_t>(restarts));
    allow(one);
    ASSERT_TRUE(tells(came(one)));
    auto told = sink_->taken();
    std::erase(told, "13534");
    EXPECT_THAT(told, ElementsAre(came(one)));
  }
  unallow(Person(30));
  ASSERT_TRUE(tells(went(Person(30))));
}

TEST_F(ToldTest, Nip43WhoCameAndWentWhileNobodyToldIsToldAfterwards) {
  allow(alice_);
  allow(bob_);
  ASSERT_TRUE(tells("13534"));
  reopen();
  allow(carol_);
  unallow(alice_);
  ASSERT_TRUE(tells(went(alice_)));
  EXPECT_THAT(sink_->taken(), UnorderedElementsAre("13534", came(carol_), went(alice_)));
  EXPECT_EQ(read_member_list(sink_->list()), (Members{{bob_.key(), {}}, {carol_.key(), {}}}));
}

TEST_F(ToldTest, Nip43WhatWasRefusedIsToldAgainAfterAPause) {
  allow(alice_);
  ASSERT_TRUE(tells("13534"));
  sink_->taken();
  std::size_t refused = 0;
  sink_->decide = [&](const Event&) {
    ++refused;
    return ingest::Verdict{ingest::Fate::rejected, ingest::Reason::overloaded, "too much"};
  };
  lists_.roles["mod"] = {"Mods", "", "", 0};
  lists_.allowed_pubkeys.erase(alice_.key());
  allow(bob_);
  ASSERT_TRUE(ticks_until([&] { return refused == 4; })) << "the role, the list and both changes";
  for (int i = 0; i < 10; ++i) list_->tick();
  EXPECT_EQ(refused, 4U) << "not at once";
  clock_.advance(std::chrono::minutes(1));
  sink_->decide = nullptr;
  ASSERT_TRUE(ticks_until([&] { return sink_->has(went(alice_)) && sink_->has(came(bob_)); }));
  EXPECT_THAT(sink_->taken(), UnorderedElementsAre("33534", "13534", came(bob_), went(alice_)));
  EXPECT_EQ(read_member_list(sink_->list()), (Members{{bob_.key(), {}}}));
  reopen();
  allow(carol_);
  ASSERT_TRUE(tells(came(carol_)));
  EXPECT_THAT(sink_->taken(), UnorderedElementsAre("13534", came(carol_)));
}

TEST_F(ToldTest, Nip43OneThatIsAlwaysRefusedKeepsNobodyElseWaiting) {
  allow(alice_);
  ASSERT_TRUE(tells("13534"));
  std::size_t refused = 0;
  const std::string bob = bob_.hex();
  sink_->decide = [&](const Event& event) -> std::optional<ingest::Verdict> {
    if (event.kind != 8000 || event.tags.first("p") != bob) return std::nullopt;
    ++refused;
    return ingest::Verdict{ingest::Fate::rejected, ingest::Reason::policy, "no"};
  };
  allow(bob_);
  for (std::size_t times = 1; times <= 8; ++times) {
    ASSERT_TRUE(ticks_until([&] { return refused == times; }));
    const Person another(100 + times);
    allow(another);
    ASSERT_TRUE(tells(came(another))) << "while the clock stands still";
    EXPECT_TRUE(read_member_list(sink_->list()).contains(another.key()));
    EXPECT_EQ(refused, times) << "it rests";
    clock_.advance(std::chrono::minutes(10));
  }
  sink_->decide = nullptr;
  EXPECT_TRUE(tells(came(bob_)));
}

TEST_F(ToldTest, Nip43AListThatANewerOneIsStoredThanIsReadAgain) {
  allow(alice_);
  ASSERT_TRUE(tells("13534"));
  ingest::Submission newer;
  Event event = member_list_event({{carol_.key(), {}}}, limits_);
  event.created_at = clock_.unix_now() + 1'000;
  newer.event = test::share(relay_.sign(std::move(event)));
  newer.done = [](const ingest::Verdict&) {};
  sink_->put(std::move(newer));
  ASSERT_TRUE(eventually([&] { return sink_->list().created_at > clock_.unix_now(); }));
  allow(bob_);
  EXPECT_TRUE(ticks_until([&] {
    clock_.advance(std::chrono::seconds(1));
    return read_member_list(sink_->list()) == Members{{alice_.key(), {}}, {bob_.key(), {}}};
  }));
  EXPECT_GE(sink_->list().created_at, 1'700'001'001);
}

TEST_F(ToldTest, NothingMoreIsToldBeforeWhatIsToldIsDecided) {
  allow(alice_);
  ASSERT_TRUE(tells("13534"));
  sink_->holds = true;
  allow(bob_);
  ASSERT_TRUE(ticks_until([&] { return sink_->held.size() == 2; }));
  allow(carol_);
  list_->tick();
  EXPECT_THAT(sink_->held, SizeIs(2));
  sink_->holds = false;
  for (ingest::Submission& each : sink_->held) sink_->put(std::move(each));
  ASSERT_TRUE(tells(came(carol_)));
  sink_->is_full = true;
  unallow(carol_);
  for (int i = 0; i < 10; ++i) list_->tick();
  sink_->taken();
  sink_->is_full = false;
  EXPECT_TRUE(tells(went(carol_)));
}

}  // namespace
}  // namespace pharos::app
