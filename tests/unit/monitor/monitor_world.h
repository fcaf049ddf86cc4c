// A monitor with everything it needs, in one process over loopback: shards, store, pipeline, endpoints.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "ingest/pipeline.h"
#include "monitor/monitor.h"
#include "storage/query.h"
#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/fake_endpoint.h"
#include "support/temp_dir.h"
#include "util/worker_pool.h"

namespace pharos::monitor::testing {

using pharos::testing::EndpointKind;
using pharos::testing::eventually;
using pharos::testing::FakeEndpoint;
using pharos::testing::FakeEndpoints;

class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() : shards(1), endpoints(shards), pool("verify", 1, 64) {
    shards.start();
    storage::StoreOptions store_options;
    store_options.directory = directory.path();
    store_options.map_size_bytes = 64U << 20U;
    store_options.durability = storage::Durability::os;
    auto opened = storage::Store::open(store_options, clock);
    EXPECT_TRUE(opened) << opened.error().detail;
    store = std::move(opened).value();
    sink = ingest::make_pipeline({}, *store, pool, clock);

    options.schedule.period = std::chrono::milliseconds(1'000);
    options.schedule.first_spread = std::chrono::milliseconds(100);
    options.schedule.per_host = 100;
    options.schedule.dials_per_second = options.schedule.dial_burst = 1'000;
    options.schedule.retry_ladder = {std::chrono::milliseconds(500)};
    options.probe.allow_private_addresses = true;
    options.probe.ca_file = endpoints.ca_file();
    options.probe.timeouts = {std::chrono::milliseconds(2'000), std::chrono::milliseconds(1'000),
                              std::chrono::milliseconds(1'000), std::chrono::milliseconds(2'000),
                              std::chrono::milliseconds(1'000)};
    options.status_every = std::chrono::milliseconds(50);
    options.announce.own_url = "wss://own.example.com";
  }
  ~MonitorTest() override {
    monitor.reset();
    sink->stop();
    sink->wait_idle(std::chrono::seconds(5));
    pool.stop();
    store->stop();
    shards.stop();
  }

  void start() {
    monitor = std::make_unique<Monitor>(
        options, identity.secret(), MonitorDependencies{shards.background(), *store, *sink, clock, random, metrics});
    monitor->start();
  }
  FakeEndpoint& target(EndpointKind kind, const std::string& host = "127.0.0.1") {
    FakeEndpoint& endpoint = endpoints.add(kind, host);
    options.targets.push_back(endpoint.url());
    return endpoint;
  }

  // What a client gets for this kind, newest first.
  std::vector<Event> stored(Kind kind) const {
    Filter filter;
    filter.kinds = {kind};
    filter.authors = {identity.key()};
    storage::Query query({filter}, {});
    TimeBudget budget(clock, std::chrono::seconds(5), 100'000);
    std::vector<Event> out;
    query.run_slice(*store, clock.unix_now(), budget, [&](const storage::RecordView& record) {
      record.decode(out.emplace_back());
      return true;
    });
    return out;
  }
  std::optional<Event> discovery_of(const std::string& url) const {
    for (Event& event : stored(30166))
      if (identifier(event) == url) return std::move(event);
    return std::nullopt;
  }

  SystemClock clock;
  SystemRandom random;
  test::Person identity{42};
  pharos::testing::TempDir directory;
  net::IoShards shards;
  FakeEndpoints endpoints;
  WorkerPool pool;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<ingest::Pipeline> sink;
  metrics::MonitorMetrics metrics;
  MonitorOptions options;
  std::unique_ptr<Monitor> monitor;
};

// The values of the tags with this name, in order.
inline std::vector<std::string> values(const Event& event, std::string_view name) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < event.tags.size(); ++i)
    if (event.tags[i].name() == name) out.emplace_back(event.tags[i].value());
  return out;
}

}  // namespace pharos::monitor::testing
