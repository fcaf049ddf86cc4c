// Asking a running instance over loopback.

#include "app/admin_client.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "app/admin.h"
#include "app/run_file.h"
#include "net/server.h"
#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AdminClientTest : public ::testing::Test {
 protected:
  AdminClientTest() : shards_(1) {
    shards_.start();
    net::ServerOptions options;
    options.listen = "127.0.0.1:0";
    net::ServerHandlers handlers;
    handlers.on_http = [](const net::HttpRequest& request) {
      net::HttpResponse response;
      if (request.target != "/somebody-else") response.headers.emplace_back(kAdminHeader);
      response.status = request.target == "/api/v1/router" ? 200 : request.target == "/order" ? 400 : 404;
      if (request.method == "POST")
        response.body = request.header("Content-Type") + " " + request.body + "\n";
      else
        response.body = "{\"asked\":\"" + request.target + "\"}";
      return response;
    };
    server_ = net::Server::listen(options, shards_, {&shards_.background()}, handlers, nullptr).value();
  }
  ~AdminClientTest() override { shards_.stop(); }

  net::IoShards shards_;
  std::unique_ptr<net::Server> server_;
  testing::TempDir dir_;
};

TEST_F(AdminClientTest, FindsTheInstanceThroughItsRunFile) {
  ASSERT_TRUE(RunFile::write(dir_.path(), {::getpid(), "127.0.0.1:1", server_->address()}));
  // Many times over: the loop that asks is made and taken down for each.
  for (int i = 0; i < 50; ++i) {
    const auto answer = ask_admin({dir_.path(), "", "/api/v1/router"});
    ASSERT_TRUE(answer.has_value()) << answer.error().detail;
    ASSERT_EQ(answer.value(), "{\"asked\":\"/api/v1/router\"}");
  }
}

TEST_F(AdminClientTest, ANamedAddressIsAskedInsteadAndOtherAnswersAreFailures) {
  const auto answer = ask_admin({dir_.path(), server_->address(), "/elsewhere"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ExitCode::failure);
  EXPECT_THAT(answer.error().detail, HasSubstr("404"));
}

TEST_F(AdminClientTest, AnotherServerIsToldByItsAddress) {
  const auto answer = ask_admin({dir_.path(), server_->address(), "/somebody-else"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ExitCode::unavailable);
  EXPECT_THAT(answer.error().detail,
              AllOf(HasSubstr(server_->address() + " is not Pharos's admin listener"), Not(HasSubstr("asked"))));
}

TEST_F(AdminClientTest, AnOrderGoesAsJsonAndAWrongOneIsAUsageError) {
  const auto taken = ask_admin({dir_.path(), server_->address(), "/api/v1/router", "{\"order\":1}"});
  ASSERT_TRUE(taken.has_value()) << taken.error().detail;
  EXPECT_EQ(taken.value(), "application/json {\"order\":1}\n");
  const auto refused = ask_admin({dir_.path(), server_->address(), "/order", "{}"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ExitCode::usage);
  EXPECT_EQ(refused.error().detail, "application/json {}");
}

TEST_F(AdminClientTest, SaysThatNothingRunsThere) {
  const auto none = ask_admin({dir_.path(), "", "/api/v1/router"});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ExitCode::unavailable);
  EXPECT_THAT(none.error().detail, HasSubstr(dir_.path().string()));
  EXPECT_TRUE(none.error().nothing_runs);
  EXPECT_EQ(ask_admin({dir_.path(), "127.0.0.1:1", "/"}).error().code, ExitCode::unavailable);
  EXPECT_EQ(ask_admin({dir_.path(), "nonsense", "/"}).error().code, ExitCode::usage);
  EXPECT_EQ(ask_admin({dir_.path(), "127.0.0.1:port", "/"}).error().code, ExitCode::usage);
}

}  // namespace
}  // namespace pharos::app
