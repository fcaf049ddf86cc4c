// NIP-45: counts, and how many people they are.

#include <array>
#include <bit>

#include <gmock/gmock.h>

#include "support/nip_client.h"

namespace pharos::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Nip45 : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return client_.keep(event); }
  static std::string counted(int n) { return "{\"count\":" + std::to_string(n) + "}"; }

  NipClient client_;
  test::Person alice_ = somebody();
};

TEST_F(Nip45, CountsEachEventOnceOverAllFilters) {
  for (int i = 0; i < 3; ++i) keep(alice_.event(1, now() - i, std::to_string(i), {{"t", "counted"}}));
  keep(alice_.event(7, now(), "+"));
  const std::string all = "{" + authors(alice_) + "}";
  const std::string notes = "{" + authors(alice_) + ",\"kinds\":[1]}";
  EXPECT_EQ(client_.count(all), counted(4));
  EXPECT_EQ(client_.count(notes), counted(3));
  EXPECT_EQ(client_.count(all + "," + notes + "," + notes), counted(4));
  EXPECT_EQ(client_.count("{\"ids\":[" + in_quotes(std::string(64, 'b')) + "]}"), counted(0));
  EXPECT_EQ(client_.count("{\"kinds\":[]}"), counted(0));
  EXPECT_EQ(client_.count("{" + authors(alice_) + ",\"since\":" + std::to_string(now() + 60) + "}"), counted(0));
}

TEST_F(Nip45, CountsMoreThanARequestWouldGet) {
  constexpr int kMany = 1'100;  // more than max_limit
  for (int i = 0; i < kMany; ++i)
    client_.send("[\"EVENT\"," + test::to_json(alice_.event(1, now() - i, std::to_string(i))) + "]");
  for (int i = 0; i < kMany; ++i) EXPECT_THAT(client_.wait_for("[\"OK\""), HasSubstr(",true,"));
  EXPECT_EQ(client_.count("{" + authors(alice_) + "}"), counted(kMany));
}

TEST_F(Nip45, DeletedAndReplacedEventsDoNotCount) {
  const Event note = keep(alice_.event(1, now(), "x"));
  keep(alice_.event(0, now() - 10, "older"));
  keep(alice_.event(0, now(), "newer"));
  keep(alice_.event(5, now(), "", {{"e", note.id.hex()}}));
  EXPECT_EQ(client_.count("{" + authors(alice_) + "}"), counted(2));
}

TEST_F(Nip45, RefusalsAreClosed) {
  EXPECT_THAT(client_.ask(R"(["COUNT","c",{"kinds":[-1]}])"), StartsWith(R"(["CLOSED","c","invalid: )"));
  EXPECT_THAT(client_.ask(R"(["COUNT","c",{"x":1}])"), StartsWith(R"(["CLOSED","c","unsupported: )"));
  EXPECT_THAT(client_.ask(R"(["COUNT","c"])"), StartsWith(R"(["CLOSED","c","invalid: )"));
  EXPECT_THAT(client_.ask(R"(["COUNT","c",{"kinds":[1059]}])"), StartsWith(R"(["CLOSED","c","auth-required: )"));
  EXPECT_THAT(client_.ask(R"(["COUNT","c",{"ids":[]}])"), HasSubstr("\"count\":0"));
}

TEST_F(Nip45, ACountIsNoSubscription) {
  EXPECT_EQ(client_.count("{" + authors(alice_) + "}"), counted(0));
  keep(alice_.event(1, now(), "x"));
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
  // Clients end a COUNT like a REQ.
  client_.send(R"(["CLOSE","count0"])");
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
  // One name for both is two things.
  client_.subscribe("same", "{" + authors(alice_) + "}");
  EXPECT_THAT(client_.ask("[\"COUNT\",\"same\",{" + authors(alice_) + "}]"), HasSubstr("\"count\":1"));
  const Event live = keep(alice_.event(1, now(), "live"));
  EXPECT_THAT(client_.heard("same", live), ::testing::ElementsAre(live.id));
}

// As the NIP words it: the register is the byte of the key at the offset, its value one more than the zero bits behind.
std::string registers(const std::vector<PublicKey>& people, std::size_t offset) {
  std::array<int, 256> values{};
  for (const PublicKey& key : people) {
    int zeros = 0;
    for (std::size_t at = offset + 1; at < 32; ++at) {
      zeros += std::countl_zero(key.data[at]);
      if (key.data[at] != 0) break;
    }
    values[key.data[offset]] = std::max(values[key.data[offset]], zeros + 1);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const int value : values) {
    hex += kDigits[static_cast<std::size_t>(value / 16)];
    hex += kDigits[static_cast<std::size_t>(value % 16)];
  }
  return hex;
}

TEST_F(Nip45, ReactionsAreCountedByPeopleToo) {
  const std::string target = alice_.hex().replace(32, 1, "b");
  std::vector<PublicKey> people;
  for (int i = 0; i < 60; ++i) {
    test::Person person = somebody();
    people.push_back(person.key());
    keep(person.event(7, now(), "+", {{"e", target}}));
    if (i % 2 == 0) keep(person.event(7, now(), "-", {{"e", target}}));
  }
  // The 33rd digit, b, stands for 11; and 8.
  EXPECT_EQ(client_.count("{\"kinds\":[7],\"#e\":[" + in_quotes(target) + "]}"),
            "{\"count\":90,\"hll\":\"" + registers(people, 19) + "\"}");
}

TEST_F(Nip45, PeopleAreCountedOnlyWhereRelaysAgree) {
  const std::string target = in_quotes(std::string(64, 'c'));
  for (const std::string& filters :
       {"{\"#e\":[" + target + "]}", "{\"kinds\":[7],\"#e\":[" + target + "," + in_quotes(std::string(64, 'd')) + "]}",
        "{\"kinds\":[7],\"#e\":[" + target + "],\"since\":1}", "{\"kinds\":[7]," + authors(alice_) + "}",
        "{\"kinds\":[7],\"#e\":[" + target + "]},{\"kinds\":[6],\"#e\":[" + target + "]}",
        "{\"kinds\":[7],\"#e\":[" + target + "],\"#p\":[" + in_quotes(alice_.hex()) + "]}"}) {
    EXPECT_THAT(client_.count(filters), AllOf(StartsWith("{\"count\":"), Not(HasSubstr("hll")))) << filters;
  }
}

}  // namespace
}  // namespace pharos::testing
