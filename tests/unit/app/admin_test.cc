// The operators' listener, without a socket.

#include "app/admin.h"

#include <gmock/gmock.h>

namespace pharos::app {
namespace {

using ::testing::HasSubstr;

class AdminTest : public ::testing::Test {
 protected:
  net::HttpResponse get(const std::string& target, const std::string& method = "GET") {
    const AdminServices services{registry_,
                                 [this] { return unhealthy_; },
                                 [this] { return unready_; },
                                 [] { return std::string("{\"upstreams\":[]}"); },
                                 [] { return std::string("{\"enabled\":false}"); },
                                 [this] { return compaction_; },
                                 [] { return std::string("{\"version\":\"1\"}"); },
                                 [] { return std::string("{\"audit\":[]}"); }};
    net::HttpRequest request;
    request.headers = headers_;
    request.method = method;
    request.target = target;
    return answer_admin(services, request);
  }

  metrics::Registry registry_;
  std::string unhealthy_;
  std::string unready_;
  std::vector<std::pair<std::string, std::string>> headers_;
  Result<void, storage::StorageFailure> compaction_ = success();
};

TEST_F(AdminTest, GivesMetricsInTheTextFormat) {
  const auto response = get("/metrics");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.headers,
              ::testing::Contains(::testing::Pair("Content-Type", "text/plain; version=0.0.4; charset=utf-8")));
  EXPECT_THAT(response.body, HasSubstr("# TYPE pharos_metric_series_refused_total counter"));
}

TEST_F(AdminTest, HealthAndReadinessSayWhyNot) {
  EXPECT_EQ(get("/healthz").status, 200U);
  EXPECT_EQ(get("/readyz").status, 200U);
  unhealthy_ = "event loop 2 has not turned for 11 s";
  unready_ = "draining";
  EXPECT_EQ(get("/healthz").status, 503U);
  EXPECT_THAT(get("/healthz").body, HasSubstr("event loop 2"));
  EXPECT_EQ(get("/readyz").status, 503U);
  EXPECT_THAT(get("/readyz").body, HasSubstr("draining"));
}

TEST_F(AdminTest, GivesTheStatusOfRouterAndMonitorAsJson) {
  EXPECT_EQ(get("/api/v1/router?x=1").body, "{\"upstreams\":[]}");
  EXPECT_EQ(get("/api/v1/monitor").body, "{\"enabled\":false}");
  EXPECT_EQ(get("/api/v1/status").body, "{\"version\":\"1\"}");
  EXPECT_EQ(get("/api/v1/access").body, "{\"audit\":[]}");
}

TEST_F(AdminTest, BeginsACompactionOnPostAlone) {
  EXPECT_EQ(get("/compact").status, 405U);
  EXPECT_EQ(get("/compact", "POST").status, 202U);
  compaction_ = storage::StorageFailure{storage::StorageError::locked, "a compaction is under way"};
  EXPECT_EQ(get("/compact", "POST").status, 409U);
  EXPECT_EQ(get("/compact", "POST").body, "a compaction is under way\n");
  compaction_ = storage::StorageFailure{storage::StorageError::disk_full, "no room"};
  EXPECT_EQ(get("/compact", "POST").status, 507U);
}

TEST_F(AdminTest, DoesNothingForPagesInABrowser) {
  headers_ = {{"Origin", "https://example.com"}};
  EXPECT_EQ(get("/compact", "POST").status, 403U);
}

TEST_F(AdminTest, RefusesOtherPathsAndMethods) {
  EXPECT_EQ(get("/").status, 404U);
  EXPECT_EQ(get("/metrics/x").status, 404U);
  EXPECT_EQ(get("/metrics", "POST").status, 405U);
  EXPECT_EQ(get("/metrics", "HEAD").status, 200U);
}

}  // namespace
}  // namespace pharos::app
