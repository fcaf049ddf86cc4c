#include "bench/cores_model.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <vector>

namespace pharos::bench {
namespace {

// As the writer and the merger do it.
constexpr std::size_t kMaxBatch = 1024;
constexpr std::size_t kMemtableEvents = 26'000;
constexpr std::size_t kMostUnmerged = 3 * kMemtableEvents;
// What the merger does at once before another thread gets its core.
constexpr std::size_t kMergeStep = 64;

class Model {
 public:
  Model(const ModelMachine& machine, const StageCosts& costs, std::size_t in_flight)
      : costs_(costs), free_cores_(machine.cores), cores_(machine.cores) {
    add_threads(Stage::shards, machine.shards);
    add_threads(Stage::workers, machine.workers);
    add_threads(Stage::writer, 1);
    add_threads(Stage::merger, 1);
    queued_[index(Stage::shards)] = in_flight;
  }

  ModelOutcome run(std::size_t events) {
    while (done_ < events / 10) step();
    const double began = now_;
    const std::size_t before = done_;
    counting_from_ = now_;
    while (done_ < before + events) step();

    const double time = now_ - began;
    ModelOutcome outcome;
    outcome.events_per_second = static_cast<double>(done_ - before) / time * 1e6;
    std::array<double, kStages> threads{};
    for (const Thread& thread : threads_) ++threads[index(thread.stage)];
    for (std::size_t i = 0; i < kStages; ++i) outcome.busy[i] = std::min(1.0, occupied_[i] / time / threads[i]);
    outcome.cores_busy = std::min(1.0, used_ / time / static_cast<double>(cores_));
    return outcome;
  }

 private:
  struct Thread {
    Stage stage;
    double since = 0;       // took up its work
    std::size_t taken = 0;  // events of the work under way
    bool idle = true;
  };
  struct End {
    double at;
    std::size_t thread;
    bool flushed;  // the end of a wait for the disk
    bool operator>(const End& other) const { return at > other.at; }
  };

  static std::size_t index(Stage stage) { return static_cast<std::size_t>(stage); }

  void add_threads(Stage stage, std::size_t count) { threads_.insert(threads_.end(), count, Thread{stage}); }

  double cost(const Thread& thread) const {
    const std::array<double, kStages> each{costs_.shard, costs_.worker, costs_.writer, costs_.merger};
    return each[index(thread.stage)] * static_cast<double>(thread.taken);
  }

  // Idle threads take up what is queued for them and ask for a core.
  void take_up() {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      Thread& thread = threads_[i];
      std::size_t& queue = queued_[index(thread.stage)];
      if (!thread.idle || queue == 0) continue;
      if (thread.stage == Stage::writer && queued_[index(Stage::merger)] >= kMostUnmerged) continue;
      const std::size_t most = thread.stage == Stage::writer   ? kMaxBatch
                               : thread.stage == Stage::merger ? kMergeStep
                                                               : 1;
      thread.taken = std::min(queue, most);
      queue -= thread.taken;
      thread.idle = false;
      thread.since = now_;
      ready_.push_back(i);
    }
    while (free_cores_ > 0 && !ready_.empty()) {
      const std::size_t i = ready_.front();
      ready_.pop_front();
      --free_cores_;
      ends_.push({now_ + cost(threads_[i]), i, false});
    }
  }

  void step() {
    take_up();
    const End end = ends_.top();
    ends_.pop();
    now_ = end.at;
    Thread& thread = threads_[end.thread];
    if (!end.flushed) {
      ++free_cores_;
      used_ += std::min(cost(thread), now_ - counting_from_);
      if (thread.stage == Stage::writer) {
        ends_.push({now_ + costs_.flush, end.thread, true});
        return;
      }
    }
    occupied_[index(thread.stage)] += now_ - std::max(thread.since, counting_from_);
    thread.idle = true;
    hand_on(thread);
  }

  void hand_on(const Thread& thread) {
    switch (thread.stage) {
      case Stage::shards:
        queued_[index(Stage::workers)] += thread.taken;
        return;
      case Stage::workers:
        queued_[index(Stage::writer)] += thread.taken;
        return;
      case Stage::writer:
        // The client hears and sends the next: one cost on the shard stands for both.
        queued_[index(Stage::shards)] += thread.taken;
        queued_[index(Stage::merger)] += thread.taken;
        done_ += thread.taken;
        return;
      case Stage::merger:
        return;
    }
  }

  const StageCosts costs_;
  std::size_t free_cores_;
  const std::size_t cores_;
  std::vector<Thread> threads_;
  std::array<std::size_t, kStages> queued_{};
  std::deque<std::size_t> ready_;  // threads that wait for a core
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  double now_ = 0;
  double counting_from_ = 0;
  double used_ = 0;  // core time
  std::array<double, kStages> occupied_{};
  std::size_t done_ = 0;
};

}  // namespace

ModelOutcome simulate(const ModelMachine& machine, const StageCosts& costs, std::size_t in_flight, std::size_t events) {
  return Model(machine, costs, in_flight).run(events);
}

}  // namespace pharos::bench
