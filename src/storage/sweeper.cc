#include "storage/sweeper.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "nostr/kind.h"
#include "util/log.h"
#include "util/worker_pool.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::chrono::milliseconds kSlice{5};
constexpr std::chrono::milliseconds kQueueFull{10};
constexpr std::chrono::milliseconds kNotWritten{200};

// Everything, the expired too.
constexpr UnixSeconds kBeforeAll = std::numeric_limits<UnixSeconds>::min();

Sweep sweep_for(const Vanished& vanished) {
  Filter own;
  own.authors = {vanished.who};
  own.until = vanished.until;
  Filter wraps;
  wraps.kinds = {kind::kGiftWrap};
  wraps.tags = {{'p', {vanished.who.hex()}}};
  wraps.until = vanished.until;
  const auto spares = [vanished](const RecordView& record) {
    const bool is_request = record.kind() == kind::kVanish && record.created_at() == vanished.until;
    return is_request || !may_delete(record, vanished.who);
  };
  return {{std::move(own), std::move(wraps)}, EraseCause::vanish, spares, nullptr};
}

bool is_over(const Sweep& sweep) { return sweep.is_over && sweep.is_over(); }

}  // namespace

QueryOptions unlimited_query(const Sweep& sweep) {
  QueryOptions options;
  options.default_limit = std::numeric_limits<std::size_t>::max();
  options.max_limit = options.default_limit;
  options.max_scanned = options.default_limit;
  options.ranked = false;
  if (sweep.spares) options.visible = [&sweep](const RecordView& record) { return !sweep.spares(record); };
  return options;
}

Sweeper::~Sweeper() { stop(); }

void Sweeper::start() {
  Lock lock(stop_mutex_);
  thread_ = std::thread([this] {
    set_thread_name("sweeper");
    run();
  });
}

bool Sweeper::submit(Sweep&& sweep) {
  {
    Lock lock(mutex_);
    if (stopping_ || waiting_.size() >= kMaxWaiting) return false;
    waiting_.push_back(std::move(sweep));
  }
  changed_.notify_all();
  return true;
}

bool Sweeper::submit(const Vanished& vanished, Callback<void(PutOutcome)>& done) {
  {
    Lock lock(mutex_);
    if (stopping_) return false;
    Sweep& sweep = waiting_.emplace_back(sweep_for(vanished));
    if (done) sweep.done = [done = std::move(done)](const Swept&) { done(PutOutcome::stored); };
  }
  changed_.notify_all();
  return true;
}

bool Sweeper::submit(const Vanished& vanished) {
  Callback<void(PutOutcome)> nobody;
  return submit(vanished, nobody);
}

void Sweeper::stop() {
  {
    Lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  Lock lock(stop_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Sweeper::run() {
  while (true) {
    Sweep sweep;
    bool stopping = false;
    {
      Lock lock(mutex_);
      while (waiting_.empty() && !stopping_) lock.wait(changed_);
      if (waiting_.empty()) return;
      sweep = std::move(waiting_.front());
      waiting_.pop_front();
      stopping = stopping_;
    }
    const Swept swept = stopping ? Swept{} : perform(sweep);
    // A backup has the bytes until then, and their room is not free. Anybody can ask to vanish, again and again; what
    // retention erases is merged by its keeper, which waits for it.
    if (swept.erased > 0 && sweep.cause == EraseCause::admin) store_.merge_soon();
    if (sweep.done) sweep.done(swept);
  }
}

Swept Sweeper::perform(const Sweep& sweep) {
  Swept swept;
  swept.whole = erase_listed(sweep, swept) && erase_matching(sweep, swept);
  return swept;
}

bool Sweeper::erase_listed(const Sweep& sweep, Swept& swept) {
  for (std::size_t at = 0; at < sweep.events.size(); at += kBatch) {
    const auto begin = sweep.events.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t size = std::min(kBatch, sweep.events.size() - at);
    const auto erased = erase({begin, begin + static_cast<std::ptrdiff_t>(size)}, sweep);
    if (!erased) return false;
    swept.erased += *erased;
  }
  return true;
}

bool Sweeper::erase_matching(const Sweep& sweep, Swept& swept) {
  if (sweep.filters.empty()) return true;
  Query query(sweep.filters, unlimited_query(sweep));
  std::vector<Seq> batch;
  SliceEnd end = SliceEnd::more;
  while (end == SliceEnd::more) {
    TimeBudget budget(clock_, kSlice, std::numeric_limits<std::size_t>::max());
    end = query.run_slice(store_, kBeforeAll, budget, [&](const RecordView& record) {
      batch.push_back(record.seq());
      return batch.size() < kBatch;
    });
    if (end == SliceEnd::failed) {
      log::error("storage", "a sweep could not read all that it is to erase", {{"erased", swept.erased}});
      return false;
    }
    if (batch.size() < kBatch && end == SliceEnd::more) {
      if (is_over(sweep) || !wait(std::chrono::milliseconds(0))) return false;
      continue;
    }
    const auto erased = erase(std::exchange(batch, {}), sweep);
    if (!erased) return false;
    swept.erased += *erased;
  }
  return true;
}

std::optional<std::size_t> Sweeper::erase(std::vector<Seq> batch, const Sweep& sweep) {
  if (batch.empty()) return 0;
  while (!is_over(sweep)) {
    if (const auto erased = try_erase(batch, sweep)) return erased;
    if (!wait(kNotWritten)) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::size_t> Sweeper::try_erase(const std::vector<Seq>& batch, const Sweep& sweep) {
  Mutex mutex;
  std::condition_variable answered;
  bool is_answered = false;
  std::optional<std::size_t> erased;
  EraseRequest request{batch, sweep.cause, [&](std::optional<std::size_t> count) {
                         Lock lock(mutex);
                         erased = count;
                         is_answered = true;
                         answered.notify_all();
                       }};
  while (!store_.submit_erase(std::move(request))) {
    if (is_over(sweep) || !wait(kQueueFull)) return std::nullopt;
  }
  Lock lock(mutex);
  while (!is_answered) lock.wait(answered);
  return erased;
}

bool Sweeper::wait(std::chrono::milliseconds time) {
  const auto deadline = wait_deadline(time);
  Lock lock(mutex_);
  while (!stopping_) {
    if (lock.wait_until(changed_, deadline) == std::cv_status::timeout) break;
  }
  return !stopping_;
}

}  // namespace pharos::storage
