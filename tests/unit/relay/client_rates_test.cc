#include "relay/client_rates.h"

#include <gmock/gmock.h>

namespace pharos::relay {
namespace {

using std::chrono::seconds;

class ClientRatesTest : public ::testing::Test {
 protected:
  ClientRates client(const std::string& endpoint) {
    return {shared_, endpoint, std::make_shared<const RateRules>(rules_)};
  }
  // How many of ten go through.
  int taken(ClientRates& client, RateOf what = RateOf::event) {
    int count = 0;
    for (int i = 0; i < 10; ++i) count += client.take(what, clock_) ? 0 : 1;
    return count;
  }
  static Rate hourly(std::uint64_t tokens) { return {tokens, std::chrono::hours(1), tokens}; }
  Rate& connection(RateOf what) { return rules_.of_connection[static_cast<std::size_t>(what)]; }
  Rate& address(RateOf what) { return rules_.of_address[static_cast<std::size_t>(what)]; }

  ManualClock clock_;
  RateRules rules_;
  AddressRates shared_{7, {}};
};

TEST_F(ClientRatesTest, LimitsNothingWithoutRates) {
  ClientRates one = client("192.0.2.1:1");
  EXPECT_EQ(taken(one), 10);
  EXPECT_FALSE(one.receive(1U << 30U, clock_));
}

TEST_F(ClientRatesTest, ConnectionsHaveTheirOwnBucketsAndShareThoseOfTheirAddress) {
  connection(RateOf::event) = hourly(4);
  address(RateOf::event) = hourly(6);
  ClientRates one = client("192.0.2.1:1");
  ClientRates two = client("192.0.2.1:2");
  ClientRates other = client("192.0.2.2:1");
  EXPECT_EQ(taken(one), 4);
  EXPECT_EQ(one.take(RateOf::event, clock_)->by, RateBy::connection);
  EXPECT_EQ(taken(two), 2);
  EXPECT_EQ(two.take(RateOf::event, clock_)->by, RateBy::address);
  EXPECT_EQ(taken(other), 4);
  EXPECT_EQ(taken(other, RateOf::request), 10);
}

TEST_F(ClientRatesTest, WhatTheAddressRefusesIsNotPaidForByTheConnection) {
  connection(RateOf::event) = hourly(4);
  address(RateOf::event) = {10, seconds(1), 2};
  ClientRates one = client("192.0.2.1:1");
  EXPECT_EQ(taken(one), 2);
  clock_.advance(seconds(1));
  EXPECT_EQ(taken(one), 2);
  EXPECT_EQ(one.take(RateOf::event, clock_)->by, RateBy::connection);
}

TEST_F(ClientRatesTest, TellsWhenToComeAgain) {
  connection(RateOf::request) = {1, seconds(2), 1};
  ClientRates one = client("192.0.2.1:1");
  EXPECT_FALSE(one.take(RateOf::request, clock_));
  EXPECT_EQ(one.take(RateOf::request, clock_)->wait, seconds(2));
  clock_.advance(seconds(2));
  EXPECT_FALSE(one.take(RateOf::request, clock_));
}

TEST_F(ClientRatesTest, AnIpv6NetworkOf64BitsIsOneAddress) {
  address(RateOf::event) = hourly(5);
  ClientRates one = client("[2001:db8::1]:1");
  ClientRates same = client("[2001:db8::ffff:2]:1");
  ClientRates next = client("[2001:db8:0:1::1]:1");
  ClientRates mapped = client("[::ffff:192.0.2.1]:1");
  ClientRates plain = client("192.0.2.1:9");
  EXPECT_EQ(taken(one), 5);
  EXPECT_EQ(taken(same), 0);
  EXPECT_EQ(taken(next), 5);
  EXPECT_EQ(taken(mapped), 5);
  EXPECT_EQ(taken(plain), 0);
}

TEST_F(ClientRatesTest, ExemptAddressesAreNotLimitedAtAll) {
  connection(RateOf::event) = address(RateOf::event) = hourly(1);
  connection(RateOf::byte) = hourly(1);
  rules_.exempt = {*IpRange::parse("192.0.2.0/24")};
  ClientRates exempt = client("192.0.2.1:1");
  EXPECT_TRUE(exempt.is_exempt());
  EXPECT_EQ(taken(exempt), 10);
  EXPECT_FALSE(exempt.receive(1'000, clock_));
  ClientRates other = client("198.51.100.1:1");
  EXPECT_FALSE(other.is_exempt());
  EXPECT_EQ(taken(other), 1);
}

TEST_F(ClientRatesTest, BytesAreTakenAndThenWaitedFor) {
  connection(RateOf::byte) = {100, seconds(1), 200};
  address(RateOf::byte) = {100, seconds(1), 300};
  ClientRates one = client("192.0.2.1:1");
  EXPECT_FALSE(one.receive(200, clock_));
  const auto pause = one.receive(50, clock_);
  ASSERT_TRUE(pause);
  EXPECT_EQ(pause->by, RateBy::connection);
  EXPECT_EQ(pause->wait, std::chrono::milliseconds(500));
  ClientRates two = client("192.0.2.1:2");
  const auto shared = two.receive(150, clock_);
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->by, RateBy::address);
  EXPECT_EQ(shared->wait, seconds(1));
  EXPECT_EQ(one.in_debt(clock_)->wait, seconds(1)) << "what the other brought holds it back as well";
  clock_.advance(seconds(1));
  EXPECT_FALSE(one.in_debt(clock_));
  EXPECT_FALSE(two.in_debt(clock_));
}

TEST_F(ClientRatesTest, OtherRulesHoldAtOnce) {
  connection(RateOf::event) = hourly(1);
  ClientRates one = client("192.0.2.1:1");
  EXPECT_EQ(taken(one), 1);
  one.obey(std::make_shared<const RateRules>());
  EXPECT_EQ(taken(one), 10);
}

TEST_F(ClientRatesTest, ADebtEndsWithTheRateThatItCameFrom) {
  connection(RateOf::byte) = hourly(10);
  address(RateOf::byte) = hourly(10);
  ClientRates one = client("192.0.2.1:1");
  EXPECT_TRUE(one.receive(1'000, clock_));
  one.obey(std::make_shared<const RateRules>(rules_));
  EXPECT_EQ(one.in_debt(clock_)->wait, std::chrono::hours(99)) << "the same rate";
  connection(RateOf::byte) = {1'000, seconds(1), 1'000};
  one.obey(std::make_shared<const RateRules>(rules_));
  EXPECT_EQ(one.in_debt(clock_)->by, RateBy::address);
  shared_.forget_all();
  EXPECT_FALSE(one.in_debt(clock_));
}

TEST_F(ClientRatesTest, ConnectionsOfAnAddressAreCounted) {
  address(RateOf::connection) = {1, seconds(3), 2};
  rules_.exempt = {*IpRange::parse("127.0.0.0/8")};
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(shared_.refuse_connection("192.0.2.1:4711", rules_, clock_));
  EXPECT_EQ(shared_.refuse_connection("192.0.2.1:4712", rules_, clock_), seconds(3));
  EXPECT_FALSE(shared_.refuse_connection("192.0.2.2:1", rules_, clock_));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(shared_.refuse_connection("127.0.0.1:1", rules_, clock_));
  EXPECT_FALSE(shared_.refuse_connection("a name", rules_, clock_));
}

}  // namespace
}  // namespace pharos::relay
