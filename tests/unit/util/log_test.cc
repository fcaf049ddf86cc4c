#include "util/log.h"

#include <cmath>

#include <gmock/gmock.h>

namespace pharos::log {
namespace {

constexpr std::int64_t kTime = 1'700'000'000'123;

std::string text(std::string_view message, Fields fields = {}) {
  return render(Level::info, Format::text, "router", message, fields, kTime);
}

TEST(Log, WritesTextWithFields) {
  EXPECT_EQ(text("connected", {{"upstream", "damus"}, {"events", 5}, {"ok", true}, {"rate", 1.5}}),
            "2023-11-14T22:13:20.123Z info router: connected upstream=damus events=5 ok=true rate=1.5");
}

TEST(Log, WritesJson) {
  EXPECT_EQ(
      render(Level::warn, Format::json, "net", "a \"b\"", {{"n", -1}, {"s", "x y"}, {"t", "5"}, {"b", false}}, kTime),
      R"({"time":"2023-11-14T22:13:20.123Z","level":"warn","component":"net","message":"a \"b\"","n":-1,)"
      R"("s":"x y","t":"5","b":false})");
}

TEST(Log, WritesForTheJournal) {
  EXPECT_EQ(render(Level::error, Format::journal, "db", "full", {}, kTime), "<3>db: full");
  EXPECT_EQ(render(Level::warn, Format::journal, "db", "full", {}, kTime), "<4>db: full");
  EXPECT_EQ(render(Level::info, Format::journal, "db", "full", {}, kTime), "<6>db: full");
  EXPECT_EQ(render(Level::debug, Format::journal, "db", "full", {}, kTime), "<7>db: full");
}

TEST(Log, QuotesWhatWouldReadAsAnotherField) {
  EXPECT_THAT(text("m", {{"v", "a b=c"}}), ::testing::EndsWith(R"(v="a b=c")"));
  EXPECT_THAT(text("m", {{"v", ""}}), ::testing::EndsWith(R"(v="")"));
  EXPECT_THAT(text("m", {{"v", "a\"b\\"}}), ::testing::EndsWith(R"(v="a\"b\\")"));
  EXPECT_THAT(text("m", {{"v", "wss://a.b/?c"}}), ::testing::EndsWith("v=wss://a.b/?c"));
}

TEST(Log, PeersCannotForgeLinesOrDriveTheTerminal) {
  const std::string_view hostile(
      "x\n2023 error\r\t\x1b[2J\x7f\0\xc2\x9b"
      "31m",
      25);
  for (const Format format : {Format::text, Format::json, Format::journal}) {
    const std::string line = render(Level::info, format, "relay", hostile, {{"sub", hostile}}, kTime);
    for (const char c : line) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
      EXPECT_NE(c, '\x7f') << line;
    }
    EXPECT_EQ(line.find("\xc2\x9b"), line.npos) << line;
    EXPECT_NE(line.find("\\u001b[2J\\u007f\\u0000\\u009b31m"), line.npos) << line;
  }
}

TEST(Log, KeepsOtherText) {
  EXPECT_THAT(text("m", {{"v", "caf\u00e9\u2713"}}), ::testing::EndsWith("v=caf\u00e9\u2713"));
  EXPECT_THAT(text("m", {{"v", "\u00a0"}}), ::testing::EndsWith("v=\u00a0"));
}

TEST(Log, JsonHasNoNumbersThatAreNone) {
  EXPECT_THAT(render(Level::info, Format::json, "x", "m", {{"v", std::nan("")}}, kTime),
              ::testing::EndsWith(R"("v":"nan"})"));
}

TEST(Log, ConfiguresItsLevel) {
  const Level before = level();
  configure(Level::off, Format::text);
  EXPECT_EQ(level(), Level::off);
  error("test", "not seen");
  configure(before, Format::text);
}

}  // namespace
}  // namespace pharos::log
