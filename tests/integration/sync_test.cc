// `pharos sync` between two databases: equal afterwards, whichever of them is served.

#include <set>

#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "support/event_factory.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/signed_notes.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string as_lines(const std::vector<Event>& events) {
  std::string lines;
  for (const Event& event : events) {
    append_event_json(lines, event);
    lines += '\n';
  }
  return lines;
}

std::set<std::string> ids_of(const PharosInstance& instance, const std::string& filter = "{}") {
  const Ran scanned = instance.command({"scan", "--filter", filter});
  EXPECT_EQ(scanned.exit_code, 0) << scanned.err;
  std::set<std::string> ids;
  std::istringstream lines(scanned.out);
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(ids.insert(line).second) << "twice: " << line;
  return ids;
}

// Two databases of which each lacks some of the notes; the first is served.
class Sync : public ::testing::Test {
 protected:
  static constexpr std::size_t kNotes = 3'000;
  static constexpr std::size_t kLacking = 40;

  void SetUp() override {
    const SystemClock clock;
    notes_ = signed_notes(kNotes, clock.unix_now() - 90'000, 5);
    // Spread over the whole set.
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      const std::size_t place = i % (kNotes / kLacking);
      if (place != 3) first_.push_back(notes_[i]);
      if (place != 8) second_.push_back(notes_[i]);
    }
    for (auto& [instance, events] : {std::pair(&there_, &first_), {&here_, &second_}}) {
      ASSERT_TRUE(instance->start()) << instance->log();
      ASSERT_EQ(instance->terminate(), 0);
      ASSERT_EQ(instance->command({"import", "-"}, as_lines(*events)).exit_code, 0);
    }
    ASSERT_TRUE(there_.start()) << there_.log();
  }

  Ran sync(std::vector<std::string> options = {}) {
    std::vector<std::string> words{"sync", there_.relay_url()};
    words.insert(words.end(), options.begin(), options.end());
    return here_.command(words);
  }

  std::vector<Event> notes_;
  std::vector<Event> first_;
  std::vector<Event> second_;
  PharosInstance there_;
  PharosInstance here_;
};

TEST_F(Sync, BothWaysMakesTheSetsEqualAndASecondTimeFindsNothing) {
  const Ran first = sync();
  EXPECT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_THAT(first.out, HasSubstr("40 missing here, 40 missing there"));
  EXPECT_EQ(ids_of(here_).size(), kNotes);
  EXPECT_EQ(ids_of(here_), ids_of(there_));
  const Ran again = sync();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("3000 events here, 0 missing here, 0 missing there"));
  EXPECT_THAT(again.out, HasSubstr("negentropy: 1 sessions, 1 messages each way"));
}

TEST_F(Sync, ARelayThatTakesNoMoreConnectionsForNowIsAskedAgain) {
  ASSERT_EQ(there_.terminate(), 0);
  there_.set_settings("[rate]\nexempt_addresses = []\naddress_connections = \"20/min burst 1\"\n");
  ASSERT_TRUE(there_.start()) << there_.log();
  while (http_get(there_.relay_address(), "/").status != 429) {
  }
  const Ran ran = sync({"--dir", "none"});
  EXPECT_THAT(ran.out, HasSubstr("40 missing here, 40 missing there")) << ran.err;
}

TEST_F(Sync, BesideARunningInstanceGoesThroughIt) {
  ASSERT_TRUE(here_.start()) << here_.log();
  const Ran synced = sync();
  EXPECT_EQ(synced.exit_code, 0) << synced.out << synced.err;
  EXPECT_THAT(synced.out, HasSubstr("fetched: 40 stored"));
  EXPECT_EQ(ids_of(here_), ids_of(there_));
  NostrClient client(here_.relay_address());
  EXPECT_EQ(client.query(R"({"ids":[")" + notes_[8].id.hex() + R"("]})").size(), 1U);
}

TEST_F(Sync, EachDirectionAlone) {
  const Ran none = sync({"--dir", "none"});
  EXPECT_EQ(none.exit_code, 0) << none.err;
  EXPECT_THAT(none.out, HasSubstr("40 missing here, 40 missing there"));
  EXPECT_THAT(none.out, HasSubstr("nothing was fetched or sent: --dir none"));
  EXPECT_EQ(ids_of(here_).size(), second_.size());
  EXPECT_EQ(sync({"--dir", "down"}).exit_code, 0);
  EXPECT_EQ(ids_of(here_).size(), kNotes);
  EXPECT_EQ(ids_of(there_).size(), first_.size());
  EXPECT_EQ(sync({"--dir", "up"}).exit_code, 0);
  EXPECT_EQ(ids_of(there_), ids_of(here_));
}

