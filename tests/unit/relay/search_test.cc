// NIP-50 as a client sees it: refusals, what is asked of the store, and live events.

#include "relay/search.h"

#include "nostr/search_query.h"
#include "relay/live_index.h"
#include "relay/nips.h"
#include "support/event_factory.h"
#include "unit/relay/fsm_fixture.h"

namespace pharos::relay {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::shared_ptr<storage::WordIndexProgress> index_of(std::vector<Kind> kinds, storage::Seq built = 5) {
  storage::WordIndexState state;
  state.built = built;
  state.until = 5;
  state.kinds = std::move(kinds);
  return std::make_shared<storage::WordIndexProgress>(state);
}

std::vector<Filter> filters(std::initializer_list<std::string_view> texts) {
  std::vector<Filter> out;
  for (const std::string_view text : texts) out.push_back(parse_filter(text).value());
  return out;
}

TEST(Search, IsBoundToTheKindsThatAreIndexed) {
  const auto index = index_of({0, 1, 30023});
  auto some = filters({R"({"search":"a b1"})", R"({"search":"word"})", R"({"search":"word","kinds":[1,2,7]})",
                       R"({"search":"word","kinds":[7]})", R"({"kinds":[7]})"});
  narrow_searches(some, index.get());
  EXPECT_THAT(*some[1].kinds, ElementsAre(0, 1, 30023));
  EXPECT_THAT(*some[2].kinds, ElementsAre(1));
  EXPECT_TRUE(matches_nothing(some[3]));
  EXPECT_THAT(*some[4].kinds, ElementsAre(7));
}

TEST(Search, OfExtensionsAloneIsNone) {
  const auto index = index_of({1});
  auto some = filters({R"({"search":"include:spam"})", R"({"search":"","kinds":[7]})"});
  narrow_searches(some, index.get());
  EXPECT_FALSE(has_search(some));
  EXPECT_EQ(some[0].kinds, std::nullopt);
  EXPECT_THAT(*some[1].kinds, ElementsAre(7));
}

TEST(Search, IsAdvertisedOnceItCanBeAnswered) {
  Options options;
  EXPECT_THAT(supported_nips(options), Not(Contains(50U)));
  const auto index = index_of({1}, 3);
  options.search = index;
  EXPECT_THAT(supported_nips(options), Not(Contains(50U)));
  storage::WordIndexState done;
  done.built = done.until = 5;
  index->move_on(done);
  EXPECT_THAT(supported_nips(options), Contains(50U));
}

using SearchFsm = FsmTest;

TEST_F(SearchFsm, IsRefusedWhereItIsOff) {
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[1]},{"search":"word"}])"),
              ElementsAre(R"(["CLOSED","s","unsupported: search is not offered here"])"));
  EXPECT_THAT(say(R"(["COUNT","s",{"search":"word"}])"),
              ElementsAre(R"(["CLOSED","s","unsupported: search is not offered here"])"));
  EXPECT_THAT(say(R"(["REQ","s",{"search":"include:spam"}])"), ElementsAre(HasSubstr("unsupported: ")));
}

TEST_F(SearchFsm, IsRefusedInANegotiationWhereItIsOff) {
  const std::string open = R"(["NEG-OPEN","n",{"search":"word"},"6100000200"])";
  EXPECT_THAT(say(open), ElementsAre(R"(["NEG-ERR","n","unsupported: search is not offered here"])"));
}

TEST_F(SearchFsm, IsRefusedWhileTheIndexIsBuilt) {
  const auto index = index_of({1}, 3);
  options_->search = index;
  EXPECT_THAT(say(R"(["REQ","s",{"search":"word"}])"),
              ElementsAre(R"(["CLOSED","s","error: the search index is being built, try again later"])"));
  storage::WordIndexState done;
  done.built = done.until = 5;
  index->move_on(done);
  EXPECT_THAT(say(R"(["REQ","s",{"search":"word"}])"), ElementsAre("watch 1", "scan 1"));
}

