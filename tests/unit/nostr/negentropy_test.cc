#include "nostr/negentropy.h"

#include <algorithm>
#include <map>
#include <random>

#include <gmock/gmock.h>

#include "util/hex.h"

namespace pharos {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kWide = 1U << 30U;

EventId filled(unsigned byte) {
  EventId id;
  id.data.fill(static_cast<std::uint8_t>(byte));
  return id;
}

NegItems set_of(std::vector<NegItem> items) {
  std::ranges::sort(items, [](const NegItem& a, const NegItem& b) {
    return a.created_at != b.created_at ? a.created_at > b.created_at : a.id < b.id;
  });
  NegItems set;
  for (const NegItem& item : items) set.add(item);
  set.seal();
  return set;
}

// The set of the reference vectors: created_at 1000 + i, id 32 times i + 1.
NegItems vector_set(unsigned count) {
  std::vector<NegItem> items;
  for (unsigned i = 0; i < count; ++i) items.push_back({1000 + i, filled(i + 1)});
  return set_of(items);
}

std::string bytes_of(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  EXPECT_TRUE(decode_hex(hex, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
  return bytes;
}

std::string answer_hex(const NegItems& set, std::string_view message_hex) {
  const std::string message = bytes_of(message_hex);
  auto answer = NegTurn(set, message, kWide).finish();
  if (!answer) return std::string(describe(answer.error()));
  return to_hex(as_bytes(answer.value()));
}

TEST(Negentropy, Nip77WireVectors) {
  const std::string one = filled(1).hex();
  EXPECT_EQ(answer_hex(vector_set(0), "6100000200"), "6100000200");
  EXPECT_EQ(answer_hex(vector_set(1), "6100000200"), "6100000201" + one);
  EXPECT_EQ(answer_hex(vector_set(1), "61000001ce041765675ad4d93378e20bd3a7d0d9"), "61");
  const std::string unequal = "61000001" + std::string(32, '0');
  EXPECT_EQ(answer_hex(vector_set(1), unequal), "6100000201" + one);
  EXPECT_EQ(answer_hex(vector_set(40), unequal).size() / 2, 306U);
  EXPECT_EQ(answer_hex(vector_set(3), "61"), "61");
}

TEST(Negentropy, BadMessagesAreFaults) {
  const NegItems set = vector_set(3);
  const std::map<std::string, NegFault> bad{
      {"", NegFault::no_message},
      {"5f", NegFault::no_message},
      {"70", NegFault::no_message},
      {"62", NegFault::foreign_version},
      {"610000", NegFault::truncated},
      {"61000003", NegFault::bad_mode},
      {"610000028fffffff7f", NegFault::truncated},
      {"61002100", NegFault::bad_bound},
      {"6101", NegFault::truncated},
      {"61000001" + std::string(30, '0'), NegFault::truncated},
      // Eleven digits, and ten of more than 64 bits.
      {"61" + std::string(20, '8') + "0100", NegFault::bad_number},
      {"61ffffffffffffffffff7f0000", NegFault::bad_number},
      // Two timestamps whose sum is the infinite one.
      {"6181ffffffffffffffff7f0000"
       "020000",
       NegFault::bad_bound},
      // The same second, and an id before the last one.
      {"61"
       "0a0102"
       "00"
       "010101"
       "00",
       NegFault::descending},
      {"61000000"
       "020000",
       NegFault::bad_bound},
  };
  for (const auto& [hex, fault] : bad) {
    const std::string message = bytes_of(hex);
    const auto checked = check_neg_message(message);
    ASSERT_FALSE(checked) << hex;
    EXPECT_EQ(checked.error(), fault) << hex;
    const auto answered = NegTurn(set, message, kWide).finish();
    ASSERT_FALSE(answered) << hex;
    EXPECT_EQ(answered.error(), fault) << hex;
    EXPECT_FALSE(describe(fault).empty());
  }
}

TEST(NegBound, IsTheShortestThatPartsTwoItems) {
  EventId first = filled(7);
  EventId second = filled(7);
  second.data[2] = 9;
  EXPECT_EQ(NegBound::between({5, first}, {6, second}).id_bytes, 0);
  const NegBound bound = NegBound::between({5, first}, {5, second});
  EXPECT_EQ(bound.id_bytes, 3);
  EXPECT_TRUE(is_before({5, first}, bound));
  EXPECT_FALSE(is_before({5, second}, bound));
  second = first;
  second.data[31] = 8;
  EXPECT_EQ(NegBound::between({5, first}, {5, second}).id_bytes, 32);
}

TEST(NegSum, WrapsAt256BitsAndSubtracts) {
  NegSum sum;
  sum += filled(0xff);
  EventId one;
  one.data[0] = 1;
  sum += one;
  EXPECT_EQ(sum, NegSum());
  sum -= one;
  EXPECT_EQ(EventId{sum.bytes()}, filled(0xff));
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  // Many share a second, and some a long prefix.
  NegItem item(std::size_t seconds) {
    NegItem item{static_cast<UnixSeconds>(below(seconds)), {}};
    for (auto& byte : item.id.data) byte = static_cast<std::uint8_t>(below(256));
    if (below(4) == 0) std::fill_n(item.id.data.begin(), 20, std::uint8_t{0xab});
    return item;
  }
  std::vector<NegItem> items(std::size_t count, std::size_t seconds) {
    std::vector<NegItem> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(item(seconds));
    return out;
  }

 private:
  std::mt19937 random_;
};

TEST(NegItems, AnswerAsAPlainSortedListWould) {
  Generator random(1);
  for (const std::size_t count : {0U, 1U, 127U, 128U, 129U, 700U}) {
    std::vector<NegItem> items = random.items(count, 20);
    const NegItems set = set_of(items);
    std::ranges::sort(items);
    ASSERT_EQ(set.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(set.at(i), items[i]);
    for (int probe = 0; probe < 50; ++probe) {
      const NegItem at = random.item(20);
      const NegBound bound{static_cast<std::uint64_t>(at.created_at), at.id, 32};
      const auto place = std::ranges::lower_bound(items, at) - items.begin();
      EXPECT_EQ(set.find(0, bound), static_cast<std::size_t>(place));
      const std::size_t begin = random.below(count + 1);
      const std::size_t end = begin + random.below(count + 1 - begin);
      NegSum sum;
      for (std::size_t i = begin; i < end; ++i) sum += items[i].id;
      EXPECT_EQ(set.sum(begin, end), sum);
    }
    EXPECT_EQ(set.find(0, NegBound::infinity()), count);
  }
}

struct Outcome {
  NegDifference difference;
  std::size_t rounds = 0;
  std::size_t longest = 0;
};

Outcome reconcile(const NegItems& client, const NegItems& relay, std::size_t frame) {
  Outcome outcome;
  std::string message = neg_initial(client);
  while (true) {
    ++outcome.rounds;
    EXPECT_TRUE(check_neg_message(message));
    const std::string answer = NegTurn(relay, message, frame).finish().value();
    EXPECT_TRUE(check_neg_message(answer));
    message = NegTurn(client, answer, frame, &outcome.difference).finish().value();
    outcome.longest = std::max({outcome.longest, answer.size(), message.size()});
    if (is_end(message)) break;
    if (outcome.rounds > 10'000) {
      ADD_FAILURE() << "no end";
      break;
    }
  }
  outcome.difference.make_unique();
  return outcome;
}

TEST(Negentropy, FindsTheDifferenceOfRandomSets) {
  Generator random(2);
  for (int round = 0; round < 15; ++round) {
    const std::size_t seconds = random.below(3) == 0 ? 3 : 100'000;
    const std::vector<NegItem> shared = random.items(random.below(900), seconds);
    const std::vector<NegItem> ours = random.items(random.below(round % 2 == 0 ? 20 : 600), seconds);
    const std::vector<NegItem> theirs = random.items(random.below(round % 3 == 0 ? 20 : 600), seconds);
    const auto joined = [&](std::vector<NegItem> more) {
      more.insert(more.end(), shared.begin(), shared.end());
      return set_of(std::move(more));
    };
    const auto ids = [](const std::vector<NegItem>& items) {
      std::vector<EventId> out;
      for (const NegItem& item : items) out.push_back(item.id);
      std::ranges::sort(out);
      return out;
    };
    for (const std::size_t frame : {kLeastNegFrame, std::size_t{9000}, kWide}) {
      const Outcome outcome = reconcile(joined(ours), joined(theirs), frame);
      ASSERT_EQ(outcome.difference.have, ids(ours)) << round << " " << frame;
      ASSERT_EQ(outcome.difference.need, ids(theirs)) << round << " " << frame;
      EXPECT_LE(outcome.longest, frame);
    }
  }
}

TEST(Negentropy, EqualSetsTakeOneMessageEachWay) {
  Generator random(3);
  const NegItems set = set_of(random.items(10'000, 5000));
  const Outcome outcome = reconcile(set, set, kLeastNegFrame);
  EXPECT_EQ(outcome.rounds, 1U);
  EXPECT_THAT(outcome.difference.have, IsEmpty());
  EXPECT_LT(neg_initial(set).size(), 600U);
}

TEST(Negentropy, ALongListOfIdsIsGivenFrameByFrame) {
  Generator random(4);
  const NegItems everything = set_of(random.items(2000, 5000));
  const Outcome outcome = reconcile(vector_set(0), everything, kLeastNegFrame);
  EXPECT_EQ(outcome.difference.need.size(), 2000U);
  EXPECT_THAT(outcome.difference.have, IsEmpty());
  EXPECT_LT(outcome.rounds, 2000 * 32 / kLeastNegFrame + 10);
}

TEST(Negentropy, AMessageOfTinyRangesIsAnsweredWithinTheFrame) {
  const NegItems set = vector_set(200);
  std::string message(1, kNegVersion);
  for (int i = 0; i < 20'000; ++i) message += std::string("\1\0\1", 3) + std::string(16, 'x');
  NegTurn turn(set, message, kLeastNegFrame);
  EXPECT_LE(turn.finish().value().size(), kLeastNegFrame);
}

TEST(Negentropy, WhatTheOtherSideClaimsTwiceIsNeededOnceARange) {
  const NegItems set = vector_set(1);
  const std::string answer = bytes_of("6100000202" + filled(9).hex() + filled(9).hex());
  NegDifference difference;
  const auto next = NegTurn(set, answer, kWide, &difference).finish();
  EXPECT_TRUE(is_end(next.value()));
  EXPECT_THAT(difference.have, ElementsAre(filled(1)));
  EXPECT_THAT(difference.need, ElementsAre(filled(9)));
}

}  // namespace
}  // namespace pharos
