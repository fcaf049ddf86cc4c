// The oracle of the storage tests: NIP-01, NIP-09, NIP-40 and the deletion rule of NIP-59 over a plain vector, written
// for obviousness and sharing nothing with src/storage but the Event, the Filter and the names of outcomes.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nostr/event.h"
#include "nostr/filter.h"
#include "storage/store.h"

namespace pharos::test {

struct NaiveQuery {
  std::vector<Filter> filters;
  std::size_t default_limit = 500;
  std::size_t max_limit = 500;
  storage::Seq max_seq = ~storage::Seq{0};
  UnixSeconds now = 0;  // hides what is expired
  std::function<bool(const Event&)> visible = [](const Event&) { return true; };
};

class NaiveStore {
 public:
  struct Held {
    storage::Seq seq;
    Event event;
  };

  // Ephemeral kinds are not for here. `now` decides what is expired on arrival.
  storage::PutOutcome put(const Event& event, UnixSeconds now);

  // What the background does to what expired at or before now.
  void erase_expired(UnixSeconds now);

  // The answer, newest first. The pointers last until the next put().
  std::vector<const Event*> query(const NaiveQuery& query) const;

  // Newest first.
  const std::vector<Held>& held() const { return held_; }
  storage::Seq last_seq() const { return last_seq_; }

 private:
  void apply_deletion(const Event& request);
  // A version that is deleted takes the older ones of its address along.
  void delete_older_versions(const Event& version, UnixSeconds requested);
  bool is_deleted(const Event& event) const;
  template <class Condition>
  void erase(Condition condition);

  std::vector<Held> held_;
  storage::Seq last_seq_ = 0;
  std::map<std::pair<std::string, std::string>, UnixSeconds> deleted_ids_;  // (id, who asked), hex -> when at last
  // (kind, author, d) -> the newest request.
  std::map<std::tuple<int, std::string, std::string>, UnixSeconds> deleted_addresses_;
};

// NIP-01 matching by the letter, limit aside.
bool naive_matches(const Filter& filter, const Event& event);

}  // namespace pharos::test
