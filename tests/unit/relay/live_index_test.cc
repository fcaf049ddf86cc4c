#include "relay/live_index.h"

#include <set>

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos::relay {
namespace {

using ::testing::IsEmpty;

constexpr UnixSeconds kNow = 1'700'000'000;

std::string key(int n) {
  const auto byte = static_cast<std::uint8_t>(n);
  return to_hex(std::vector<std::uint8_t>(32, byte));
}

Event event(int author, Kind kind, TagList tags = {}) {
  Event out;
  out.id.data.fill(0x77);
  out.pubkey = *PublicKey::from_hex(key(author));
  out.kind = kind;
  out.created_at = kNow;
  out.tags = std::move(tags);
  return out;
}

FilterList filters(std::initializer_list<std::string> texts) {
  auto out = std::make_shared<std::vector<Filter>>();
  for (const std::string& text : texts) out->push_back(parse_filter(text).value());
  return out;
}

class LiveIndexTest : public ::testing::Test {
 protected:
  LiveIndex::Handle add(std::uint64_t key, std::initializer_list<std::string> texts) {
    return index_.add({nullptr, key}, filters(texts));
  }
  std::set<std::uint64_t> matched(const Event& event) {
    std::vector<LiveIndex::Handle> handles;
    index_.match(event, handles);
    std::set<std::uint64_t> keys;
    for (const auto handle : handles) EXPECT_TRUE(keys.insert(index_.find(handle)->key).second) << "given twice";
    return keys;
  }
  LiveIndex index_{42};
};

TEST_F(LiveIndexTest, FindsByIdAuthorKindTagAndAll) {
  add(1, {R"({"ids":[")" + key(0x77) + R"("]})"});
  add(2, {R"({"authors":[")" + key(5) + R"("]})"});
  add(3, {R"({"kinds":[1]})"});
  add(4, {R"({"#t":["nostr"]})"});
  add(5, {R"({})"});
  add(6, {R"({"#T":["nostr"]})"});
  EXPECT_EQ(matched(event(5, 1, {{"t", "nostr"}})), (std::set<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(matched(event(6, 2)), (std::set<std::uint64_t>{1, 5}));
}

TEST_F(LiveIndexTest, GivesASubscriptionOnceHoweverManyFiltersMatch) {
  add(1, {R"({"kinds":[1]})", R"({})", R"({"authors":[")" + key(5) + R"("]})", R"({"#t":["a","b"]})"});
  EXPECT_EQ(matched(event(5, 1, {{"t", "a"}, {"t", "b"}, {"t", "a"}})), (std::set<std::uint64_t>{1}));
}

TEST_F(LiveIndexTest, ChecksTheWholeFilterOfACandidate) {
  add(1, {R"({"authors":[")" + key(5) + R"("],"kinds":[7]})"});
  add(2, {R"({"authors":[")" + key(5) + R"("],"since":1700000001})"});
  add(3, {R"({"authors":[")" + key(5) + R"("],"until":1700000000,"limit":0})"});
  EXPECT_EQ(matched(event(5, 1)), (std::set<std::uint64_t>{3})) << "since and until hold live, limit does not";
}

TEST_F(LiveIndexTest, NeverMatchesFiltersThatAskForNothing) {
  add(1, {R"({"ids":[]})", R"({"authors":[]})", R"({"kinds":[]})", R"({"#t":[]})"});
  EXPECT_THAT(matched(event(5, 1, {{"t", "a"}})), IsEmpty());
}

TEST_F(LiveIndexTest, ForgetsWhatWasRemoved) {
  const auto first = add(1, {R"({"kinds":[1,2,3]})", R"({"#t":["a","b"]})"});
  add(2, {R"({"kinds":[1,2,3]})"});
  index_.remove(first);
  index_.remove(first);
  EXPECT_EQ(index_.find(first), nullptr);
  EXPECT_EQ(matched(event(5, 2, {{"t", "a"}})), (std::set<std::uint64_t>{2}));
  EXPECT_EQ(index_.size(), 1U);
}

TEST_F(LiveIndexTest, AHandleNeverNamesTheOneThatTookItsPlace) {
  const auto first = add(1, {R"({"kinds":[1]})"});
  index_.remove(first);
  const auto second = add(2, {R"({"kinds":[1]})"});
  EXPECT_EQ(first.slot, second.slot);
  EXPECT_EQ(index_.find(first), nullptr);
  index_.remove(first);
  EXPECT_EQ(matched(event(5, 1)), (std::set<std::uint64_t>{2}));
}

TEST_F(LiveIndexTest, CostDoesNotGrowWithOtherPeoplesSubscriptions) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Filter filter;
    PublicKey author{};
    author.data[0] = static_cast<std::uint8_t>(i);
    author.data[1] = static_cast<std::uint8_t>(i >> 8U);
    author.data[2] = 1;
    filter.authors = {author};
    filter.kinds = {1};
    index_.add({nullptr, i}, std::make_shared<const std::vector<Filter>>(1, filter));
  }
  add(9999, {R"({"authors":[")" + key(5) + R"("],"kinds":[1]})"});
  EXPECT_EQ(matched(event(5, 1)), (std::set<std::uint64_t>{9999}));
  EXPECT_EQ(index_.last_candidates(), 1U);
}

TEST_F(LiveIndexTest, LooksARepeatedTagUpOnce) {
  for (std::uint64_t i = 0; i < 10; ++i) add(i, {R"({"#t":["x"],"kinds":[30000]})"});
  TagList tags;
  for (int i = 0; i < 1000; ++i) tags.add({"t", "x"});
  EXPECT_THAT(matched(event(5, 1, tags)), IsEmpty());
  EXPECT_EQ(index_.last_candidates(), 10U);
}

TEST_F(LiveIndexTest, AgreesWithTheFiltersUnderChurn) {
  SeededRandom random(7);
  struct Listed {
    LiveIndex::Handle handle;
    FilterList filters;
  };
  std::map<std::uint64_t, Listed> listed;
  const auto random_filter = [&] {
    Filter filter;
    if (random.below(3) == 0) filter.kinds = {static_cast<Kind>(random.below(4))};
    if (random.below(3) == 0) filter.authors = {*PublicKey::from_hex(key(static_cast<int>(random.below(4))))};
    if (random.below(3) == 0) filter.tags.push_back({'t', {std::string(1, static_cast<char>('a' + random.below(4)))}});
    if (random.below(8) == 0) filter.ids = {EventId{}};
    return filter;
  };
  for (std::uint64_t step = 1; step < 3000; ++step) {
    if (random.below(2) == 0 || listed.empty()) {
      std::vector<Filter> some(1 + random.below(3));
      for (Filter& filter : some) filter = random_filter();
      auto list = std::make_shared<const std::vector<Filter>>(std::move(some));
      listed[step] = {index_.add({nullptr, step}, list), list};
    } else {
      const auto at = std::next(listed.begin(), static_cast<std::ptrdiff_t>(random.below(listed.size())));
      index_.remove(at->second.handle);
      listed.erase(at);
    }
    const Event probe = event(static_cast<int>(random.below(4)), static_cast<Kind>(random.below(4)),
                              {{"t", std::string(1, static_cast<char>('a' + random.below(4)))}});
    std::set<std::uint64_t> expected;
    for (const auto& [number, entry] : listed) {
      for (const Filter& filter : *entry.filters) {
        if (matches(filter, probe)) expected.insert(number);
      }
    }
    ASSERT_EQ(matched(probe), expected);
  }
}

}  // namespace
}  // namespace pharos::relay
