#include "app/member_list.h"

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos::app {
namespace {

using test::Person;
using ::testing::ElementsAre;

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

}  // namespace
}  // namespace pharos::app
