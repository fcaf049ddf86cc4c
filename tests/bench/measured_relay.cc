#include "bench/measured_relay.h"

#include <algorithm>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/load_process.h"
#include "support/read_file.h"
#include "support/temp_dir.h"
#include "util/clock.h"

namespace pharos::bench {
namespace {

// Limits that protect a relay from what a benchmark does are lifted; what costs or saves work stays as shipped.
constexpr std::string_view kSettings = R"(max_connections = 30000
max_connections_per_address = 0
max_subscriptions = 2000
max_limit = 5000
[ingest]
max_age = "0s"
max_ahead = "0s"
[log]
level = "warn"
)";

constexpr auto kLongest = std::chrono::hours(3);

struct ChildrenUse {
  double cpu_seconds = 0;
  double bytes_written = 0;
};

ChildrenUse children_use() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return {static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
              static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6,
          static_cast<double>(usage.ru_oublock) * 512};
}

}  // namespace

MeasuredRelay::MeasuredRelay(const RelayOptions& options) : options_(options) {
  if (is_ours()) instance_ = std::make_unique<testing::PharosInstance>(std::string(kSettings));
}

std::optional<double> MeasuredRelay::start() {
  if (!is_ours()) return std::nullopt;
  const SystemClock clock;
  const SteadyTime begin = clock.now();
  if (!instance_->start()) {
    fmt::print(stderr, "the relay did not start:\n{}\n", instance_->log());
    return std::nullopt;
  }
  return std::chrono::duration<double>(clock.now() - begin).count();
}

Cost MeasuredRelay::stop() {
  Cost cost;
  if (!is_ours()) return cost;
  const SystemClock clock;
  // The children's use grows by that of a whole life when one ends; what came before the stop is known from /proc.
  const ProcessUse lived = process_use(pids());
  const ChildrenUse before = children_use();
  const SteadyTime begin = clock.now();
  instance_->process().signal(SIGTERM);
  instance_->process().wait(std::chrono::minutes(10));
  cost.seconds = std::chrono::duration<double>(clock.now() - begin).count();
  const ChildrenUse after = children_use();
  cost.cpu_seconds = std::max(0.0, after.cpu_seconds - before.cpu_seconds - lived.cpu_seconds);
  cost.bytes_written =
      std::max(0.0, after.bytes_written - before.bytes_written - static_cast<double>(lived.bytes_written));
  return cost;
}

void MeasuredRelay::kill() {
  if (is_ours()) instance_->kill();
}

std::vector<pid_t> MeasuredRelay::pids() const {
  if (!is_ours()) return options_.pids;
  return {instance_->process().pid()};
}

Cost MeasuredRelay::import(const Corpus& corpus, std::size_t n, const std::vector<std::string>& arguments) {
  const testing::TempDir dir;
  const auto events = dir.path() / "events.jsonl";
  const auto err = dir.path() / "err";
  Cost imported;
  if (!(std::ofstream(events, std::ios::binary) << corpus.lines(n)).flush()) {
    imported.fault = fmt::format("{} cannot be written", events.string());
    return imported;
  }
  const SystemClock clock;
  const ChildrenUse before = children_use();
  const SteadyTime begin = clock.now();
  std::vector<std::string> command = {testing::pharos_program(), "import", events.string(), "--config",
                                      instance_->config_file().string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  testing::Process process(command, dir.path() / "out", err);
  const auto code = process.wait(kLongest);
  imported.seconds = std::chrono::duration<double>(clock.now() - begin).count();
  const ChildrenUse after = children_use();
  imported.cpu_seconds = after.cpu_seconds - before.cpu_seconds;
  imported.bytes_written = after.bytes_written - before.bytes_written;
  // Partial: the corpus deletes events, and some of the deleted come later.
  if (!code || (*code != 0 && testing::read_file(err).find("stored") == std::string::npos))
    imported.fault = testing::read_file(err);
  return imported;
}

}  // namespace pharos::bench
