// The relay that is measured: a `pharos serve` of this build with settings of the benchmark, or any relay that runs
// already. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/corpus.h"
#include "support/pharos_instance.h"

namespace pharos::bench {

struct RelayOptions {
  std::size_t events = 200'000;
  std::uint64_t seed = 1;
  int runs = 1;
  double seconds = 0;           // of each measurement that has no end of its own; 0 follows from events
  std::size_t connections = 0;  // idle ones; 0 follows from events
  std::string only;
  std::string save;
  std::string compare;
  std::string server;       // host:port of a running relay; empty starts one
  std::vector<pid_t> pids;  // of that relay
  std::string data;         // its database
  bool loaded = false;      // it has the corpus already
};

// What something took that ended a process.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
  double bytes_written = 0;
  std::string fault;  // empty where it went well
};

class MeasuredRelay {
 public:
  explicit MeasuredRelay(const RelayOptions& options);

  bool is_ours() const { return options_.server.empty(); }
  // Seconds until it listened; nullopt when it did not, or is not ours to start.
  std::optional<double> start();
  Cost stop();
  void kill();
  // Imports the first n events into its database, which no process may have open.
  Cost import(const Corpus& corpus, std::size_t n, const std::vector<std::string>& arguments = {});

  std::string address() const { return is_ours() ? instance_->relay_address() : options_.server; }
  std::vector<pid_t> pids() const;
  std::string data() const { return is_ours() ? instance_->data().string() : options_.data; }
  std::string log() const { return is_ours() ? instance_->log() : std::string(); }

 private:
  const RelayOptions& options_;
  std::unique_ptr<testing::PharosInstance> instance_;
};

}  // namespace pharos::bench
