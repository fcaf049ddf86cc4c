// What no peer should do on the wire: HTTP, WebSocket (RFC 6455) and compression (RFC 7692) misused, connections opened
// for nothing, kept half open or left in the middle. A client that behaves is served before, between and after.
#include <sys/resource.h>

#include "net/deflate.h"
#include "support/eventually.h"
#include "support/hostile_fixture.h"
#include "support/raw_socket.h"

namespace pharos::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr unsigned kText = 0x81;
constexpr unsigned kTextBegin = 0x01;
constexpr unsigned kContinuation = 0x00;
constexpr unsigned kContinuationEnd = 0x80;
constexpr unsigned kPing = 0x89;
constexpr unsigned kDeflatedText = 0xc1;
constexpr std::string_view kRequest = R"(["REQ","r",{"limit":0}])";

class HostileWire : public HostileFixture {
 protected:
  explicit HostileWire(std::string settings = {}) : HostileFixture(std::move(settings)) {}

  RawSocket upgraded(std::string_view extra_headers = {}) {
    RawSocket socket(relay_.relay_address());
    socket.send(ws_request(extra_headers));
    EXPECT_THAT(socket.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
    return socket;
  }

  // The code of the close frame that ends what the relay says; 0 when it ends without one.
  static int close_code(RawSocket& socket) {
    const std::string said = socket.read_to_end();
    const std::size_t at = said.rfind('\x88');
    if (at == std::string::npos || at + 4 > said.size()) return 0;
    return static_cast<unsigned char>(said[at + 2]) * 256 + static_cast<unsigned char>(said[at + 3]);
  }
  int refusal(std::string_view bytes, std::string_view extra_headers = {}) {
    RawSocket socket = upgraded(extra_headers);
    socket.send(bytes);
    return close_code(socket);
  }
  // Whether the connection is still answered on.
  static bool answers(RawSocket& socket) {
    socket.send(ws_frame(kText, kRequest));
    return socket.read_until("[\"EOSE\",\"r\"").find("[\"EOSE\",\"r\"") != std::string::npos;
  }

  std::string exchange(const std::string& bytes) {
    RawSocket socket(relay_.relay_address());
    socket.send(bytes);
    return socket.read_to_end();
  }
};

TEST_F(HostileWire, FramesThatBreakTheProtocolAreClosedWith1002) {
  EXPECT_EQ(refusal(ws_frame(kText, kRequest, false)), 1002) << "unmasked";
  EXPECT_EQ(refusal(ws_frame(0x91, kRequest)), 1002) << "RSV3";
  EXPECT_EQ(refusal(ws_frame(0xa1, kRequest)), 1002) << "RSV2";
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, kRequest)), 1002) << "RSV1 without an extension";
  for (const unsigned opcode : {0x3U, 0x4U, 0x5U, 0x6U, 0x7U, 0xbU, 0xcU, 0xdU, 0xeU, 0xfU}) {
    EXPECT_EQ(refusal(ws_frame(0x80 | opcode, "x")), 1002) << "reserved opcode " << opcode;
  }
  EXPECT_EQ(refusal(ws_frame(0x09, "x")), 1002) << "fragmented ping";
  EXPECT_EQ(refusal(ws_frame(kPing, std::string(126, 'p'))), 1002) << "long ping";
  EXPECT_EQ(refusal(ws_frame(kTextBegin, "a") + ws_frame(kText, "b")), 1002) << "a message inside a message";
  EXPECT_EQ(refusal(ws_frame(kContinuationEnd, "x")), 1002) << "a continuation of nothing";
  EXPECT_EQ(refusal(std::string("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00kkkk", 14)), 1002) << "a negative length";
  EXPECT_EQ(refusal(std::string("\x81\xfe\x00\x05kkkkxxxxx", 13)), 1002) << "a length longer than it need be";
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 5000}) {
    EXPECT_EQ(refusal(ws_frame(0x88, ws_close(static_cast<std::uint16_t>(code)))), 1002) << code;
  }
  EXPECT_EQ(refusal(ws_frame(0x88, "x")), 1002) << "half a close code";
}

TEST_F(HostileWire, BinaryMessagesAreClosedWith1003) { EXPECT_EQ(refusal(ws_frame(0x82, kRequest)), 1003); }

TEST_F(HostileWire, TextThatIsNotUtf8IsClosedWith1007) {
  for (const char* text : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "a\x80"}) {
    EXPECT_EQ(refusal(ws_frame(kText, R"(["EVENT",{"content":")" + std::string(text) + "\"}]")), 1007);
  }
  EXPECT_EQ(refusal(ws_frame(0x88, ws_close(1000, "\xff"))), 1007) << "a reason that is none";
  RawSocket split = upgraded();
  split.send(ws_frame(kTextBegin, "[\"REQ\",\"\xf0\x9f") + ws_frame(kPing, "between") +
             ws_frame(kContinuationEnd, "\x94\xa5\",{\"limit\":0}]"));
  // One may be answered before the other.
  std::string said = split.read_until("\xf0\x9f\x94\xa5\"]");
  if (said.find("between") == std::string::npos) said += split.read_until("between");
  EXPECT_THAT(said, HasSubstr("between")) << "a ping inside a message is answered";
  EXPECT_THAT(said, HasSubstr("\xf0\x9f\x94\xa5")) << "a character may lie across two fragments";
}

