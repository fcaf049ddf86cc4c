#include "app/deletion.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "storage/record.h"
#include "util/log.h"

namespace pharos::app {
namespace {

// A query merges as many streams, and the store takes few sweeps at a time.
constexpr std::size_t kKeysOfOneFilter = 1'000;

template <class Key>
void erase_in_parts(storage::Store& store, const ingest::RulesSnapshot& rules, const ingest::ReasonByKey<Key>& banned,
                    std::optional<std::vector<Key>> Filter::*field) {
  std::vector<Key> keys;
  const auto flush = [&] {
    if (keys.empty()) return;
    Filter filter;
    std::ranges::sort(keys);
    filter.*field = std::exchange(keys, {});
    erase_banned(store, rules, {std::move(filter)});
  };
  for (const auto& [key, reason] : banned) {
    keys.push_back(key);
    if (keys.size() == kKeysOfOneFilter) flush();
  }
  flush();
}

}  // namespace

bool delete_matching(storage::Store& store, Filter filter, bool dry_run, std::function<void(const Deletion&)> done) {
  const auto found = std::make_shared<Deletion>();
  storage::Sweep sweep;
  sweep.filters.push_back(std::move(filter));
  sweep.spares = [found, dry_run](const storage::RecordView& record) {
    ++found->events;
    found->bytes += record.bytes().size();
    return dry_run;
  };
  sweep.done = [found, dry_run, done = std::move(done)](const storage::Swept& swept) {
    found->whole = swept.whole;
    if (!dry_run) found->events = swept.erased;
    done(*found);
  };
  return store.sweep(std::move(sweep));
}

void erase_banned(storage::Store& store, const ingest::RulesSnapshot& rules, std::vector<Filter> filters) {
  storage::Sweep sweep;
  sweep.filters = std::move(filters);
  sweep.spares = [rules = rules->get()](const storage::RecordView& record) {
    return !rules->lists().allowed_events.empty() && rules->lists().allowed_events.contains(record.id());
  };
  sweep.done = [](const storage::Swept& swept) {
    if (swept.erased > 0 || !swept.whole)
      log::info("access", "banned events were erased", {{"events", swept.erased}, {"all", swept.whole}});
  };
  if (!store.sweep(std::move(sweep)))
    log::warn("access", "too much is being erased: what was banned now is erased after the next start");
}

void erase_all_banned(storage::Store& store, const ingest::RulesSnapshot& rules) {
  const auto now = rules->get();
  erase_in_parts(store, rules, now->lists().banned_events, &Filter::ids);
  erase_in_parts(store, rules, now->lists().banned_pubkeys, &Filter::authors);
}

}  // namespace pharos::app
