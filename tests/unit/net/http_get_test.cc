#include <gmock/gmock.h>

#include "dial_fixture.h"
#include "support/raw_socket.h"

namespace pharos::net::testing {
namespace {

using pharos::testing::RawSocket;
using pharos::testing::ScriptedPeer;
using ::testing::HasSubstr;

class HttpGetTest : public DialTest {
 protected:
  FetchOutcome fetch_answer(const std::string& answer, const FetchOptions& options = {}) {
    ScriptedPeer peer([&](RawSocket& socket) {
      request_ = socket.read_until("\r\n\r\n");
      socket.send(answer);
    });
    return fetch(target_at(peer.port()), options);
  }
  std::string request_;
};

TEST_F(HttpGetTest, FetchesWithItsHeaders) {
  shards_.start();
  FetchOptions options;
  options.headers = {{"Accept", "application/nostr+json"}};
  const FetchOutcome fetched =
      fetch_answer("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhiIGNORED", options);
  ASSERT_TRUE(fetched.has_value()) << fetched.error().failure.detail;
  EXPECT_EQ(fetched.value().status, 200U);
  EXPECT_EQ(fetched.value().body, "hi");
  EXPECT_THAT(request_, HasSubstr("Accept: application/nostr+json\r\n"));
  EXPECT_THAT(request_, HasSubstr("Host: 127.0.0.1:"));
}

TEST_F(HttpGetTest, ReadsChunkedAndUnmeasuredBodies) {
  shards_.start();
  EXPECT_EQ(
      fetch_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").value().body,
      "abc");
  EXPECT_EQ(fetch_answer("HTTP/1.0 200 OK\r\n\r\nuntil the end").value().body, "until the end");
  EXPECT_EQ(
      fetch_answer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
          .value()
          .status,
      404U);
}

TEST_F(HttpGetTest, RefusesBodiesAboveTheCapAndCutOnes) {
  shards_.start();
  FetchOptions options;
  options.max_body_bytes = 10;
  for (const std::string& answer :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"),
        std::string("HTTP/1.0 200 OK\r\n\r\n12345678901")}) {
    const FetchOutcome fetched = fetch_answer(answer, options);
    ASSERT_FALSE(fetched.has_value()) << answer;
    EXPECT_EQ(fetched.error().failure.error, NetError::too_large) << answer;
  }
  const FetchOutcome cut = fetch_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123");
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().failure.error, NetError::http);
}

TEST_F(HttpGetTest, FollowsRedirectsWithinItsLimit) {
  handlers_.on_http = [](const HttpRequest& request) {
    if (request.target == "/a/start") return HttpResponse{302, {{"Location", "../end?x=1"}}, ""};
    return HttpResponse{200, {}, request.target};
  };
  start();
  DialTarget target = target_at(port());
  target.target = "/a/start";
  FetchOptions options;
  options.max_redirects = 1;
  EXPECT_EQ(fetch(target, options).value().body, "/end?x=1");
  options.max_redirects = 0;
  EXPECT_EQ(fetch(target, options).value().status, 302U);
}

TEST_F(HttpGetTest, HoldsRedirectsToTheAddressPolicyAndToHttp) {
  shards_.start();
  const FetchOutcome file =
      fetch_answer("HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().failure.error, NetError::http);
  const FetchOutcome absent =
      fetch_answer("HTTP/1.1 301 Moved\r\nLocation: http://no-such-host.invalid/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_FALSE(absent.has_value());
}

}  // namespace
}  // namespace pharos::net::testing
