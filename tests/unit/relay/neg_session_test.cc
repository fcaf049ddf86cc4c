#include "relay/neg_session.h"

#include <gmock/gmock.h>

#include "nostr/kind.h"
#include "nostr/message.h"
#include "support/database.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using test::make;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class NegSessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<NegSession> open(const std::vector<std::string>& filters, KeyList readers = {}) {
    std::vector<Filter> parsed;
    for (const std::string& filter : filters) parsed.push_back(parse_filter(filter).value());
    return std::make_unique<NegSession>(parsed, std::make_shared<const KeyList>(std::move(readers)), "n", memory_,
                                        tree_, options_);
  }
  // The answer after as many slices as it takes; "" when it ended without one.
  std::string answer(NegSession& session, std::string message) {
    session.set_message(std::move(message));
    for (slices_ = 1;; ++slices_) {
      const ScanSlice slice = session.run_slice(db_.store(), clock_);
      end_ = slice.end;
      no_room_ = slice.no_room;
      if (slice.end == SliceEnd::more) continue;
      if (slice.bytes.empty()) return "";
      const auto reply = parse_relay_message(slice.bytes);
      EXPECT_EQ(slice.ends, std::vector{slice.bytes.size()});
      EXPECT_EQ(std::get<NegMessageReply>(reply.value()).subscription, "n");
      return std::get<NegMessageReply>(reply.value()).message;
    }
  }
  // What a client without events learns it lacks.
  std::vector<EventId> ids_of(const std::vector<std::string>& filters, KeyList readers = {}) {
    const auto session = open(filters, std::move(readers));
    NegItems nothing;
    nothing.seal();
    NegDifference difference;
    std::string message = neg_initial(nothing);
    while (!is_end(message)) {
      const std::string answered = answer(*session, message);
      if (answered.empty()) break;
      message = NegTurn(nothing, answered, kLeastNegFrame, &difference).finish().value();
    }
    return difference.need;
  }

  test::Database db_;
  ManualClock clock_{test::kNow};
  Options options_;
  std::shared_ptr<NegTreeKeeper> tree_;
  std::shared_ptr<NegMemory> memory_ = std::make_shared<NegMemory>(1U << 20U, metrics::RelayMetrics{});
  std::size_t slices_ = 0;
  SliceEnd end_ = SliceEnd::failed;
  bool no_room_ = false;
};

TEST_F(NegSessionTest, Nip77TellsWhatTheFiltersMatch) {
  const Event a = make(1, 1000);
  const Event b = make(7, 1000);
  const Event c = make(3, 1500);
  for (const Event& event : {a, b, c}) db_.put(event);
  EXPECT_THAT(ids_of({"{}"}), UnorderedElementsAre(a.id, b.id, c.id));
  EXPECT_THAT(ids_of({R"({"kinds":[1]})", R"({"kinds":[7]})", R"({"until":1000})"}), UnorderedElementsAre(a.id, b.id));
  EXPECT_THAT(ids_of({R"({"limit":1})"}), UnorderedElementsAre(c.id)) << "the newest";
  EXPECT_THAT(ids_of({R"({"kinds":[]})"}), IsEmpty());
}

TEST_F(NegSessionTest, Nip77NothingDeletedExpiredOrOfOthersIsInTheSet) {
  const Event note = make(1, 1000);
  db_.put(note);
  db_.put(make(1, 1001, {{"expiration", std::to_string(test::kNow - 1)}}), test::kNow - 10);
  const Event request = make(kind::kDeletion, 1002, {{"e", note.id.hex()}});
  db_.put(request);
  const Event wrap = make(1059, 1003, {{"p", std::string(64, 'a')}});
  db_.put(wrap);
  EXPECT_THAT(ids_of({"{}"}), UnorderedElementsAre(request.id));
  EXPECT_THAT(ids_of({"{}"}, {*PublicKey::from_hex(std::string(64, 'a'))}), UnorderedElementsAre(request.id, wrap.id));
  EXPECT_THAT(ids_of({"{}"}, {*PublicKey::from_hex(std::string(64, 'b'))}), UnorderedElementsAre(request.id));
}

