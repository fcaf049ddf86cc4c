#include "router/neg_client.h"

#include <gmock/gmock.h>

namespace pharos::router {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

EventId id(unsigned n) {
  EventId out;
  out.data.fill(7);
  out.data[0] = static_cast<std::uint8_t>(n);
  out.data[1] = static_cast<std::uint8_t>(n >> 8U);
  return out;
}

// Of the numbers from `begin` to before `end`, one a second.
NegItems numbers(unsigned begin, unsigned end) {
  NegItems set;
  for (unsigned n = end; n > begin; --n) set.add({n, id(n)});
  set.seal();
  return set;
}

TEST(NegClient, Nip77FindsWhatEachSideLacks) {
  const NegItems ours = numbers(0, 500);
  const NegItems theirs = numbers(3, 505);
  NegClient client("n", ours, {});
  const auto open = parse_client_message(client.begin(Filter{}), {});
  std::string message = std::get<NegOpenCommand>(open.value()).message;
  while (client.state() == NegClient::State::open) {
    std::string out;
    client.on(NegMessageReply{"other", "\x61"}, out);
    EXPECT_THAT(out, IsEmpty());
    client.on(NegMessageReply{"n", NegTurn(theirs, message, kLeastNegFrame).finish().value()}, out);
    if (client.state() != NegClient::State::open) {
      EXPECT_EQ(out, R"(["NEG-CLOSE","n"])");
      break;
    }
    message = std::get<NegMessageCommand>(parse_client_message(out, {}).value()).message;
  }
  EXPECT_EQ(client.state(), NegClient::State::done);
  EXPECT_THAT(client.difference().have, ElementsAre(id(1), id(2), id(3)));
  EXPECT_THAT(client.difference().need, ElementsAre(id(501), id(502), id(503), id(504), id(505)));
}

TEST(NegClient, Nip77TellsWhyThereIsNoDifference) {
  const NegItems set = numbers(0, 5);
  const auto state_after = [&](const std::string& reason) {
    NegClient client("n", set, {});
    client.on(NegErrReply{"other", "error: x"});
    EXPECT_EQ(client.state(), NegClient::State::open);
    client.on(NegErrReply{"n", reason});
    EXPECT_EQ(client.reason(), reason);
    return client.state();
  };
  EXPECT_EQ(state_after("blocked: this query is too big"), NegClient::State::too_big);
  EXPECT_EQ(state_after("unsupported: negentropy is not answered here"), NegClient::State::unable);
  EXPECT_EQ(state_after("closed: you took too long to respond!"), NegClient::State::failed);
}

TEST(NegClient, AnAnswerThatIsNoneEndsTheSession) {
  const NegItems set = numbers(0, 5);
  for (const char* answer : {"", "x", "\x61\x01"}) {
    NegClient client("n", set, {});
    std::string out;
    client.on(NegMessageReply{"n", answer}, out);
    EXPECT_EQ(client.state(), NegClient::State::failed);
    EXPECT_EQ(out, R"(["NEG-CLOSE","n"])");
  }
}

TEST(NegClient, WhatARelayClaimsIsBounded) {
  const NegItems set = numbers(0, 100);
  NegClient::Limits limits;
  limits.max_rounds = 10;
  NegClient client("n", set, limits);
  const std::string never_equal = std::string("\x61\0\0\1", 4) + std::string(16, 'x');
  std::string out;
  while (client.state() == NegClient::State::open) client.on(NegMessageReply{"n", never_equal}, out);
  EXPECT_EQ(client.rounds(), 10U);
  EXPECT_THAT(client.reason(), StartsWith("the relay comes to no end"));
  limits.max_ids = 3;
  NegClient other("n", set, limits);
  std::string list = std::string("\x61\1\0\2\4", 5);
  for (unsigned n = 0; n < 4; ++n) list.append(as_text(id(200 + n).span()));
  list.append(never_equal.substr(1));
  other.on(NegMessageReply{"n", list}, out);
  EXPECT_EQ(other.state(), NegClient::State::failed);
}

}  // namespace
}  // namespace pharos::router