TEST_F(SearchFsm, EndsTheSubscriptionOfThatNameWhenItIsRefused) {
  EXPECT_THAT(say(R"(["REQ","s",{}])"), ElementsAre("watch 1", "scan 1"));
  EXPECT_THAT(say(R"(["REQ","s",{"search":"word"}])"), ElementsAre("forget 1", HasSubstr("unsupported: ")));
}

TEST_F(SearchFsm, AsksTheStoreForTheKindsThatAreIndexed) {
  options_->search = index_of({1, 30023});
  Actions actions;
  fsm().on_message(R"(["REQ","s",{"search":"best word"}])", actions);
  ASSERT_THAT(actions, SizeIs(2));
  const auto& scan = std::get<action::Scan>(actions[1]);
  EXPECT_THAT(*scan.filters->front().kinds, ElementsAre(1, 30023));
  EXPECT_THAT(scan.filters->front().search->words, ElementsAre("best", "word"));
  EXPECT_THAT(say(R"(["REQ","other",{"search":"word","kinds":[7]}])"), ElementsAre("watch 2", HasSubstr("EOSE")));
  EXPECT_THAT(say(R"(["COUNT","c",{"search":"word"}])"), ElementsAre("count c"));
}

TEST_F(SearchFsm, RefusesASearchThatIsTooLong) {
  options_->search = index_of({1});
  EXPECT_THAT(say(R"(["REQ","s",{"search":")" + std::string(1025, 'a') + R"("}])"),
              ElementsAre(HasSubstr("invalid: search is not")));
  EXPECT_THAT(say(R"(["REQ","s",{"search":7}])"), ElementsAre(HasSubstr("invalid: search is not")));
}

class LiveSearch : public ::testing::Test {
 protected:
  LiveIndex::Handle add(std::string_view filter) {
    auto some = filters({filter});
    narrow_searches(some, index_of({1, 30023}).get());
    return live_.add({}, std::make_shared<const std::vector<Filter>>(std::move(some)));
  }
  std::size_t matches(Kind kind, const std::string& content) {
    std::vector<LiveIndex::Handle> out;
    live_.match(test::unsigned_event({kind, content, {}, 1'700'000'000, 0}), out);
    return out.size();
  }
  LiveIndex live_{1};
};

TEST_F(LiveSearch, GetsWhatMatches) {
  const auto handle = add(R"({"search":"orange -juice"})");
  EXPECT_EQ(matches(1, "an ORANGE"), 1U);
  EXPECT_EQ(matches(30023, "an orange"), 1U);
  EXPECT_EQ(matches(1, "orange juice"), 0U);
  EXPECT_EQ(matches(1, "apple"), 0U);
  EXPECT_EQ(matches(7, "orange"), 0U);
  live_.remove(handle);
  EXPECT_EQ(matches(1, "orange"), 0U);
}

TEST_F(LiveSearch, CombinesWithTheOtherFields) {
  const std::string author = test::unsigned_event({1, "", {}, 0, 0}).pubkey.hex();
  add(R"({"search":"orange","authors":[")" + author + R"("]})");
  add(R"({"search":"orange","authors":[")" + std::string(64, 'a') + R"("]})");
  add(R"({"search":"-apple","kinds":[1]})");
  EXPECT_EQ(matches(1, "orange"), 2U);
  EXPECT_EQ(matches(1, "apple orange"), 1U);
  EXPECT_EQ(matches(1, "apple"), 0U);
}

TEST_F(LiveSearch, IsLookedAtOnlyForItsWords) {
  for (int i = 0; i < 100; ++i) add(R"({"search":"some word)" + std::to_string(1000 + i) + R"("})");
  EXPECT_EQ(matches(1, "word1005 and some"), 1U);
  EXPECT_EQ(live_.last_candidates(), 1U);
  EXPECT_EQ(matches(1, "something else"), 0U);
  EXPECT_EQ(live_.last_candidates(), 0U);
}

}  // namespace
}  // namespace pharos::relay
