#include "relay/access.h"

#include <gtest/gtest.h>

#include "support/event_builder.h"

namespace pharos::relay {
namespace {

using test::Person;
using test::to_json;

constexpr UnixSeconds kNow = 1'700'000'000;

class AccessTest : public ::testing::Test {
 protected:
  static std::vector<Filter> filters(std::initializer_list<std::string> texts) {
    std::vector<Filter> out;
    for (const std::string& text : texts) out.push_back(parse_filter(text).value());
    return out;
  }
  Person alice_{1};
  Person bob_{2};
  Person carol_{3};
  const KeyList nobody_{};
  const KeyList alice_only_{alice_.key()};
};

TEST_F(AccessTest, Nip17GatesKinds4And1059And21059) {
  EXPECT_TRUE(is_gated(4) && is_gated(1059) && is_gated(21059));
  EXPECT_FALSE(is_gated(1) || is_gated(13) || is_gated(1060));
}

TEST_F(AccessTest, Nip17TheAuthorAndTheRecipientMayRead) {
  const Event message = alice_.event(4, kNow, "?", {{"e", "x"}, {"p", bob_.hex()}});
  EXPECT_FALSE(may_read(message, nobody_));
  EXPECT_TRUE(may_read(message, {alice_.key()}));
  EXPECT_TRUE(may_read(message, {bob_.key()}));
  EXPECT_FALSE(may_read(message, {carol_.key()}));
  EXPECT_TRUE(may_read(message, {carol_.key(), bob_.key()}));
}

TEST_F(AccessTest, Nip17FiltersForGatedKindsAloneNeedAuth) {
  EXPECT_EQ(read_access(filters({R"({"kinds":[4]})", R"({"kinds":[1059,21059]})"}), nobody_),
            ReadAccess::auth_required);
  EXPECT_EQ(read_access(filters({R"({"kinds":[4,1]})"}), nobody_), ReadAccess::open);
  EXPECT_EQ(read_access(filters({R"({})"}), nobody_), ReadAccess::open);
  EXPECT_EQ(read_access(filters({R"({"kinds":[4]})", R"({"kinds":[1]})"}), nobody_), ReadAccess::open);
  EXPECT_EQ(read_access(filters({R"({"kinds":[4]})"}), alice_only_), ReadAccess::open);
}

TEST_F(AccessTest, Nip17FiltersWhollyForOthersAreRestricted) {
  const auto for_bob = R"({"kinds":[1059],"#p":[")" + bob_.hex() + R"("]})";
  const auto for_alice = R"({"kinds":[1059],"#p":[")" + alice_.hex() + R"("]})";
  EXPECT_EQ(read_access(filters({for_bob}), alice_only_), ReadAccess::restricted);
  EXPECT_EQ(read_access(filters({for_alice}), alice_only_), ReadAccess::open);
  EXPECT_EQ(read_access(filters({for_bob, for_alice}), alice_only_), ReadAccess::open);
}

TEST_F(AccessTest, Nip04ASenderMayAskForWhatWentToOthers) {
  EXPECT_EQ(read_access(filters({R"({"kinds":[4],"#p":[")" + bob_.hex() + R"("]})"}), alice_only_), ReadAccess::open);
  EXPECT_EQ(read_access(filters({R"({"kinds":[4],"authors":[")" + bob_.hex() + R"("]})"}), alice_only_),
            ReadAccess::open);
  EXPECT_EQ(
      read_access(filters({R"({"kinds":[4],"authors":[")" + carol_.hex() + R"("],"#p":[")" + bob_.hex() + R"("]})"}),
                  alice_only_),
      ReadAccess::restricted);
}

TEST_F(AccessTest, Nip37DraftsAreForTheirAuthorAlone) {
  const Gates gates{true, true};
  for (const Kind kind : {Kind{1234}, Kind{10013}, Kind{31234}}) {
    EXPECT_TRUE(gates.covers(kind));
    EXPECT_FALSE(Gates{}.covers(kind)) << "not by default";
    const Event draft = alice_.event(kind, kNow, "?", {{"d", "x"}, {"p", bob_.hex()}});
    EXPECT_TRUE(may_read(draft, alice_only_));
    EXPECT_FALSE(may_read(draft, {bob_.key()})) << "who is named in it is no party of it";
    EXPECT_FALSE(may_read(draft, nobody_));
  }
  const auto own = filters({R"({"kinds":[31234],"authors":[")" + alice_.hex() + R"("]})"});
  EXPECT_EQ(read_access(own, nobody_, gates), ReadAccess::auth_required);
  EXPECT_EQ(read_access(own, nobody_), ReadAccess::open);
  EXPECT_EQ(read_access(own, alice_only_, gates), ReadAccess::open);
  EXPECT_EQ(read_access(own, {bob_.key()}, gates), ReadAccess::restricted);
  EXPECT_EQ(read_access(filters({R"({"kinds":[31234]})"}), {bob_.key()}, gates), ReadAccess::open);
  EXPECT_EQ(read_access(filters({R"({"kinds":[31234,1]})"}), nobody_, gates), ReadAccess::open);
  EXPECT_EQ(read_access(filters({R"({"kinds":[4]})"}), nobody_, {false, true}), ReadAccess::open);
}

TEST_F(AccessTest, Nip70ProtectedEventsNeedTheirAuthor) {
  const Event event = alice_.event(1, kNow, "mine", {{"-"}});
  EXPECT_EQ(write_access(event, nobody_), WriteAccess::auth_required);
  EXPECT_EQ(write_access(event, {bob_.key()}), WriteAccess::restricted);
  EXPECT_EQ(write_access(event, {bob_.key(), alice_.key()}), WriteAccess::open);
  EXPECT_EQ(write_access(alice_.event(1, kNow, "-", {{"t", "-"}}), nobody_), WriteAccess::open);
}

TEST_F(AccessTest, Nip70AnyTagThatBeginsWithTheMarkerProtects) {
  EXPECT_EQ(write_access(alice_.event(1, kNow, "", {{"t", "x"}, {"-", "more"}}), nobody_), WriteAccess::auth_required);
}

TEST_F(AccessTest, Nip70RepostsOfProtectedEventsAreRefused) {
  const Event inner = alice_.event(1, kNow, "mine", {{"-"}});
  for (const Kind kind : {Kind{6}, Kind{16}}) {
    EXPECT_EQ(write_access(bob_.event(kind, kNow, to_json(inner)), {bob_.key()}), WriteAccess::restricted);
  }
  EXPECT_EQ(write_access(alice_.event(6, kNow, to_json(inner)), nobody_), WriteAccess::auth_required);
  EXPECT_EQ(write_access(alice_.event(6, kNow, to_json(inner)), alice_only_), WriteAccess::open);
  EXPECT_EQ(write_access(bob_.event(1, kNow, to_json(inner)), nobody_), WriteAccess::open) << "a note is no repost";
}

TEST_F(AccessTest, Nip70LooksIntoRepostsOfReposts) {
  const Event inner = alice_.event(1, kNow, "mine", {{"-"}});
  const Event repost = carol_.event(6, kNow, to_json(inner));
  EXPECT_EQ(write_access(bob_.event(16, kNow, to_json(repost)), {bob_.key()}), WriteAccess::restricted);
}

TEST_F(AccessTest, Nip70TextThatLooksLikeAMarkerIsNone) {
  const Event inner = alice_.event(1, kNow, R"(["-"])");
  EXPECT_EQ(write_access(bob_.event(6, kNow, to_json(inner)), nobody_), WriteAccess::open);
  EXPECT_EQ(write_access(bob_.event(6, kNow, R"({"tags":[["-"]]})"), nobody_), WriteAccess::open);
  EXPECT_EQ(write_access(bob_.event(6, kNow, ""), nobody_), WriteAccess::open);
}

}  // namespace
}  // namespace pharos::relay
