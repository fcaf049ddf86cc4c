// Where ingest saturates on machines that are not at hand: its stages with their measured costs as a closed network of
// queues, simulated.
//
//   clients -> io shards -> workers -> the writer -> io shards -> clients
//                                        `-> the merger
//
// Shards and workers are many, the writer and the merger one each; all of them share the cores. A client sends its next
// event when it hears of one. The writer commits what is queued together and waits for the disk without a core. What is
// left out: memory bandwidth, caches that are not shared between sockets, and the load generator's own cores.
#pragma once

#include <array>
#include <cstddef>

namespace pharos::bench {

// CPU time of an event in microseconds; flush is the time that the disk takes for a commit.
struct StageCosts {
  double shard = 7;
  double worker = 37;
  double writer = 15;
  double merger = 7;
  double flush = 200;
};

struct ModelMachine {
  std::size_t cores = 2;
  std::size_t shards = 1;
  std::size_t workers = 1;
};

enum class Stage : std::size_t { shards, workers, writer, merger };
inline constexpr std::size_t kStages = 4;

struct ModelOutcome {
  double events_per_second = 0;
  // The share of time in which a stage's threads have work, on a core or waiting for one (the writer: or for the disk).
  std::array<double, kStages> busy{};
  double cores_busy = 0;  // share
};

// in_flight events are under way at any moment; `events` are counted after a tenth of them as warm-up.
ModelOutcome simulate(const ModelMachine& machine, const StageCosts& costs, std::size_t in_flight, std::size_t events);

}  // namespace pharos::bench