TEST_F(NegSessionTest, TheSetIsThatOfTheBeginning) {
  db_.put(make(1, 1000));
  const auto session = open({"{}"});
  const std::string ask_all("\x61\0\0\2\0", 5);
  const std::string first = answer(*session, ask_all);
  db_.put(make(1, 1001));
  EXPECT_EQ(answer(*session, ask_all), first);
}

TEST_F(NegSessionTest, WorksInSlicesAndWithinTheFrame) {
  options_.slice_records = 10;
  options_.negentropy_frame_bytes = kLeastNegFrame;
  std::vector<Event> events;
  for (UnixSeconds at = 1000; at < 1300; ++at) events.push_back(make(1, at));
  db_.put_all(events);
  EXPECT_EQ(ids_of({"{}"}).size(), 300U);
  const auto session = open({"{}"});
  EXPECT_EQ(answer(*session, std::string("\x61\0\0\1", 4) + std::string(16, '\0')).size(), 306U);
  EXPECT_GT(slices_, 20U);
}

TEST_F(NegSessionTest, Nip77ASetOfAsManyAsTheCapIsWholeAndOneMoreTooBig) {
  options_.limits.max_negentropy_records = 5;
  options_.limits.max_scanned_records = 2;
  for (UnixSeconds at = 1000; at < 1005; ++at) db_.put(make(1, at));
  EXPECT_EQ(ids_of({"{}"}).size(), 5U);
  db_.put(make(1, 1005));
  EXPECT_THAT(ids_of({"{}"}), IsEmpty());
  EXPECT_EQ(end_, SliceEnd::cut_short);
  EXPECT_EQ(ids_of({R"({"limit":5})"}).size(), 5U);
}

TEST_F(NegSessionTest, Nip50ASearchHasABudgetOfItsOwn) {
  for (UnixSeconds at = 1000; at < 1010; ++at) db_.put(make(1, at, {}, 0, "fox " + std::to_string(at)));
  const std::string search = R"({"kinds":[1],"search":"fox"})";
  EXPECT_EQ(ids_of({search}).size(), 10U);
  options_.limits.max_search_candidates = 4;
  EXPECT_THAT(ids_of({search}), IsEmpty()) << "never a part of the set";
  EXPECT_EQ(end_, SliceEnd::cut_short);
  EXPECT_EQ(ids_of({R"({"kinds":[1]})"}).size(), 10U) << "of searches alone";
}

TEST_F(NegSessionTest, TheMemoryOfAllSetsIsCapped) {
  memory_ = std::make_shared<NegMemory>(6'000, metrics::RelayMetrics{});
  db_.put(make(1, 1000));
  auto first = open({"{}"});
  EXPECT_FALSE(answer(*first, "\x61").empty());
  EXPECT_THAT(ids_of({"{}"}), IsEmpty());
  EXPECT_EQ(end_, SliceEnd::failed);
  EXPECT_TRUE(no_room_);
  first.reset();
  EXPECT_EQ(ids_of({"{}"}).size(), 1U) << "given back";
}

TEST_F(NegSessionTest, Nip77AForeignVersionIsAnsweredByOursBeforeTheSetIsRead) {
  db_.put(make(1, 1000));
  const auto session = open({"{}"});
  EXPECT_EQ(answer(*session, "\x62"), "\x61");
  EXPECT_EQ(slices_, 1U);
  EXPECT_EQ(answer(*session, std::string("\x61\0\0\2\0", 5)).size(), 5U + EventId::kSize);
}

TEST_F(NegSessionTest, ACancelledOneHasNoAnswer) {
  const auto session = open({"{}"});
  session->set_message("\x61");
  session->cancel();
  EXPECT_TRUE(session->run_slice(db_.store(), clock_).bytes.empty());
}

}  // namespace
}  // namespace pharos::relay
