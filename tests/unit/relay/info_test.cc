#include "relay/info.h"

#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include "relay/nips.h"

namespace pharos::relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

net::HttpResponse get(const Options& options, std::string_view accept, std::string target = "/",
                      std::string method = "GET") {
  net::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!accept.empty()) request.headers.emplace_back("accept", accept);
  return answer_http(options, request, [] { return PageFigures{1'234, 56, 7'654'321, std::chrono::hours(50)}; });
}

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

rapidjson::Document parse(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.c_str());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

TEST(Info, Nip11ServesTheDocumentToWhoNamesItsType) {
  for (const char* accept :
       {"application/nostr+json", "application/json, application/nostr+json, */*",
        "text/html;q=0.5, application/nostr+json;q=0.9", "APPLICATION/NOSTR+JSON; charset=utf-8"}) {
    const auto response = get({}, accept);
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(header(response, "Content-Type"), "application/nostr+json") << accept;
    EXPECT_TRUE(parse(response.body).IsObject());
  }
}

TEST(Info, Nip11ServesThePageToBrowsersAndToWildcards) {
  for (const char* accept : {"", "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                             "text/html, application/nostr+json;q=0.1", "application/nostr+json;q=0, */*"}) {
    const auto response = get({}, accept);
    EXPECT_EQ(response.status, 200U);
    EXPECT_THAT(header(response, "Content-Type"), HasSubstr("text/html")) << accept;
  }
}

TEST(Info, Nip11SendsTheThreeCorsHeadersOnEveryAnswer) {
  for (const auto& response : {get({}, "application/nostr+json"), get({}, "text/html"), get({}, "", "/", "OPTIONS"),
                               get({}, "", "/elsewhere"), get({}, "", "/", "POST")}) {
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "*");
    EXPECT_THAT(header(response, "Access-Control-Allow-Headers"), HasSubstr("Authorization"));
    EXPECT_THAT(header(response, "Access-Control-Allow-Methods"), HasSubstr("GET"));
  }
}

TEST(Info, Nip11VariesByAcceptAndAnswersThePreflight) {
  EXPECT_EQ(header(get({}, "application/nostr+json"), "Vary"), "Accept");
  EXPECT_EQ(header(get({}, "text/html"), "Vary"), "Accept");
  const auto preflight = get({}, "", "/", "OPTIONS");
  EXPECT_EQ(preflight.status, 204U);
  EXPECT_TRUE(preflight.body.empty());
}

TEST(Info, OtherPathsAreNotFoundAndTheQueryDoesNotCount) {
  EXPECT_EQ(get({}, "application/nostr+json", "/x").status, 404U);
  EXPECT_EQ(get({}, "application/nostr+json", "//").status, 404U);
  EXPECT_EQ(get({}, "application/nostr+json", "/?a=b").status, 200U);
  Options options;
  options.path = "/relay";
  EXPECT_EQ(get(options, "", "/").status, 404U);
  EXPECT_EQ(get(options, "", "/relay?x").status, 200U);
}

TEST(Info, OtherMethodsAreRefusedByName) {
  const auto response = get({}, "application/nostr+json", "/", "DELETE");
  EXPECT_EQ(response.status, 405U);
  EXPECT_THAT(header(response, "Allow"), HasSubstr("OPTIONS"));
}

TEST(Info, Nip11TellsTheOptionsInForce) {
  Options options;
  options.info.name = "a \"name\"";
  options.info.self = std::string(64, 'a');
  options.info.software = "https://example.com/pharos";
  options.limits.max_subscriptions = 7;
  options.limits.max_limit = 123;
  options.limits.default_limit = 45;
  options.limits.max_subscription_id = 33;
  options.admission.max_tags = 99;
  options.admission.max_content_length = 1000;
  options.listeners[0].ws.max_message_bytes = 4242;
  const auto document = parse(relay_document(options));
  EXPECT_STREQ(document["name"].GetString(), "a \"name\"");
  EXPECT_EQ(document["self"].GetString(), std::string(64, 'a'));
  EXPECT_STREQ(document["software"].GetString(), "https://example.com/pharos");
  EXPECT_FALSE(document.HasMember("contact")) << "empty texts are left out";
  const auto& limitation = document["limitation"];
  EXPECT_EQ(limitation["max_subscriptions"].GetInt(), 7);
  EXPECT_EQ(limitation["max_limit"].GetInt(), 123);
  EXPECT_EQ(limitation["default_limit"].GetInt(), 45);
  EXPECT_EQ(limitation["max_subid_length"].GetInt(), 33);
  EXPECT_EQ(limitation["max_event_tags"].GetInt(), 99);
  EXPECT_EQ(limitation["max_content_length"].GetInt(), 1000);
  EXPECT_EQ(limitation["max_message_length"].GetInt(), 4242);
  EXPECT_EQ(limitation["created_at_upper_limit"].GetInt(), 900);
  EXPECT_EQ(limitation["created_at_lower_limit"].GetInt(), 3 * 365 * 86400);
  EXPECT_FALSE(limitation["auth_required"].GetBool());
}

TEST(Info, Nip11ListsOnlyWhatIsEnabled) {
  Options options;
  EXPECT_EQ(supported_nips(options), (std::vector<unsigned>{1, 4, 9, 11, 17, 40, 42, 45, 59, 62, 70, 77}));
  options.gate_private_messages = false;
  options.count = false;
  options.negentropy = false;
  options.admission.min_pow_bits = 8;
  options.admission.honour_vanish = false;
  options.monitoring = true;
  options.eose_hint = EoseHint::on;
  EXPECT_EQ(supported_nips(options), (std::vector<unsigned>{1, 9, 11, 13, 40, 42, 66, 67, 70}));
  const auto document = parse(relay_document(options));
  EXPECT_EQ(document["supported_nips"].Size(), 9U);
}

TEST(Info, ThePageEscapesWhatItShowsAndHasNoScript) {
  Options options;
  options.info.name = "<script>alert(1)</script>";
  options.info.description = "a & b";
  const auto response = get(options, "text/html");
  EXPECT_THAT(response.body, Not(HasSubstr("<script")));
  EXPECT_THAT(response.body, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(response.body, HasSubstr("a &amp; b"));
  EXPECT_THAT(header(response, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST(Info, ThePageShowsHowToConnectAndTheFiguresAndWhatIsKept) {
  Options options;
  options.urls = {"wss://relay.example/"};
  options.info.contact = "javascript:alert(1)";
  options.info.terms_of_service = "https://relay.example/terms";
  options.info.icon = "http://elsewhere.example/icon.png";
  options.info.pubkey = std::string(64, 'a');
  options.limits.max_subscriptions = 77;
  const std::string page = get(options, "text/html").body;
  EXPECT_THAT(page, HasSubstr(">wss://relay.example/</code>"));
  for (const char* figure : {">1,234<", ">56<", ">7,654,321<", ">2 days<", ">77 a connection<", "npub1"}) {
    EXPECT_THAT(page, HasSubstr(figure));
  }
  EXPECT_THAT(page, HasSubstr("href=\"https://relay.example/terms\""));
  EXPECT_THAT(page, HasSubstr("javascript:alert(1)")) << "shown";
  EXPECT_THAT(page, Not(HasSubstr("href=\"javascript:"))) << "and no link";
  EXPECT_THAT(page, Not(HasSubstr("elsewhere.example"))) << "images come over https alone";
  for (const unsigned nip : supported_nips(options)) {
    EXPECT_THAT(page, HasSubstr("/" + nip_page(nip) + ".md\"")) << nip;
  }
  EXPECT_THAT(page, Not(HasSubstr("/43.md"))) << "what is off is not shown";
}

TEST(Info, TheDocumentCountsNothing) {
  net::HttpRequest request;
  request.method = "GET";
  request.target = "/";
  request.headers.emplace_back("accept", "application/nostr+json");
  bool counted = false;
  answer_http({}, request, [&] {
    counted = true;
    return PageFigures{};
  });
  EXPECT_FALSE(counted);
}

TEST(Info, Nip86IsToldAndMayBeAskedByPagesWhereSomebodyManages) {
  Options options;
  EXPECT_THAT(relay_document(options), ::testing::Not(HasSubstr(",86,98]")));
  EXPECT_THAT(header(get(options, "", "/", "OPTIONS"), "Access-Control-Allow-Methods"),
              ::testing::Not(HasSubstr("POST")));
  options.admins.emplace_back();
  EXPECT_THAT(relay_document(options), HasSubstr(",86,98]"));
  const auto preflight = get(options, "", "/", "OPTIONS");
  EXPECT_EQ(preflight.status, 204U);
  EXPECT_THAT(header(preflight, "Access-Control-Allow-Methods"), HasSubstr("POST"));
  EXPECT_THAT(header(preflight, "Access-Control-Allow-Headers"), HasSubstr("Authorization, Content-Type"));
}

TEST(Info, Nip11SaysWhenWritesAreRestricted) {
  Options options;
  EXPECT_THAT(relay_document(options), HasSubstr(R"("restricted_writes":false)"));
  options.conditions.writers = ingest::Writers::members;
  EXPECT_THAT(relay_document(options), HasSubstr(R"("restricted_writes":true)"));
  options.conditions = {};
  options.admission.min_pow_bits = 8;
  EXPECT_THAT(relay_document(options), HasSubstr(R"("restricted_writes":true)"));
}

TEST(Info, Nip11SaysWhenNothingGoesWithoutAuth) {
  Options options;
  EXPECT_THAT(relay_document(options), HasSubstr(R"("auth_required":false)"));
  options.conditions.auth_to_read = true;
  EXPECT_THAT(relay_document(options), HasSubstr(R"("auth_required":false)")) << "whoever writes need not";
  options.conditions.auth_to_write = true;
  EXPECT_THAT(relay_document(options), HasSubstr(R"("auth_required":true)"));
}

TEST(Info, ThePageSaysWhoMayReadAndWrite) {
  Options options;
  EXPECT_THAT(get(options, "text/html").body, Not(HasSubstr("Who gets in")));
  options.conditions.auth_to_read = true;
  std::string page = get(options, "text/html").body;
  EXPECT_THAT(page, HasSubstr("<dt>Readers</dt><dd>reading needs AUTH (NIP-42), as anybody</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>Writers</dt><dd>everybody</dd>"));
  options.conditions.members_read = true;
  options.conditions.writers = ingest::Writers::members;
  options.conditions.auth_to_write = true;
  page = get(options, "text/html").body;
  EXPECT_THAT(page, HasSubstr("<dt>Readers</dt><dd>members only; reading needs AUTH (NIP-42)</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>Writers</dt><dd>members only; writing needs AUTH (NIP-42)</dd>"));
  options.conditions = {};
  options.conditions.listed_kinds = true;
  EXPECT_THAT(get(options, "text/html").body, HasSubstr("<dt>Writers</dt><dd>listed kinds only</dd>"));
  options.conditions.writers = ingest::Writers::trusted;
  EXPECT_THAT(get(options, "text/html").body, HasSubstr("<dd>authors in the web of trust only; listed kinds only"));
}

}  // namespace
}  // namespace pharos::relay
