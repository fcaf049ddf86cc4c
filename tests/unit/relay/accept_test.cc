#include "relay/accept.h"

#include <gtest/gtest.h>

namespace pharos::relay {
namespace {

constexpr std::string_view kDocument = "application/nostr+json";

TEST(Accept, AnAbsentHeaderWantsEverything) { EXPECT_EQ(accept_quality("", kDocument), 1.0); }

TEST(Accept, FindsATypeAnywhereInTheList) {
  EXPECT_EQ(accept_quality("application/json, application/nostr+json", kDocument), 1.0);
  EXPECT_EQ(accept_quality("text/html , application/nostr+json;q=0.5", kDocument), 0.5);
  EXPECT_EQ(accept_quality("text/html", kDocument), 0.0);
}

TEST(Accept, IgnoresCaseAndParameters) {
  EXPECT_EQ(accept_quality("Application/Nostr+JSON; charset=utf-8", kDocument), 1.0);
  EXPECT_EQ(accept_quality("application/nostr+json;charset=\"a,b;q=0\";Q=0.25", kDocument), 0.25);
}

TEST(Accept, TheMostSpecificRangeDecides) {
  EXPECT_EQ(accept_quality("*/*, application/nostr+json;q=0", kDocument), 0.0);
  EXPECT_EQ(accept_quality("*/*;q=0.1, application/*;q=0.4", kDocument), 0.4);
  EXPECT_EQ(accept_quality("application/*;q=0.4, */*", kDocument), 0.4);
  EXPECT_EQ(accept_quality("text/*", kDocument), 0.0);
}

TEST(Accept, PassesOverMalformedRanges) {
  EXPECT_EQ(accept_quality("application/nostr+json;q=2", kDocument), 0.0);
  EXPECT_EQ(accept_quality("application/nostr+json;q=0.1234", kDocument), 0.0);
  EXPECT_EQ(accept_quality("application/nostr+json;q=abc, */*;q=0.3", kDocument), 0.3);
  EXPECT_EQ(accept_quality(",,;q=1,\"", kDocument), 0.0);
}

TEST(Accept, NamesATypeOnlyWhenWrittenOut) {
  EXPECT_TRUE(accept_names("*/*, application/nostr+json", kDocument));
  EXPECT_FALSE(accept_names("*/*, application/*", kDocument));
}

}  // namespace
}  // namespace pharos::relay
