#include "net/ws_decoder.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/raw_socket.h"

namespace pharos::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Kind = WsDecoder::Event::Kind;
using pharos::testing::ws_close;
using pharos::testing::ws_frame;

constexpr unsigned kText = 0x81;
constexpr unsigned kDeflatedText = 0xc1;
constexpr unsigned kTextBegin = 0x01;
constexpr unsigned kContinuation = 0x00;
constexpr unsigned kContinuationEnd = 0x80;
constexpr unsigned kClose = 0x88;
constexpr unsigned kPing = 0x89;

struct Seen {
  Kind kind;
  std::string payload;
  std::uint16_t code;
};

class WsDecoderTest : public ::testing::Test {
 protected:
  // Feeds the bytes in pieces of `step` and collects what comes out.
  std::vector<Seen> decode(std::string bytes, std::size_t step = std::string::npos) {
    if (!decoder_) decoder_.emplace(options_, workspace_);
    std::vector<Seen> seen;
    for (std::size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size())) {
      std::span<std::uint8_t> in(reinterpret_cast<std::uint8_t*>(bytes.data()) + at, std::min(step, bytes.size() - at));
      while (!in.empty()) {
        const WsDecoder::Event event = decoder_->next(in);
        if (event.kind != Kind::none) seen.push_back({event.kind, std::string(event.payload), event.code});
      }
    }
    return seen;
  }

  // The code that a broken sequence is refused with; 0 when it is not.
  std::uint16_t refusal(const std::string& bytes) {
    decoder_.reset();
    const std::vector<Seen> seen = decode(bytes);
    return seen.empty() || seen.back().kind != Kind::violation ? 0 : seen.back().code;
  }

  std::string deflated(std::string_view text) {
    std::string out;
    Deflater(15).deflate({&text, 1}, false, out);
    return out;
  }

  DeflateWorkspace workspace_;
  WsDecoder::Options options_;
  std::optional<WsDecoder> decoder_;
};

TEST_F(WsDecoderTest, ReadsMessagesOfEveryLengthForm) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 100'000U}) {
    const std::string text(size, 'x');
    const std::vector<Seen> seen = decode(ws_frame(kText, text));
    ASSERT_THAT(seen, SizeIs(1)) << size;
    EXPECT_EQ(seen[0].kind, Kind::text);
    EXPECT_EQ(seen[0].payload, text);
  }
}

TEST_F(WsDecoderTest, ReadsTheSameByteByByte) {
  const std::string bytes = ws_frame(kText, "first") + ws_frame(kTextBegin, "sec") + ws_frame(kPing, "p") +
                            ws_frame(kContinuation, "") + ws_frame(kContinuationEnd, "ond") +
                            ws_frame(kText, std::string(300, 'z'));
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::string::npos}) {
    decoder_.reset();
    const std::vector<Seen> seen = decode(bytes, step);
    ASSERT_THAT(seen, SizeIs(4));
    EXPECT_EQ(seen[0].payload, "first");
    EXPECT_EQ(seen[1].kind, Kind::ping);
    EXPECT_EQ(seen[1].payload, "p");
    EXPECT_EQ(seen[2].payload, "second");
    EXPECT_EQ(seen[3].payload, std::string(300, 'z'));
  }
}

