#include "storage/retention_keeper.h"

#include <algorithm>
#include <utility>

#include "nostr/kind.h"
#include "storage/info.h"
#include "storage/meta.h"
#include "storage/retention_notice_store.h"
#include "storage/seq_scan.h"
#include "storage/tombstones.h"
#include "storage/txn.h"
#include "util/log.h"
#include "util/worker_pool.h"

namespace pharos::storage {
namespace {

constexpr std::uint64_t kStepShare = 20;  // of all events, the most that one step erases
constexpr std::size_t kReadAtOnce = 2'000;

bool goes_for_size(const RecordView& record, const RetentionRules& rules) {
  const bool is_regular = !has_address(record.kind()) && !is_undeletable(record.kind());
  return is_regular && !is_kept(record, rules);
}

}  // namespace

// Of a sweep, which may outlive the keeper.
struct RetentionKeeper::Answer {
  Mutex mutex;
  std::condition_variable there;
  bool is_there PHAROS_GUARDED_BY(mutex) = false;
  std::optional<Swept> swept PHAROS_GUARDED_BY(mutex);
  std::atomic<bool> is_obsolete{false};  // the settings are others since

  void give(std::optional<Swept> what) {
    Lock lock(mutex);
    if (std::exchange(is_there, true)) return;
    swept = what;
    there.notify_all();
  }
};

RetentionKeeper::RetentionKeeper(Store& store, const Clock& clock, RetentionOptions options,
                                 const metrics::StorageMetrics& metrics,
                                 std::shared_ptr<pharos::Snapshot<RetentionRules>> in_force)
    : store_(store), clock_(clock), metrics_(metrics), in_force_(std::move(in_force)), options_(std::move(options)) {
  read_notice();
  {
    Lock lock(mutex_);
    take();
  }
  Lock lock(stop_mutex_);
  thread_ = std::thread([this] {
    set_thread_name("retention");
    run();
  });
}

RetentionKeeper::~RetentionKeeper() { stop(); }

void RetentionKeeper::reconfigure(RetentionOptions options) {
  {
    Lock lock(mutex_);
    options_ = std::move(options);
    reconfigured_ = true;
    take();
    if (awaited_) awaited_->is_obsolete = true;
  }
  changed_.notify_all();
}

void RetentionKeeper::stop() {
  {
    Lock lock(mutex_);
    stopping_ = true;
    if (awaited_) awaited_->give(std::nullopt);
  }
  changed_.notify_all();
  Lock lock(stop_mutex_);
  if (thread_.joinable()) thread_.join();
}

std::vector<RetentionWait> RetentionKeeper::waiting() const {
  Lock lock(mutex_);
  std::vector<RetentionWait> waiting = notice_.waiting(clock_.unix_now());
  for (RetentionWait& each : waiting) {
    const auto counted = forecasts_.find(each.name);
    if (each.what == RetentionWait::What::rule && counted != forecasts_.end()) each.would_erase = counted->second;
  }
  return waiting;
}

bool RetentionKeeper::is_interrupted() const {
  Lock lock(mutex_);
  return stopping_ || reconfigured_;
}

void RetentionKeeper::run() {
  SteadyTime next_rules = clock_.now();
  while (true) {
    RetentionOptions options;
    {
      Lock lock(mutex_);
      if (stopping_) return;
      if (std::exchange(reconfigured_, false)) next_rules = clock_.now();
      come_into_force();
      options = options_;
    }
    keep_notice();
    tell(options);
    const SteadyTime began = clock_.now();
    if (began >= next_rules) {
      apply_rules();
      next_rules = clock_.now() + options.interval;
    }
    const bool is_beyond = keep_size();
    metrics_.retention_seconds.observe(std::chrono::duration<double>(clock_.now() - began).count());

    const auto deadline = wait_deadline(until_next_look(options, is_beyond));
    Lock lock(mutex_);
    while (!stopping_ && !reconfigured_) {
      if (lock.wait_until(changed_, deadline) == std::cv_status::timeout) break;
    }
    if (!is_beyond) next_rules = clock_.now();
  }
}

void RetentionKeeper::read_notice() {
  auto kept = read_retention_notice(store_);
  if (!kept) return;
  kept_notice_ = kept.value().notice.encode();
  *notice_written_ = true;
  Lock lock(mutex_);
  notice_ = std::move(kept.value().notice);
  is_new_ = kept.value().is_new;
}

void RetentionKeeper::take() {
  const auto pause = std::exchange(is_new_, false) ? std::chrono::seconds(0) : options_.notice;
  RetentionNotice::News news = notice_.take(*options_.rules, options_.max_size_bytes, clock_.unix_now(), pause);
  const auto append = [](RetentionRules& to, const RetentionRules& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (const RetentionRule& rule : news.rules) forecasts_.erase(rule.name);
  std::erase_if(forecasts_, [this](const auto& counted) {
    return std::ranges::none_of(*options_.rules, [&](const RetentionRule& rule) { return rule.name == counted.first; });
  });
  append(untold_.rules, news.rules);
  append(untold_.no_longer_kept, news.no_longer_kept);
  untold_.size = untold_.size || news.size;
  come_into_force();
}

void RetentionKeeper::come_into_force() {
  const UnixSeconds now = clock_.unix_now();
  in_force_->set(std::make_shared<const RetentionRules>(notice_.rules_in_force(now)));
  metrics_.retention_waiting.set(static_cast<std::int64_t>(notice_.waiting(now).size()));
}

void RetentionKeeper::tell(const RetentionOptions& options) {
  RetentionRules no_longer_kept;
  bool size = false;
  {
    Lock lock(mutex_);
    no_longer_kept = std::exchange(untold_.no_longer_kept, {});
    size = std::exchange(untold_.size, false);
  }
  const auto seconds = options.notice.count();
  for (const RetentionRule& rule : no_longer_kept) {
    log::warn("storage", "what a retention rule kept is kept for now, it can still be taken back",
              {{"rule", rule.name}, {"seconds_left", seconds}});
  }
  if (size) {
    log::warn("storage", "for the new storage.max_size nothing is erased yet, it can still be taken back",
              {{"max_size", options.max_size_bytes}, {"seconds_left", seconds}});
  }
  while (auto rule = untold_rule()) {
    const auto forecast =
        forecast_rule(store_, *rule, options.rules, clock_, [this](std::uint64_t) { return !is_interrupted(); });
    Lock lock(mutex_);
    if (stopping_ || reconfigured_) {
      untold_.rules.insert(untold_.rules.begin(), std::move(*rule));
      return;
    }
    if (!forecast) continue;
    forecasts_[rule->name] = forecast->events;
    log::warn("storage", "a new or changed retention rule erases nothing yet, it can still be taken back",
              {{"rule", rule->name}, {"would_erase", forecast->events}, {"seconds_left", seconds}});
  }
}

std::optional<RetentionRule> RetentionKeeper::untold_rule() {
  Lock lock(mutex_);
  const auto waiting = notice_.waiting(clock_.unix_now());
  while (!untold_.rules.empty()) {
    RetentionRule rule = std::move(untold_.rules.front());
    untold_.rules.erase(untold_.rules.begin());
    if (std::ranges::any_of(waiting, [&](const RetentionWait& each) { return each.name == rule.name; })) return rule;
  }
  return std::nullopt;
}

// What could not be kept is tried again with the next pass; a start before that lets the rules wait once more.
void RetentionKeeper::keep_notice() {
  std::string encoded;
  {
    Lock lock(mutex_);
    encoded = notice_.encode();
  }
  if (encoded == kept_notice_ && *notice_written_) return;
  kept_notice_ = std::move(encoded);
  notice_written_ = std::make_shared<std::atomic<bool>>(false);
  store_.submit_update([text = kept_notice_](WriteTxn& txn) { return write_retention_notice(txn, text); },
                       [written = notice_written_](bool is_written) { *written = is_written; });
}

std::chrono::milliseconds RetentionKeeper::until_next_look(const RetentionOptions& options, bool is_beyond) const {
  std::chrono::milliseconds wait = is_beyond ? std::min(options.size_step, options.interval) : options.interval;
  for (const RetentionWait& each : waiting()) {
    const std::chrono::milliseconds left(each.until * 1000 - clock_.unix_milliseconds());
    wait = std::clamp(left, std::chrono::milliseconds(1), wait);
  }
  return wait;
}

void RetentionKeeper::apply_rules() {
  const auto rules = in_force_->get();
  bool has_erased = false;
  for (const RetentionRule& rule : *rules) {
    auto due = sweep_of(rule, rules, clock_.unix_now());
    if (!due) continue;
    const auto swept = sweep(std::move(*due));
    if (swept && swept->erased > 0) {
      has_erased = true;
      log::info("storage", "a retention rule erased events", {{"rule", rule.name}, {"events", swept->erased}});
    }
  }
  if (has_erased) awaits_merge_ = store_.merge_soon();
  metrics_.retention_timestamp.set(clock_.unix_now());
}

bool RetentionKeeper::keep_size() {
  std::uint64_t max_size_bytes = 0;
  {
    Lock lock(mutex_);
    max_size_bytes = notice_.max_size_in_force(clock_.unix_now());
  }
  if (max_size_bytes == 0) return false;
  DatabaseInfo info;
  {
    const auto txn = store_.read();
    if (!txn) return true;
    if (read_merged_generation(txn.value(), store_.tables()) < awaits_merge_) {
      // Another log may have been begun since the last erasure, and be the one that is waited for.
      store_.merge_soon();
      return true;
    }
    info = read_info(txn.value(), store_.tables());
  }
  const std::uint64_t used = info.used_bytes - std::min(info.free_page_bytes, info.used_bytes);
  if (used <= max_size_bytes || info.events == 0) return false;
  const double share = static_cast<double>(used - max_size_bytes) / static_cast<double>(used);
  const auto wanted = static_cast<std::uint64_t>(static_cast<double>(info.events) * share) + 1;
  std::vector<Seq> events = first_to_go(std::min(wanted, info.events / kStepShare + 1));
  if (events.empty()) {
    log::warn("storage", "the database is larger than storage.max_size, and nothing is left that may go for it",
              {{"bytes", used}, {"max_size", max_size_bytes}});
    return false;
  }
  Sweep due;
  due.cause = EraseCause::retention;
  due.events = std::move(events);
  const auto swept = sweep(std::move(due));
  if (swept && swept->erased > 0) {
    awaits_merge_ = store_.merge_soon();
    log::info("storage", "erased what came first, for storage.max_size",
              {{"events", swept->erased}, {"bytes", used}, {"max_size", max_size_bytes}});
  }
  return true;
}

std::vector<Seq> RetentionKeeper::first_to_go(std::uint64_t count) {
  std::vector<Seq> events;
  const auto rules = in_force_->get();
  const Seq through = store_.last_seq();
  for (const Seq start : {looked_at_, Seq{0}}) {
    looked_at_ = start;
    while (looked_at_ < through && events.size() < count) {
      Seq last = looked_at_;
      const auto visited = scan_by_seq(store_, looked_at_, through, kReadAtOnce, [&](const RecordView& record) {
        if (events.size() >= count) return;
        last = record.seq();
        if (goes_for_size(record, *rules)) events.push_back(last);
      });
      if (!visited) return events;
      looked_at_ = events.size() >= count ? last : visited.value();
    }
    if (!events.empty()) break;
  }
  return events;
}

std::optional<Swept> RetentionKeeper::sweep(Sweep sweep) {
  const auto answer = std::make_shared<Answer>();
  {
    Lock lock(mutex_);
    if (stopping_ || reconfigured_) return std::nullopt;
    awaited_ = answer;
  }
  sweep.is_over = [answer] { return answer->is_obsolete.load(); };
  sweep.done = [answer](const Swept& swept) { answer->give(swept); };
  if (!store_.sweep(std::move(sweep))) return std::nullopt;
  Lock lock(answer->mutex);
  while (!answer->is_there) lock.wait(answer->there);
  return answer->swept;
}

}  // namespace pharos::storage