TEST_F(HostileWire, MessagesTooLongAreClosedWith1009BeforeTheyAreRead) {
  const std::string head("\x81\xff\x00\x00\x00\x00\x7f\xff\xff\xffkkkk", 14);
  EXPECT_EQ(refusal(head), 1009);
  std::string pieces = ws_frame(kTextBegin, std::string(60'000, 'x'));
  for (int i = 0; i < 9; ++i) pieces += ws_frame(kContinuation, std::string(60'000, 'x'));
  EXPECT_EQ(refusal(pieces), 1009);
}

TEST_F(HostileWire, AFloodOfFragmentsIsClosedWith1008) {
  std::string flood = ws_frame(kTextBegin, "[");
  for (int i = 0; i < 200'000; ++i) flood += ws_frame(kContinuation, i % 2 == 0 ? "" : " ");
  EXPECT_EQ(refusal(flood), 1008);
}

TEST_F(HostileWire, AFloodOfPingsIsClosedWith1008) {
  std::string flood;
  for (int i = 0; i < 2'000; ++i) flood += ws_frame(kPing, "p");
  EXPECT_EQ(refusal(flood), 1008);
}

TEST_F(HostileWire, CompressedBombsAreClosedWith1009AndBrokenOnesWith1007) {
  const std::string_view offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  const auto deflated = [](const std::string& text) {
    const std::string_view piece = text;
    std::string out;
    net::Deflater(15).deflate({&piece, 1}, false, out);
    return out;
  };
  const std::string bomb = deflated(std::string(100'000'000, '0'));
  ASSERT_LT(bomb.size(), 500'000U);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, bomb), offer), 1009);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, "\xff\xff\xff\xff\xff"), offer), 1007);
  EXPECT_EQ(refusal(ws_frame(kDeflatedText, deflated("\xff\xfe")), offer), 1007);
  EXPECT_EQ(refusal(ws_frame(0xc9, "p"), offer), 1002) << "a compressed control frame";
  RawSocket good = upgraded(offer);
  good.send(ws_frame(kDeflatedText, deflated(std::string(kRequest))));
  EXPECT_FALSE(good.read_bytes(4).empty());
}

TEST_F(HostileWire, OffersOfCompressionOutOfRangeAreNotTaken) {
  for (const char* offer : {"server_max_window_bits=7", "server_max_window_bits=16", "client_max_window_bits=0",
                            "server_max_window_bits", "unknown=1", "server_no_context_takeover=1"}) {
    RawSocket socket(relay_.relay_address());
    socket.send(ws_request(std::string("Sec-WebSocket-Extensions: permessage-deflate; ") + offer + "\r\n"));
    const std::string head = socket.read_until("\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101")) << offer;
    EXPECT_THAT(head, ::testing::Not(HasSubstr("permessage-deflate"))) << offer;
    EXPECT_TRUE(answers(socket)) << offer;
  }
}

TEST_F(HostileWire, HandshakesThatAreNotRightAreRefused) {
  const std::string good = ws_request();
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string request = good;
    const std::size_t at = request.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return request.replace(at, what.size(), by);
  };
  const auto without = [&](std::string_view line) {
    std::string request = good;
    const std::size_t at = request.find(line);
    return request.erase(at, request.find("\r\n", at) + 2 - at);
  };
  EXPECT_THAT(exchange(without("Sec-WebSocket-Key")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(exchange(with("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(exchange(with("Version: 13", "Version: 12")), StartsWith("HTTP/1.1 426"));
  EXPECT_THAT(exchange(with("HTTP/1.1", "HTTP/1.0")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(exchange(with("GET", "POST")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(exchange(with("GET / ", "GET /nowhere ")), StartsWith("HTTP/1.1 404"));
  std::string headers;
  for (int i = 0; i < 2'000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_THAT(exchange(ws_request(headers)), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(exchange(ws_request("X: " + std::string(64'000, 'x') + "\r\n")), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nX: a\r\n\r\n"), StartsWith("HTTP/1.1 400")) << "no Host";
  EXPECT_THAT(exchange("\r\n\r\n\r\n"), AnyOf(StartsWith("HTTP/1.1 400"), ""));
  EXPECT_THAT(exchange(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)),
              AnyOf(StartsWith("HTTP/1.1 400"), ""))
      << "TLS where none is spoken";
  EXPECT_THAT(exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string("fffffff\r\n")),
              AnyOf(StartsWith("HTTP/1.1 413"), StartsWith("HTTP/1.1 405"), StartsWith("HTTP/1.1 408")));
}

TEST_F(HostileWire, AnAbsoluteTargetIsUnderstoodOrRefused) {
  std::string request = ws_request();
  request.replace(request.find("GET / "), 6, "GET http://relay.example/ ");
  RawSocket socket(relay_.relay_address());
  socket.send(request);
  EXPECT_THAT(socket.read_until("\r\n\r\n"), AnyOf(StartsWith("HTTP/1.1 101"), StartsWith("HTTP/1.1 4")));
}

TEST_F(HostileWire, FramesThatComeWithTheHandshakeAreRead) {
  RawSocket socket(relay_.relay_address());
  socket.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/nostr+json\r\n\r\n" + ws_request() +
              ws_frame(kText, kRequest));
  EXPECT_THAT(socket.read_until("[\"EOSE\",\"r\""), HasSubstr("[\"EOSE\",\"r\""));
}

class HostileHandshake : public HostileWire {
 protected:
  HostileHandshake() : HostileWire("handshake_timeout = \"4s\"\n") {}
};

TEST_F(HostileHandshake, SlowAndSilentOnesAreCutOff) {
  RawSocket silent(relay_.relay_address());
  RawSocket slow(relay_.relay_address());
  EXPECT_TRUE(eventually([&] { return !slow.send("X") || slow.ends_within(milliseconds(1)); }));
  EXPECT_TRUE(silent.ends_within(seconds(10)));
}

TEST_F(HostileWire, HalfOpenAndAbandonedConnectionsGiveTheirSlotsBack) {
  std::vector<RawSocket> held;
  for (int i = 0; i < 60; ++i) {
    held.push_back(upgraded());
    // In the middle of a frame, of a message, of a close.
    held.back().send(i % 3 == 0   ? std::string("\x81\xfe", 2)
                     : i % 3 == 1 ? ws_frame(kTextBegin, "[\"REQ\"")
                                  : std::string("\x88\x82", 2));
    if (i % 2 == 0) held.back().shutdown_write();
  }
  held.clear();
  const auto open = [&] {
    const std::string metrics = http_get(relay_.admin_address(), "/metrics").body;
    const std::string name = "pharos_connections{listener=\"relay\"} ";
    const std::size_t at = metrics.find(name);
    return at == std::string::npos ? -1 : std::stoi(metrics.substr(at + name.size()));
  };
  EXPECT_TRUE(eventually([&] { return open() == 0; })) << open();
}

TEST_F(HostileWire, WhoeverLeavesInTheMiddleOfAnAnswerHurtsNobody) {
  NostrClient author(relay_.relay_address());
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(author.publish(sign(1, std::string(20'000, 'x') + std::to_string(i))).accepted);
  for (int i = 0; i < 20; ++i) {
    RawSocket leaver = upgraded();
    leaver.set_receive_buffer(4'096);
    for (int request = 0; request < 8; ++request) {
      leaver.send(ws_frame(kText, "[\"REQ\",\"r" + std::to_string(request) + "\",{}]"));
    }
    leaver.read_bytes(10'000);
  }
  EXPECT_EQ(author.query(R"({"kinds":[1]})").size(), 200U);
}

TEST_F(HostileWire, ForgedAddressesAreNotBelieved) {
  // Loopback is a trusted proxy by default: what it says must still be an address.
  for (const char* forged : {"999.1.1.1", "unknown", "'; DROP TABLE", "127.0.0.1:70000", "::1]", ",,,,", "\t"}) {
    RawSocket socket = upgraded(std::string("X-Forwarded-For: ") + forged + "\r\n");
    EXPECT_TRUE(answers(socket)) << forged;
  }
}

TEST_F(HostileWire, AtTheLimitOfDescriptorsItGoesOnServing) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own check of vtables opens a pipe and takes a failure for a bad one";
#endif
  rlimit before{};
  const int pid = relay_.process().pid();
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &before), 0);
  NostrClient client(relay_.relay_address());
  ASSERT_TRUE(client.publish(sign(1, "before")).accepted);
  const auto open_files = std::distance(std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"),
                                        std::filesystem::directory_iterator());
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(open_files) + 8;
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &tight, nullptr), 0);
  {
    std::vector<RawSocket> crowd;
    for (int i = 0; i < 40; ++i) {
      crowd.emplace_back(relay_.relay_address());
      crowd.back().send(ws_request());
    }
    EXPECT_TRUE(client.publish(sign(1, "meanwhile")).accepted);
    EXPECT_EQ(client.query(R"({"kinds":[1]})").size(), 2U);
  }
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &before, nullptr), 0);
}

}  // namespace
}  // namespace pharos::testing