TEST_F(WsDecoderTest, RefusesFramesThatBreakTheProtocol) {
  EXPECT_EQ(refusal(ws_frame(kText, "unmasked", false)), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(0x91, "rsv3")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(0xa1, "rsv2")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, "rsv1, not agreed on")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(0x83, "reserved data opcode")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(0x8b, "reserved control opcode")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(0x09, "fragmented ping")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kPing, std::string(126, 'p'))), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kContinuationEnd, "of nothing")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kTextBegin, "a") + ws_frame(kText, "b")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kTextBegin, "a") + ws_frame(0xc0, "rsv1 on a continuation")), kCloseProtocol);
  EXPECT_EQ(refusal(std::string("\x81\xfe\x00\x05", 4) + "kkkk"), kCloseProtocol);  // length not minimal
  EXPECT_EQ(refusal(std::string("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10) + "kkkk"), kCloseProtocol);
}

TEST_F(WsDecoderTest, RefusesBinaryMessages) { EXPECT_EQ(refusal(ws_frame(0x82, "bin")), kCloseUnsupported); }

TEST_F(WsDecoderTest, RefusesMaskedFramesFromServers) {
  options_.role = WsRole::client;
  EXPECT_EQ(refusal(ws_frame(kText, "masked")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kText, "plain", false)), 0);
}

TEST_F(WsDecoderTest, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(refusal(ws_frame(kText, "\xc3\xa4")), 0);
  EXPECT_EQ(refusal(ws_frame(kText, "\xc3")), kCloseInvalidText);
  EXPECT_EQ(refusal(ws_frame(kText, "\xed\xa0\x80")), kCloseInvalidText);
  EXPECT_EQ(refusal(ws_frame(kTextBegin, "\xc3") + ws_frame(kContinuationEnd, "\xa4")), 0);
}

TEST_F(WsDecoderTest, RefusesMessagesAboveTheCapBeforeReadingThem) {
  options_.max_message_bytes = 1000;
  EXPECT_EQ(refusal(ws_frame(kText, std::string(1000, 'x'))), 0);
  EXPECT_EQ(refusal(ws_frame(kText, std::string(1001, 'x')).substr(0, 8)), kCloseTooLarge);
  EXPECT_EQ(refusal(ws_frame(kTextBegin, std::string(600, 'x')) + ws_frame(kContinuationEnd, std::string(600, 'x'))),
            kCloseTooLarge);
}

TEST_F(WsDecoderTest, EndsAFloodOfTinyFragments) {
  options_.max_fragments = 10;
  std::string bytes = ws_frame(kTextBegin, "");
  for (int i = 0; i < 9; ++i) bytes += ws_frame(kContinuation, "");
  EXPECT_EQ(refusal(bytes), 0);
  EXPECT_EQ(refusal(bytes + ws_frame(kContinuation, "")), kClosePolicy);
}

TEST_F(WsDecoderTest, ReadsCloseCodesAndReasons) {
  EXPECT_THAT(decode(ws_frame(kClose, ws_close(1000, "bye"))), SizeIs(1));
  decoder_.reset();
  const std::vector<Seen> none = decode(ws_frame(kClose, "") + ws_frame(kText, "after the end"));
  ASSERT_THAT(none, SizeIs(1));
  EXPECT_EQ(none[0].code, kCloseNone);
  for (const int code : {999, 1004, 1005, 1006, 1015, 2999, 5000})
    EXPECT_EQ(refusal(ws_frame(kClose, ws_close(static_cast<std::uint16_t>(code)))), kCloseProtocol) << code;
  EXPECT_EQ(refusal(ws_frame(kClose, "x")), kCloseProtocol);
  EXPECT_EQ(refusal(ws_frame(kClose, ws_close(1000, "\xff"))), kCloseInvalidText);
}

TEST_F(WsDecoderTest, InflatesMessagesSplitAnywhere) {
  options_.deflate.enabled = true;
  const std::string text = R"(["EVENT",{"content":")" + std::string(5000, 'e') + "\"}]";
  const std::string wire = deflated(text);
  ASSERT_LT(wire.size(), 200U);
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    const std::vector<Seen> seen =
        decode(ws_frame(0x41, wire.substr(0, cut)) + ws_frame(kContinuationEnd, wire.substr(cut)));
    ASSERT_THAT(seen, SizeIs(1));
    EXPECT_EQ(seen[0].payload, text);
  }
  EXPECT_EQ(decode(ws_frame(kText, "not compressed")).at(0).payload, "not compressed");
  EXPECT_EQ(decode(ws_frame(kDeflatedText, deflated(""))).at(0).payload, "");
}

TEST_F(WsDecoderTest, StopsADeflateBombAtTheCap) {
  options_.deflate.enabled = true;
  options_.max_message_bytes = 100'000;
  const std::string fits = deflated(std::string(100'000, '0'));
  const std::string bomb = deflated(std::string(10'000'000, '0'));
  ASSERT_LT(bomb.size(), 100'000U);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, fits)), 0);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, bomb)), kCloseTooLarge);
  EXPECT_LT(workspace_.inflated().capacity(), 400'000U);
}

TEST_F(WsDecoderTest, RefusesCorruptCompression) {
  options_.deflate.enabled = true;
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, "\xff\xff\xff\xff\xff")), kCloseInvalidText);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, deflated("\xff\xfe"))), kCloseInvalidText);  // fine deflate, bad UTF-8
}

TEST_F(WsDecoderTest, GivesLargeBuffersBackWhenIdle) {
  decode(ws_frame(kText, std::string(200'000, 'x')), 1000);
  EXPECT_GE(decoder_->buffered_bytes(), 200'000U);
  decoder_->trim();
  EXPECT_LT(decoder_->buffered_bytes(), 100U);
}

}  // namespace
}  // namespace pharos::net
