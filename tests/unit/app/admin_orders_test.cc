// What operators order, without a socket.

#include "app/admin_orders.h"

#include <future>

#include <gmock/gmock.h>

#include "support/event_builder.h"
#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using test::Person;
using ::testing::HasSubstr;

class AdminOrdersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 28U;
    store_ = std::move(storage::Store::open(options, clock_).value());
    moderation_ = std::move(ingest::Moderation::open(*store_, clock_).value());
    moderation_->set_listeners(nullptr, [this](std::vector<Filter> filters) {
      erase_banned(*store_, moderation_->rules(), std::move(filters));
    });
  }
  void TearDown() override { store_->stop(); }

  net::HttpResponse post(const std::string& target, const std::string& body) {
    const AdminOrders orders{[this](ingest::AccessChange change, ingest::Moderation::Done done) {
                               moderation_->submit(std::move(change), "operator", std::move(done));
                             },
                             [this](Filter filter, bool dry_run, std::function<void(const Deletion&)> done) {
                               return delete_matching(*store_, std::move(filter), dry_run, std::move(done));
                             }};
    net::HttpRequest request;
    request.method = "POST";
    request.target = target;
    request.headers = headers_;
    request.body = body;
    std::promise<net::HttpResponse> promise;
    auto future = promise.get_future();
    const bool taken =
        take_order(orders, request, [&promise](net::HttpResponse response) { promise.set_value(std::move(response)); });
    return taken ? future.get() : net::HttpResponse{};
  }
  void put(const Event& event) {
    std::promise<storage::PutOutcome> outcome;
    ASSERT_TRUE(store_->submit(
        {test::share(event), 0, [&outcome](storage::PutOutcome put) { outcome.set_value(put); }, nullptr}));
    ASSERT_EQ(outcome.get_future().get(), storage::PutOutcome::stored);
  }

  ManualClock clock_;
  testing::TempDir directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<ingest::Moderation> moderation_;
  std::vector<std::pair<std::string, std::string>> headers_;
  Person alice_{1};
  Person bob_{2};
};

TEST_F(AdminOrdersTest, AChangeIsAnsweredWhenItIsKept) {
  const auto answer =
      post("/api/v1/access", R"({"action":"banpubkey","subject":")" + alice_.hex() + R"(","reason":"spam"})");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "The public key " + alice_.hex() +
                             " is banned now: nothing of it is taken any more, whoever brings it, and "
                             "what is stored of it is being erased.\n");
  EXPECT_EQ(moderation_->rules()->get()->lists().banned_pubkeys.at(alice_.key()), "spam");
  EXPECT_EQ(moderation_->audit().at(0).actor, "operator");
}

TEST_F(AdminOrdersTest, AnAllowListIsOpenedWhereThatIsAskedFor) {
  const std::string order = R"({"action":"allowpubkey","subject":")" + alice_.hex() + "\"";
  const auto refused = post("/api/v1/access", order + R"(,"only":false})");
  EXPECT_EQ(refused.status, 400U);
  EXPECT_THAT(refused.body, HasSubstr("--only"));
  EXPECT_EQ(post("/api/v1/access", order + "}").status, 400U);
  EXPECT_TRUE(moderation_->rules()->get()->lists().allowed_pubkeys.empty());
  EXPECT_THAT(post("/api/v1/access", order + R"(,"only":true})").body, HasSubstr("nobody else may publish"));
}

TEST_F(AdminOrdersTest, WhatIsNoOrderIsSaidSo) {
  EXPECT_EQ(post("/api/v1/access", "{").status, 400U);
  EXPECT_THAT(post("/api/v1/access", R"({"action":"bless","subject":"x"})").body, HasSubstr("\"bless\""));
  EXPECT_THAT(post("/api/v1/access", R"({"action":"banpubkey","subject":"x"})").body, HasSubstr("\"x\" is neither"));
  for (const char* order :
       {"{}", R"({"filter":{}})", R"({"filter":[]})", R"({"filter":{"kinds":"x"}})", R"({"filter":{"kinds":[[1]]}})",
        R"({"filter":{"kinds":[1],"limit":3}})", R"({"filter":{"search":"include:spam"}})"}) {
    EXPECT_EQ(post("/api/v1/delete", order).status, 400U) << order;
  }
}

TEST_F(AdminOrdersTest, PagesAreRefused) {
  headers_ = {{"Origin", "https://example.com"}};
  EXPECT_EQ(post("/api/v1/access", R"({"action":"bankind","subject":"1"})").status, 403U);
  EXPECT_EQ(post("/api/v1/delete", R"({"filter":{"kinds":[1]}})").status, 403U);
}

TEST_F(AdminOrdersTest, ADeletionIsLookedAtFirst) {
  for (int i = 0; i < 3; ++i) put(alice_.event(1, 1'000 + i, "note"));
  put(bob_.event(1, 1'000, "note"));
  const std::string filter = R"({"filter":{"authors":[")" + alice_.hex() + R"("]})";
  const auto looked = post("/api/v1/delete", filter + R"(,"dry_run":true})");
  EXPECT_THAT(looked.body, HasSubstr(R"({"events":3,"bytes":)"));
  EXPECT_THAT(looked.body, HasSubstr(R"("whole":true)"));
  EXPECT_EQ(post("/api/v1/delete", filter + R"(,"dry_run":true})").body, looked.body);
  EXPECT_EQ(post("/api/v1/delete", filter + "}").body, looked.body);
  EXPECT_THAT(post("/api/v1/delete", filter + "}").body, HasSubstr(R"({"events":0,)"));
  EXPECT_THAT(post("/api/v1/delete", R"({"filter":{"since":0},"dry_run":true})").body, HasSubstr(R"({"events":1,)"));
}

TEST_F(AdminOrdersTest, WhatABanNamesIsErasedSaveForWhatIsAllowed) {
  const Event kept = alice_.event(1, 1'000, "allowed");
  put(kept);
  put(alice_.event(1, 1'001, "gone"));
  ASSERT_EQ(post("/api/v1/access", R"({"action":"allowevent","subject":")" + kept.id.hex() + R"("})").status, 200U);
  ASSERT_EQ(post("/api/v1/access", R"({"action":"banpubkey","subject":")" + alice_.hex() + R"("})").status, 200U);
  // Behind the sweep of the ban.
  EXPECT_THAT(post("/api/v1/delete", R"({"filter":{"since":0},"dry_run":true})").body, HasSubstr(R"({"events":1,)"));
  EXPECT_TRUE(store_->contains(kept.id));
}

TEST_F(AdminOrdersTest, WhatAStopLeftOfABanIsErasedAtTheNextStart) {
  ASSERT_EQ(post("/api/v1/access", R"({"action":"banpubkey","subject":")" + alice_.hex() + R"("})").status, 200U);
  put(alice_.event(1, 1'001, "left"));
  put(bob_.event(1, 1'001, "stays"));
  erase_all_banned(*store_, moderation_->rules());
  EXPECT_THAT(post("/api/v1/delete", R"({"filter":{"since":0},"dry_run":true})").body, HasSubstr(R"({"events":1,)"));
}

TEST_F(AdminOrdersTest, OtherPathsAreNotTaken) {
  EXPECT_EQ(post("/api/v1/status", "{}").body, "");
  EXPECT_EQ(post("/compact", "{}").body, "");
}

}  // namespace
}  // namespace pharos::app
