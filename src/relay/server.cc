#include "relay/server.h"

#include <algorithm>

#include "relay/eose_hint.h"
#include "relay/fanout.h"
#include "relay/info.h"
#include "relay/management.h"
#include "relay/neg_trees.h"
#include "relay/net_loop.h"
#include "relay/page_counts.h"
#include "relay/session.h"
#include "relay/session_count.h"
#include "util/check.h"

namespace pharos::relay {
namespace {

// What administrators say goes before the settings.
Options managed(Options options, const ingest::AccessRules* rules) {
  if (rules == nullptr) return options;
  const ingest::AccessLists& lists = rules->lists();
  options.info.name = lists.name.value_or(options.info.name);
  options.info.description = lists.description.value_or(options.info.description);
  options.info.icon = lists.icon.value_or(options.info.icon);
  options.conditions = rules->conditions();
  return options;
}

// What a reload or an administrator replaces.
struct Settings {
  Settings(const Options& from, const ingest::AccessRules* rules)
      : options(std::make_shared<const Options>(fitted_to_outbound_caps(managed(from, rules)))),
        own(std::make_shared<const OwnUrls>(own_urls(from.urls))) {}
  std::shared_ptr<const Options> options;
  std::shared_ptr<const OwnUrls> own;
};

}  // namespace

class RelayServer::Impl {
 public:
  Impl(const Options& options, Services services)
      : services_(std::move(services)),
        configured_(options),
        settings_(std::make_shared<const Settings>(options, rules().get())),
        runner_(std::make_shared<QueryRunner>(services_.store, services_.pool, services_.clock,
                                              services_.pool.threads(), options.max_queued_slices, services_.metrics)),
        neg_memory_(std::make_shared<NegMemory>(options.max_negentropy_bytes, services_.metrics)),
        neg_trees_({services_.store, services_.clock, runner_, neg_memory_}, options, services_.metrics),
        page_counts_(services_.store, services_.clock, services_.metrics),
        rates_(services_.random.next_u64(), services_.metrics.rate) {
    std::vector<ServingShard*> shards;
    for (std::size_t i = 0; i < services_.shards.serving_count(); ++i) {
      loops_.push_back(std::make_unique<NetLoop>(services_.shards.serving(i)));
      shards_.push_back(std::make_unique<ServingShard>(*loops_.back(), services_.store, services_.clock, sessions_,
                                                       services_.random.next_u64(), options.max_fanout_events,
                                                       options.max_fanout_bytes, services_.metrics));
      shards.push_back(shards_.back().get());
    }
    if (services_.moderation != nullptr) management_.emplace(*services_.moderation, services_.clock, services_.metrics);
    fanout_ = std::make_unique<Fanout>(services_.store.feed(), std::move(shards), services_.clock);
  }

  Result<void, net::NetFailure> start() {
    std::vector<net::IoShard*> on;
    for (std::size_t i = 0; i < services_.shards.serving_count(); ++i) on.push_back(&services_.shards.serving(i));
    const auto options = settings_.get()->options;
    for (const net::ServerOptions& listener : options->listeners) {
      auto listening = net::Server::listen(listener, services_.shards, on, handlers(listener), services_.tls);
      if (!listening) {
        stop_accepting();
        servers_.clear();
        return listening.error();
      }
      servers_.push_back(std::move(listening.value()));
    }
    neg_trees_.start();
    return success();
  }

  std::vector<std::string> addresses() const {
    std::vector<std::string> addresses;
    for (const auto& server : servers_) addresses.push_back(server->address());
    return addresses;
  }

  void reconfigure(const Options& options) {
    Lock lock(configured_mutex_);
    if (options.rates->of_address != configured_.rates->of_address) rates_.forget_all();
    configured_ = options;
    settings_.set(std::make_shared<const Settings>(configured_, rules().get()));
    for (auto& shard : shards_) shard->loop().post([&shard = *shard, rates = options.rates] { shard.obey(rates); });
  }

  void access_changed() {
    {
      Lock lock(configured_mutex_);
      settings_.set(std::make_shared<const Settings>(configured_, rules().get()));
    }
    // As they are when it runs: changes may come on several threads, and the last one is what holds.
    for (auto& shard : shards_) shard->loop().post([this, &shard = *shard] { shard.obey(rules()); });
  }

