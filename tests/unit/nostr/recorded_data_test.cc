// Runs over recorded events, relay lists and documents when the machine has them.

#include <fstream>

#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "nostr/message.h"
#include "nostr/nip11.h"
#include "nostr/relay_url.h"
#include "nostr/schnorr.h"
#include "support/real_data.h"

namespace pharos {
namespace {

// Calls back with each line; false when the file is not there.
template <class Call>
bool for_each_line(const char* name, const Call& call) {
  const auto path = pharos::testing::real_data(name);
  if (!path) return false;
  std::ifstream file(*path, std::ios::binary);
  std::string line;
  while (std::getline(file, line)) call(std::string_view(line));
  return true;
}

// The text of the first member, up to before the last one: the lines are {"first":...,"last":"..."}.
std::string_view first_member(std::string_view line, std::string_view first, std::string_view last) {
  const std::size_t begin = first.size() + 4;
  return line.substr(begin, line.rfind(std::string(",\"") + std::string(last) + "\":") - begin);
}

TEST(RecordedData, EventsVerifyAndRoundTripByteForByte) {
  std::size_t count = 0;
  Event event;
  std::string json;
  const bool present = for_each_line("real-events.jsonl", [&](std::string_view line) {
    ++count;
    ASSERT_TRUE(parse_event(line, event)) << line;
    json.clear();
    append_event_json(json, event);
    ASSERT_EQ(json, line);
    ASSERT_EQ(verify_event(event), EventFault::none) << line;
  });
  if (!present) GTEST_SKIP() << "no recorded events here";
  EXPECT_GT(count, 10'000U);
}

TEST(RecordedData, EventsComeThroughMessagesUnchanged) {
  Event event;
  std::size_t count = 0;
  const bool present = for_each_line("real-events.jsonl", [&](std::string_view line) {
    if (++count % 8 != 0) return;
    ASSERT_TRUE(parse_event(line, event));
    const std::string rest = std::string(line) + "]";
    const auto command = parse_client_message("[\"EVENT\"," + rest, {});
    ASSERT_TRUE(command);
    ASSERT_EQ(std::get<EventCommand>(command.value()).event, event);
    const auto reply = parse_relay_message("[\"EVENT\",\"s\"," + rest);
    ASSERT_TRUE(reply);
    ASSERT_EQ(std::get<EventReply>(reply.value()).event, event);
  });
  if (!present) GTEST_SKIP() << "no recorded events here";
}

TEST(RecordedData, InvalidEventsAreRefusedForTheReasonGiven) {
  std::size_t count = 0;
  Event event;
  const bool present = for_each_line("invalid-events.jsonl", [&](std::string_view line) {
    ++count;
    const std::string_view json = first_member(line, "event", "why");
    const auto parsed = parse_event(json, event);
    const auto because = [&](std::string_view why) { return line.find(why) != line.npos; };
    if (!parsed) {
      const EventParseError error = parsed.error().error;
      if (because("\"why\":\"created_at is not")) {
        EXPECT_EQ(error, EventParseError::bad_created_at) << json;
      } else if (because("\"why\":\"tags are not")) {
        EXPECT_EQ(error, EventParseError::bad_tags) << json;
      } else {  // One row is told for its id and has kind 65536 besides.
        EXPECT_EQ(error, EventParseError::bad_kind) << line;
      }
      EXPECT_TRUE(parsed.error().id) << json;
    } else if (because("\"why\":\"signature")) {
      EXPECT_EQ(verify_event(event), EventFault::bad_signature) << json;
    } else {
      EXPECT_EQ(verify_event(event), EventFault::bad_id) << json;
    }
  });
  if (!present) GTEST_SKIP() << "no recorded events here";
  EXPECT_GT(count, 100U);
}

TEST(RecordedData, RelayUrlsHaveFixedPointsOrAreRefused) {
  std::size_t count = 0;
  std::size_t refused = 0;
  const bool present = for_each_line("relays.txt", [&](std::string_view line) {
    ++count;
    const Result<RelayUrl, RelayUrlError> url = RelayUrl::parse(line);
    if (!url) {
      ++refused;
      EXPECT_EQ(url.error(), RelayUrlError::bad_host) << line << ": " << describe(url.error());
      return;
    }
    const Result<RelayUrl, RelayUrlError> again = RelayUrl::parse(url.value().text());
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(again.value(), url.value()) << line;
  });
  if (!present) GTEST_SKIP() << "no relay list here";
  EXPECT_GT(count, 1'000U);
  EXPECT_LT(refused, count / 100) << "hosts over 253 bytes or with labels over 63 are typing errors and rare";
}

TEST(RecordedData, RelayDocumentsAreUnderstood) {
  std::size_t count = 0;
  const bool present = for_each_line("nip11.jsonl", [&](std::string_view line) {
    ++count;
    const std::size_t begin = line.find(",\"doc\":") + 7;
    const auto information = parse_relay_information(line.substr(begin, line.size() - begin - 1));
    ASSERT_TRUE(information) << line;
    EXPECT_NE(information.value().name, "") << line;
    EXPECT_FALSE(information.value().supported_nips.empty()) << line;
    std::string json;
    append_relay_information(json, information.value());
    EXPECT_EQ(parse_relay_information(json).value(), information.value()) << line;
  });
  if (!present) GTEST_SKIP() << "no relay documents here";
  EXPECT_GT(count, 10U);
}

}  // namespace
}  // namespace pharos
