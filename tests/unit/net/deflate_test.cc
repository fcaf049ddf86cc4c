#include "net/deflate.h"

#include <array>

#include <gtest/gtest.h>

#include "net/ws_extension.h"
#include "net/ws_outbox.h"
#include "util/random.h"

namespace pharos::net {
namespace {

std::string random_text(std::size_t size, unsigned alphabet, Random& random) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>(' ' + random.below(alphabet));
  return text;
}

TEST(Deflate, RoundTripsMessagesOfEverySizeAndRedundancy) {
  SeededRandom random(1);
  for (const bool keep : {false, true}) {
    for (const int bits : {9, 13, 15}) {
      Deflater deflater(bits);
      Inflater inflater;
      for (std::size_t size = 0; size < 200'000; size = size * 2 + 1) {
        const std::string text = random_text(size, size % 3 == 0 ? 3 : 90, random);
        const std::array<std::string_view, 2> parts{std::string_view(text).substr(0, size / 3),
                                                    std::string_view(text).substr(size / 3)};
        std::string wire;
        deflater.deflate(parts, keep, wire);
        std::string back;
        ASSERT_EQ(inflater.inflate(wire, keep, 1'000'000, back), Inflater::Outcome::ok);
        ASSERT_EQ(back, text);
      }
    }
  }
}

TEST(Deflate, AKeptWindowMakesRepeatedMessagesShorter) {
  const std::string text(R"(["EVENT","sub",{"kind":1,"content":"the same words once more"}])");
  const std::string_view part = text;
  Deflater deflater(13);
  std::string first;
  std::string second;
  deflater.deflate({&part, 1}, true, first);
  deflater.deflate({&part, 1}, true, second);
  EXPECT_LT(second.size(), first.size() / 2);
}

TEST(Deflate, StopsAtTheCapAndReportsCorruption) {
  const std::string text(10'000, 'a');
  const std::string_view part = text;
  std::string wire;
  Deflater(15).deflate({&part, 1}, false, wire);
  Inflater inflater;
  std::string out;
  EXPECT_EQ(inflater.inflate(wire, false, 9'999, out), Inflater::Outcome::too_large);
  out.clear();
  EXPECT_EQ(inflater.inflate(wire, false, 10'000, out), Inflater::Outcome::ok);
  out.clear();
  EXPECT_EQ(inflater.inflate(std::string("\x07\x07\x07", 3), false, 10'000, out), Inflater::Outcome::corrupt);
}

TEST(WsExtension, AnswersTheFirstOfferItCanHonour) {
  WsOptions options;
  const DeflateAnswer plain = answer_deflate_offer("permessage-deflate; client_max_window_bits", options);
  EXPECT_TRUE(plain.params.enabled);
  EXPECT_EQ(plain.header, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");

  const DeflateAnswer second = answer_deflate_offer(
      "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=16, "
      "permessage-deflate; server_max_window_bits=\"10\"",
      options);
  EXPECT_EQ(second.params.our_window_bits, 10);
  EXPECT_NE(second.header.find("server_max_window_bits=10"), std::string::npos);

  options.deflate_context_takeover = true;
  const DeflateAnswer takeover = answer_deflate_offer("permessage-deflate; server_no_context_takeover", options);
  EXPECT_FALSE(takeover.params.our_context_takeover);
  EXPECT_TRUE(takeover.params.peer_context_takeover);
  EXPECT_EQ(takeover.header, "permessage-deflate; server_no_context_takeover");
}

TEST(WsExtension, PassesOverOffersItCannotHonour) {
  for (const char* offer :
       {"", "permessage-bzip2", "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=016",
        "permessage-deflate; server_max_window_bits=8", "permessage-deflate; client_max_window_bits=99",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover"})
    EXPECT_FALSE(answer_deflate_offer(offer, {}).params.enabled) << offer;
  WsOptions off;
  off.deflate = false;
  EXPECT_FALSE(answer_deflate_offer("permessage-deflate", off).params.enabled);
}

TEST(WsExtension, AcceptsAnswersToItsOwnOfferOnly) {
  WsOptions options;
  EXPECT_EQ(accept_deflate_answer("", options), DeflateParams{});
  const auto agreed = accept_deflate_answer("permessage-deflate; server_no_context_takeover", options);
  ASSERT_TRUE(agreed);
  EXPECT_FALSE(agreed->peer_context_takeover);
  EXPECT_TRUE(accept_deflate_answer("permessage-deflate", options)->peer_context_takeover);
  EXPECT_EQ(accept_deflate_answer("permessage-deflate; client_max_window_bits=9", options)->our_window_bits, 9);
  EXPECT_FALSE(accept_deflate_answer("permessage-deflate; what=1", options));
  EXPECT_FALSE(accept_deflate_answer("permessage-deflate; client_max_window_bits=8", options));
  EXPECT_FALSE(accept_deflate_answer("other", options));
  options.deflate = false;
  EXPECT_FALSE(accept_deflate_answer("permessage-deflate", options));
}

TEST(WsOutbox, HandsOutEverythingQueuedAsOneSlice) {
  DeflateWorkspace workspace;
  const metrics::NetMetrics metrics;
  WsOutbox outbox(WsRole::server, {}, 256, 1'000'000, workspace, metrics);
  EXPECT_EQ(outbox.slice(), "");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(outbox.add_message({"[\"", "EOSE\"]"}));
  const std::string_view slice = outbox.slice();
  EXPECT_EQ(slice.size(), 100U * (2 + 8));
  EXPECT_EQ(slice.substr(0, 10), std::string_view("\x81\x08[\"EOSE\"]", 10));

  // What comes while it is being sent waits for the next.
  ASSERT_TRUE(outbox.add_message({"later"}));
  EXPECT_EQ(outbox.size(), 1007U);
  outbox.sent();
  EXPECT_EQ(outbox.slice().size(), 7U);
  outbox.sent();
  EXPECT_EQ(outbox.size(), 0U);
}

TEST(WsOutbox, RefusesWhatDoesNotFitAndKeepsTheRest) {
  DeflateWorkspace workspace;
  const metrics::NetMetrics metrics;
  WsOutbox outbox(WsRole::server, {}, 256, 1'000, workspace, metrics);
  ASSERT_TRUE(outbox.add_message({std::string(900, 'x')}));
  EXPECT_FALSE(outbox.add_message({std::string(200, 'y')}));
  EXPECT_EQ(outbox.size(), 904U);
  outbox.add_control(Opcode::close, close_payload(kClosePolicy, "slow reader"));
  EXPECT_GT(outbox.size(), 904U);
}

TEST(WsOutbox, CompressesLongMessagesOnly) {
  DeflateWorkspace workspace;
  const metrics::NetMetrics metrics;
  WsOutbox outbox(WsRole::server, {.enabled = true}, 256, 1'000'000, workspace, metrics);
  ASSERT_TRUE(outbox.add_message({std::string(255, 'x')}));
  EXPECT_EQ(outbox.size(), 259U);
  ASSERT_TRUE(outbox.add_message({std::string(2'000, 'x')}));
  EXPECT_LT(outbox.size(), 300U);
}

}  // namespace
}  // namespace pharos::net
