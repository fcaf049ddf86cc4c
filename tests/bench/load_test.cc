#include <map>

#include <gmock/gmock.h>

#include "bench/load_frames.h"
#include "bench/load_histogram.h"
#include "bench/load_work.h"

namespace pharos::bench {
namespace {

TEST(LoadHistogram, IsExactWhereValuesAreSmallAndWithinOneInAHundredAbove) {
  LoadHistogram histogram;
  EXPECT_EQ(histogram.percentile(0.5), 0U);
  for (std::uint64_t i = 1; i <= 100; ++i) histogram.record(i);
  EXPECT_EQ(histogram.total(), 100U);
  EXPECT_EQ(histogram.percentile(0.5), 50U);
  EXPECT_EQ(histogram.percentile(0.99), 99U);
  EXPECT_EQ(histogram.percentile(1), 100U);
  for (std::uint64_t value = 1; value < (std::uint64_t{1} << 60); value = value * 7 / 3 + 1) {
    LoadHistogram one;
    one.record(value);
    EXPECT_GE(one.percentile(0.5), value);
    EXPECT_LE(static_cast<double>(one.percentile(0.5)), static_cast<double>(value) * 1.01);
  }
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.percentile(1), UINT64_MAX);
}

// What a server would see: header and mask taken off again.
std::string unmasked(std::string_view frame, std::size_t header) {
  std::string payload(frame.substr(header + 4));
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ frame[header + i % 4]);
  return payload;
}

TEST(LoadFrames, AreMaskedAndTellTheirLength) {
  std::string frame;
  append_frame(frame, Opcode::text, {"[\"CLOSE\",", "\"a\"]"});
  EXPECT_EQ(frame.substr(0, 2), "\x81\x8D");
  EXPECT_EQ(unmasked(frame, 2), "[\"CLOSE\",\"a\"]");
  for (const auto& [size, header] : std::map<std::size_t, std::size_t>{{125, 2}, {126, 4}, {65535, 4}, {65536, 10}}) {
    const std::string text(size, 'x');
    frame.clear();
    append_frame(frame, Opcode::text, {text});
    EXPECT_EQ(frame.size(), header + 4 + size);
    EXPECT_EQ(unmasked(frame, header), text);
  }
}

TEST(LoadFrames, AStoredMessageIsADeflateBlock) {
  std::string frame;
  append_stored_message(frame, "abc");
  EXPECT_EQ(frame.substr(0, 2), "\xC1\x89");
  EXPECT_EQ(unmasked(frame, 2), std::string("\0\3\0\xFC\xFF"
                                            "abc\0",
                                            9));
}

TEST(LoadFrames, OfAServerAreReadAtAnyCut) {
  const std::string bytes = std::string(
                                "\x81\x03"
                                "one") +
                            std::string("\x82\x7E\x01\x00", 4) + std::string(256, 'y');
  FrameView frame;
  ASSERT_EQ(read_frame(bytes, frame), FrameRead::whole);
  EXPECT_EQ(frame.payload, "one");
  const std::string_view rest = std::string_view(bytes).substr(frame.size);
  for (std::size_t cut = 0; cut < rest.size(); ++cut) {
    EXPECT_EQ(read_frame(rest.substr(0, cut), frame), FrameRead::partial);
  }
  ASSERT_EQ(read_frame(rest, frame), FrameRead::whole);
  EXPECT_EQ(frame.opcode, Opcode::binary);
  EXPECT_EQ(frame.payload.size(), 256U);
  EXPECT_EQ(read_frame("\x81\x83...", frame), FrameRead::bad);
}

TEST(LoadWork, ReadsAnswersAsNip01HasThem) {
  EXPECT_EQ(answer_of(R"(["EVENT","s",{}])"), Answer::event);
  EXPECT_EQ(answer_of(R"([ "EOSE", "s"])"), Answer::eose);
  EXPECT_EQ(answer_of(R"(["OK","ab",true,""])"), Answer::ok);
  EXPECT_EQ(answer_of(R"(["CLOSED","s","error: x"])"), Answer::closed);
  EXPECT_EQ(answer_of(R"(["NOTICE","EVENT"])"), Answer::other);
  EXPECT_EQ(answer_of(""), Answer::other);
  EXPECT_EQ(second_item(R"(["EOSE", "s7"])"), "s7");
  EXPECT_EQ(second_item(R"(["EOSE")"), "");
  const std::string id = "00000000000000ff" + std::string(48, '1');
  EXPECT_EQ(event_prefix(R"(["EVENT","s",{"content":"\"id\":\"1\"","id":")" + id + "\"}]"), 255U);
}

}  // namespace
}  // namespace pharos::bench
