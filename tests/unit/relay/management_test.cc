#include "relay/management.h"

#include <future>

#include <gmock/gmock.h>

#include "support/http_auth.h"
#include "support/temp_dir.h"

namespace pharos::relay {
namespace {

using ingest::AccessAction;
using test::Person;
using ::testing::HasSubstr;

std::string fault(const std::string& body) {
  const auto call = parse_management_call(body);
  return call ? "" : call.error();
}

TEST(ManagementCall, Nip86ReadsTheMethodAndItsParameters) {
  const auto call = parse_management_call(R"({"method":"banpubkey","params":["ab","why"],"id":1})");
  ASSERT_TRUE(call);
  EXPECT_EQ(call.value().method, ManagementCall::Method::change);
  EXPECT_EQ(call.value().change.action, AccessAction::ban_pubkey);
  EXPECT_EQ(call.value().change.subject, "ab");
  EXPECT_EQ(call.value().change.reason, "why");
  EXPECT_EQ(parse_management_call(R"({"method":"allowkind","params":[7]})").value().change.subject, "7");
  EXPECT_EQ(parse_management_call(R"({"method":"banevent","params":["ab",null]})").value().change.reason, "");
  EXPECT_EQ(parse_management_call(R"({"method":"listblockedips"})").value().method,
            ManagementCall::Method::list_blocked_ips);
  const auto role = parse_management_call(R"({"method":"createrole","params":["mod","Mods","they","#fff",3]})");
  ASSERT_TRUE(role);
  EXPECT_EQ(role.value().change.subject, "mod");
  EXPECT_EQ(role.value().change.role, (ingest::Role{"Mods", "they", "#fff", 3}));
  EXPECT_EQ(parse_management_call(R"({"method":"assignrole","params":["ab","mod"]})").value().change.role_id, "mod");
}

TEST(ManagementCall, RefusesWhatIsNone) {
  for (const char* body :
       {"", "[]", "{", "{}", R"({"method":1})", "{\"method\":\"banpubkey\xff\"}",
        R"({"method":"banpubkey","params":{}})", R"({"method":"banpubkey"})", R"({"method":"banpubkey","params":[[]]})",
        R"({"method":"allowkind","params":[1.5]})", R"({"method":"createrole","params":["a","b","c","d","e"]})",
        R"({"method":"assignrole","params":["ab"]})"}) {
    EXPECT_NE(fault(body), "") << body;
  }
  EXPECT_THAT(fault(R"({"method":"unbanevent","params":["ab"]})"), HasSubstr("unknown method"));
  EXPECT_THAT(fault(R"({"method":"stats"})"), HasSubstr("unknown method"));
  EXPECT_THAT(fault(std::string(60'000, '[')), HasSubstr("no JSON object"));
  EXPECT_THAT(fault(std::string(70'000, ' ')), HasSubstr("too large"));
}

TEST(ManagementCall, Nip86EverySupportedMethodIsRead) {
  EXPECT_EQ(management_methods().size(), 24U);
  for (const std::string_view method : management_methods()) {
    const std::string body = R"({"method":")" + std::string(method) + R"(","params":["1","x"]})";
    EXPECT_EQ(fault(body), "") << method;
  }
}

TEST(ReplayGuard, AnIdIsUsedOnceUntilItIsOfNoUse) {
  ReplayGuard guard(121);
  EventId id;
  EXPECT_EQ(guard.use(id, 1'000), ReplayGuard::Use::first);
  EXPECT_EQ(guard.use(id, 1'121), ReplayGuard::Use::again);
  EXPECT_EQ(guard.use(id, 1'122), ReplayGuard::Use::first);
  for (std::size_t i = 1; i < ReplayGuard::kMaxIds; ++i) {
    id.data[0] = static_cast<std::uint8_t>(i);
    id.data[1] = static_cast<std::uint8_t>(i >> 8U);
    EXPECT_EQ(guard.use(id, 1'122), ReplayGuard::Use::first);
  }
  id.data[2] = 1;
  EXPECT_EQ(guard.use(id, 1'122), ReplayGuard::Use::full);
  EXPECT_EQ(guard.use(id, 1'300), ReplayGuard::Use::first);
}

class ManagementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 28U;
    store_ = std::move(storage::Store::open(options, clock_).value());
    moderation_ = std::move(ingest::Moderation::open(*store_, clock_).value());
    management_ = std::make_unique<Management>(*moderation_, clock_, metrics::RelayMetrics{});
    options_.admins = {admin_.key()};
    options_.urls = {"wss://relay.example.com/"};
  }
  void TearDown() override { store_->stop(); }

  net::HttpResponse ask(const std::string& body, const std::string& authorization,
                        const std::string& host = "relay.example.com") {
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers = {{"Host", host}, {"Authorization", authorization}};
    request.body = body;
    request.peer_address = peer_;
    std::promise<net::HttpResponse> promise;
    auto future = promise.get_future();
    management_->handle(options_, request,
                        [&promise](net::HttpResponse response) { promise.set_value(std::move(response)); });
    return future.get();
  }
  net::HttpResponse ask(const std::string& body, Person& person,
                        const std::string& url = "https://relay.example.com/") {
    return ask(body, testing::http_auth(person, url, body, clock_.unix_now()));
  }

  ManualClock clock_;
  testing::TempDir directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<ingest::Moderation> moderation_;
  std::unique_ptr<Management> management_;
  Options options_;
  std::string peer_ = "192.0.2.7:4711";
  Person admin_{1};
  Person alice_{2};
};

const std::string kList = R"({"method":"listbannedpubkeys","params":[]})";

TEST_F(ManagementTest, Nip86AChangeIsKeptWithItsActor) {
  const std::string ban = R"({"method":"banpubkey","params":[")" + alice_.hex() + R"(","spam"]})";
  const auto answer = ask(ban, admin_);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, R"({"result":true})");
  EXPECT_EQ(ask(kList, admin_).body, R"({"result":[{"pubkey":")" + alice_.hex() + R"(","reason":"spam"}]})");
  EXPECT_EQ(moderation_->audit().at(0).actor, admin_.hex());
  const auto refused = ask(R"({"method":"banpubkey","params":["xyz"]})", admin_);
  EXPECT_EQ(refused.status, 200U);
  EXPECT_THAT(refused.body, HasSubstr(R"({"error":)"));
}

TEST_F(ManagementTest, NobodyBlocksTheirOwnAddress) {
  const auto block = [&](const std::string& what) {
    return ask(R"({"method":"blockip","params":[")" + what + R"("]})", admin_).body;
  };
  for (const char* own : {"192.0.2.7", "192.0.2.0/24", "0.0.0.0/0"})
    EXPECT_THAT(block(own), HasSubstr("your own address")) << own;
  EXPECT_TRUE(moderation_->rules()->get()->lists().blocked.empty());
  EXPECT_EQ(block("192.0.2.8"), R"({"result":true})");
  peer_ = "[2001:db8::1]:4711";
  EXPECT_THAT(block("2001:db8::/32"), HasSubstr("your own address"));
}

TEST_F(ManagementTest, Nip98AChangeIsAuthorizedOnceWhileReadingMayBeRepeated) {
  const std::string ban = R"({"method":"banpubkey","params":[")" + alice_.hex() + R"("]})";
  const std::string authorization = testing::http_auth(admin_, "wss://relay.example.com", ban, clock_.unix_now());
  EXPECT_EQ(ask(ban, authorization).status, 200U);
  EXPECT_EQ(ask(ban, authorization).status, 401U);
  const std::string reading = testing::http_auth(admin_, "wss://relay.example.com", kList, clock_.unix_now());
  EXPECT_EQ(ask(kList, reading).status, 200U);
  EXPECT_EQ(ask(kList, reading).status, 200U);
}

TEST_F(ManagementTest, OnlyAdministratorsWithAGoodAuthorizationAreHeard) {
  EXPECT_EQ(ask(kList, std::string()).status, 401U);
  EXPECT_EQ(ask(kList, alice_).status, 403U);
  EXPECT_EQ(ask(kList, admin_, "https://other.example.com/").status, 401U);
  Event forged = admin_.event(
      27235, clock_.unix_now(), "",
      {{"u", "https://relay.example.com/"}, {"method", "POST"}, {"payload", to_hex(sha256(as_bytes(kList)))}});
  forged.sig.data[3] ^= 1U;
  EXPECT_EQ(ask(kList, "Nostr " + testing::base64(test::to_json(forged))).status, 401U);
  options_.admins.clear();
  EXPECT_EQ(ask(kList, admin_).status, 405U);
}

TEST_F(ManagementTest, WhatTheHostHeaderSaysIsBelievedOfLoopbackAlone) {
  const auto now = clock_.unix_now();
  EXPECT_EQ(ask(kList, testing::http_auth(admin_, "http://127.0.0.1:7777", kList, now), "127.0.0.1:7777").status, 200U);
  EXPECT_EQ(ask(kList, testing::http_auth(admin_, "http://127.0.0.1:7778", kList, now), "127.0.0.1:7777").status, 401U);
  EXPECT_EQ(ask(kList, testing::http_auth(admin_, "https://evil.example/", kList, now), "evil.example").status, 401U);
}

TEST_F(ManagementTest, ListsTellWhatTheSettingsAdd) {
  ingest::FixedAccess fixed;
  fixed.denied_pubkeys.insert(alice_.key());
  fixed.allowed_kinds = {{1, 3}};
  fixed.denied_addresses = {*IpRange::parse("192.0.2.0/24")};
  moderation_->set_fixed(fixed);
  EXPECT_THAT(ask(kList, admin_).body, HasSubstr(R"("reason":"in the settings")"));
  EXPECT_EQ(ask(R"({"method":"listallowedkinds"})", admin_).body, R"({"result":[1,2,3]})");
  EXPECT_EQ(ask(R"({"method":"listblockedips"})", admin_).body,
            R"({"result":[{"ip":"192.0.2.0/24","reason":"in the settings"}]})");
}

TEST(Management, IsAskedForByItsContentType) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers = {{"content-type", "Application/Nostr+JSON+RPC; charset=utf-8"}};
  EXPECT_TRUE(is_management_request(request));
  request.method = "GET";
  EXPECT_FALSE(is_management_request(request));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}};
  EXPECT_FALSE(is_management_request(request));
}

}  // namespace
}  // namespace pharos::relay