TEST_F(Sync, ARelayWithoutNegentropyIsAskedForEverything) {
  ASSERT_EQ(there_.terminate(), 0);
  there_.set_settings("negentropy = false\n");
  ASSERT_TRUE(there_.start()) << there_.log();
  const Ran synced = sync();
  EXPECT_EQ(synced.exit_code, 0) << synced.out << synced.err;
  EXPECT_THAT(synced.out, HasSubstr("40 missing here, 40 missing there"));
  EXPECT_THAT(synced.out, HasSubstr("everything was asked for"));
  EXPECT_EQ(ids_of(here_), ids_of(there_));
}

TEST_F(Sync, ASetThatIsTooBigIsTakenInParts) {
  ASSERT_EQ(there_.terminate(), 0);
  there_.set_settings("max_negentropy_records = 700\nnegentropy_trees = []\n");
  ASSERT_TRUE(there_.start()) << there_.log();
  const Ran synced = sync();
  EXPECT_EQ(synced.exit_code, 0) << synced.out << synced.err;
  EXPECT_THAT(synced.out, HasSubstr("40 missing here, 40 missing there"));
  EXPECT_EQ(ids_of(here_), ids_of(there_));
}

TEST_F(Sync, ARelayThatLimitsRatesIsAskedAgain) {
  ASSERT_EQ(there_.terminate(), 0);
  there_.set_settings(
      "negentropy = false\n[rate]\nexempt_addresses = []\nconnection_requests = \"4/s burst 4\"\n"
      "connection_events = \"20/s burst 20\"\n");
  ASSERT_TRUE(there_.start()) << there_.log();
  const Ran synced = sync();
  EXPECT_EQ(synced.exit_code, 0) << synced.out << synced.err;
  EXPECT_THAT(synced.out, HasSubstr("sent: 40 stored, 0 known already, 0 refused"));
  EXPECT_EQ(ids_of(here_), ids_of(there_));
}

TEST_F(Sync, ARelayThatWantsToKnowWhoAsksIsTold) {
  ASSERT_EQ(there_.terminate(), 0);
  there_.set_settings("auth_to_read = true\nauth_to_write = true\n");
  ASSERT_TRUE(there_.start()) << there_.log();
  const Ran synced = sync();
  EXPECT_EQ(synced.exit_code, 0) << synced.out << synced.err;
  EXPECT_EQ(ids_of(here_), ids_of(there_));
}

TEST_F(Sync, TakesAFilterAndNeverSendsWhatIsPrivateOrProtected) {
  const SystemClock clock;
  const auto at = clock.unix_now() - 100;
  const std::vector<Event> more{
      test::signed_event({.kind = 1059, .tags = {{"p", std::string(64, 'a')}}, .created_at = at}),
      test::signed_event({.content = "mine", .tags = {{"-"}}, .created_at = at}),
      test::signed_event({.kind = 7, .content = "+", .created_at = at})};
  ASSERT_EQ(here_.command({"import", "-"}, as_lines(more)).exit_code, 0);
  const Ran seven = sync({"--filter", R"({"kinds":[7]})", "--dir", "up"});
  EXPECT_EQ(seven.exit_code, 0) << seven.err;
  EXPECT_THAT(seven.out, HasSubstr("1 missing there"));
  EXPECT_EQ(ids_of(there_, R"({"kinds":[7]})").size(), 1U);
  const Ran all = sync({"--dir", "up"});
  EXPECT_THAT(all.out, HasSubstr("not sent: 2 private or protected events"));
  EXPECT_EQ(ids_of(there_, R"({"kinds":[1059]})").size(), 0U);
}

TEST_F(Sync, SaysWhatIsWrong) {
  const Ran dead = here_.command({"sync", "ws://127.0.0.1:1/"});
  EXPECT_EQ(dead.exit_code, 69) << dead.err;
  EXPECT_EQ(here_.command({"sync", "http://127.0.0.1/"}).exit_code, 64);
  EXPECT_EQ(sync({"--filter", R"({"limit":5})"}).exit_code, 64);
  EXPECT_EQ(sync({"--dir", "sideways"}).exit_code, 64);
}

TEST_F(Sync, WhereNothingWasComparedNothingIsCounted) {
  for (const char* negentropy : {"true", "false"}) {
    ASSERT_EQ(there_.terminate(), 0);
    there_.set_settings("members_only = \"read_write\"\nnegentropy = " + std::string(negentropy) + "\n");
    ASSERT_TRUE(there_.start()) << there_.log();
    const Ran refused = sync({"--dir", "none"});
    EXPECT_EQ(refused.exit_code, 69);
    EXPECT_EQ(refused.out, "") << negentropy;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("refused"), HasSubstr("nothing was compared")));
  }
}

}  // namespace
}  // namespace pharos::testing