  DrainReport drain(std::chrono::milliseconds timeout) {
    draining_.store(true);
    stop_accepting();
    neg_trees_.stop();
    const SteadyTime deadline = wait_deadline(timeout);
    const std::size_t before = sessions_.get();
    for (auto& shard : shards_) shard->loop().post([&shard = *shard] { shard.begin_drain(); });
    // The last fifth of the time is for closing those whose OKs did not come in the rest.
    if (sessions_.wait_for_none(deadline - timeout / 5) > 0) {
      for (auto& shard : shards_) shard->loop().post([&shard = *shard] { shard.shut_down(); });
    }
    const std::size_t left = sessions_.wait_for_none(deadline);
    return {before - std::min(before, left), left};
  }

 private:
  // nullptr where there are none.
  std::shared_ptr<const ingest::AccessRules> rules() const {
    return services_.moderation != nullptr ? services_.moderation->rules()->get() : nullptr;
  }

  net::ServerHandlers handlers(const net::ServerOptions& listener) {
    net::ServerHandlers handlers;
    if (services_.moderation != nullptr) {
      handlers.is_blocked = [access = services_.moderation->rules()](const std::string& peer_address) {
        return access->get()->blocks(peer_address);
      };
    }
    handlers.is_too_fast = [this](const std::string& peer_address) {
      return rates_.refuse_connection(peer_address, *settings_.get()->options->rates, services_.clock);
    };
    handlers.on_http_later = [this](const net::HttpRequest& request, const net::HttpAnswer& answer) {
      const auto options = settings_.get()->options;
      if (!management_ || !is_management_request(request) || !is_relay_target(*options, request.target)) return false;
      management_->handle(*options, request, answer);
      return true;
    };
    handlers.on_http = [this](const net::HttpRequest& request) {
      return answer_http(*settings_.get()->options, request, [this] { return page_counts_.get(); });
    };
    handlers.on_upgrade = [this](const net::HttpRequest& request) { return refuse_upgrade(request); };
    handlers.on_connection = [this, low_water = listener.ws.low_water_bytes](net::WsConnectionPtr connection,
                                                                             const net::HttpRequest& request) {
      open_session(std::move(connection), low_water, request);
    };
    return handlers;
  }

  std::optional<net::HttpResponse> refuse_upgrade(const net::HttpRequest& request) const {
    net::HttpResponse response;
    if (draining_.load()) {
      services_.metrics.upgrades_refused_draining.add();
      response.status = 503;
      response.headers.emplace_back("Retry-After", "5");
      response.body = "shutting down\n";
      return response;
    }
    if (is_relay_target(*settings_.get()->options, request.target)) return std::nullopt;
    response.status = 404;
    response.body = "not found\n";
    return response;
  }

  void open_session(net::WsConnectionPtr connection, std::size_t low_water_bytes, const net::HttpRequest& request) {
    const net::IoShard* const shard = &connection->shard();
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (&services_.shards.serving(i) != shard) continue;
      const auto settings = settings_.get();
      Session::open(
          {*shards_[i], services_.sink, *runner_, neg_memory_, neg_trees_, services_.clock, services_.metrics, rates_},
          settings->options, settings->own,
          {std::move(connection), low_water_bytes, make_challenge(services_.random),
           hints_at_eose(*settings->options, request), rules()});
      // Connections that were being upgraded when drain() began.
      if (draining_.load()) shards_[i]->begin_drain();
      return;
    }
    PHAROS_DEBUG_CHECK(false);  // listen() was told to use serving shards only
  }

  void stop_accepting() {
    for (const auto& server : servers_) server->stop_accepting();
  }

  const Services services_;
  Mutex configured_mutex_;
  Options configured_ PHAROS_GUARDED_BY(configured_mutex_);
  Snapshot<Settings> settings_;
  SessionCount sessions_;
  std::shared_ptr<QueryRunner> runner_;
  const std::shared_ptr<NegMemory> neg_memory_;
  NegTrees neg_trees_;
  PageCounts page_counts_;
  AddressRates rates_;
  std::vector<std::unique_ptr<NetLoop>> loops_;
  std::vector<std::unique_ptr<ServingShard>> shards_;
  std::optional<Management> management_;
  std::unique_ptr<Fanout> fanout_;
  std::vector<std::unique_ptr<net::Server>> servers_;
  std::atomic<bool> draining_{false};
};

RelayServer::RelayServer(const Options& options, Services services)
    : impl_(std::make_unique<Impl>(options, std::move(services))) {}

RelayServer::~RelayServer() = default;

Result<void, net::NetFailure> RelayServer::start() { return impl_->start(); }

std::vector<std::string> RelayServer::addresses() const { return impl_->addresses(); }

void RelayServer::reconfigure(const Options& options) { impl_->reconfigure(options); }

void RelayServer::access_changed() { impl_->access_changed(); }

RelayServer::DrainReport RelayServer::drain(std::chrono::milliseconds timeout) { return impl_->drain(timeout); }

}  // namespace pharos::relay
