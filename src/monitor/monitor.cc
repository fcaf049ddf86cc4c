#include "monitor/monitor.h"

#include <atomic>
#include <chrono>
#include <future>

#include "monitor/watch.h"
#include "util/log.h"
#include "util/snapshot.h"

namespace pharos::monitor {
namespace {

constexpr std::chrono::seconds kStopTimeout{5};

}  // namespace

struct Monitor::State {
  State(const MonitorOptions& o, const SecretKey& s, const MonitorDependencies& d)
      : options(o), secret(s), dependencies(d) {}

  MonitorOptions options;
  SecretKey secret;  // until the publisher has it
  MonitorDependencies dependencies;
  Snapshot<std::string> status{std::make_shared<const std::string>("{}")};
  std::atomic<bool> stopped{false};
  std::shared_ptr<Watch> watch;  // on the shard alone
};

Monitor::Monitor(const MonitorOptions& options, const SecretKey& secret, const MonitorDependencies& dependencies)
    : state_(std::make_shared<State>(options, secret, dependencies)) {}

Monitor::~Monitor() { stop(); }

void Monitor::start() {
  if (!state_->options.enabled) return;
  state_->dependencies.shard.post([state = state_] {
    if (state->watch || state->stopped) return;
    auto on_status = [weak = std::weak_ptr(state)](std::string json) {
      if (const auto self = weak.lock()) self->status.set(std::make_shared<const std::string>(std::move(json)));
    };
    state->watch = std::make_shared<Watch>(state->options, state->secret, state->dependencies, std::move(on_status));
    state->secret = SecretKey{};
    state->watch->begin();
  });
}

void Monitor::stop() {
  if (!state_->options.enabled || state_->stopped.exchange(true)) return;
  if (state_->dependencies.shard.is_current()) {
    state_->watch.reset();
    return;
  }
  auto ended = std::make_shared<std::promise<void>>();
  auto future = ended->get_future();
  // A shard that was stopped drops the task, and with it the promise: that ends the wait too.
  state_->dependencies.shard.post([state = state_, ended = std::move(ended)] {
    state->watch.reset();
    ended->set_value();
  });
  if (future.wait_for(kStopTimeout) != std::future_status::ready)
    log::warn("monitor", "the monitor did not stop in time");
}

std::string Monitor::status_json() const { return *state_->status.get(); }

}  // namespace pharos::monitor
