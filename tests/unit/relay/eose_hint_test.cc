#include "relay/eose_hint.h"

#include <gtest/gtest.h>

namespace pharos::relay {
namespace {

TEST(EoseHint, Nip67GoesToNobodyEverybodyOrTheListed) {
  Options options;
  net::HttpRequest request;
  EXPECT_FALSE(hints_at_eose(options, request));
  options.eose_hint = EoseHint::on;
  EXPECT_TRUE(hints_at_eose(options, request));
  options.eose_hint = EoseHint::listed;
  options.eose_hint_clients = {"", "https://client.example.com", "node-client/"};
  EXPECT_FALSE(hints_at_eose(options, request));
  request.headers = {{"user-agent", "node-client/1.2"}};
  EXPECT_TRUE(hints_at_eose(options, request));
  request.headers = {{"User-Agent", "other node-client/1.2"}};
  EXPECT_FALSE(hints_at_eose(options, request));
  request.headers = {{"Origin", "https://client.example.com"}};
  EXPECT_TRUE(hints_at_eose(options, request));
  request.headers = {{"Origin", "https://client.example.com.evil.example"}};
  EXPECT_FALSE(hints_at_eose(options, request));
}

}  // namespace
}  // namespace pharos::relay
