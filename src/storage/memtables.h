// The memtables of a store, newest first: the active one, which the writer fills, and frozen ones, which the merger
// takes oldest first. Any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <vector>

#include "storage/memtable.h"
#include "util/sync.h"

namespace pharos::storage {

// Whom the room that LMDB has left is for.
enum class Room {
  for_all,
  for_requests,  // to delete and to vanish, and erasures
  for_erasures,
};

class Memtables {
 public:
  using List = std::vector<std::shared_ptr<Memtable>>;

  // More would take memory without end while LMDB cannot be written.
  static constexpr std::size_t kMaxFrozen = 2;

  // Never changed once it is handed out; holding it keeps the memtables.
  std::shared_ptr<const List> current() const;

  // The newest from now on; the one before it is frozen.
  void push(std::shared_ptr<Memtable> memtable);
  // LMDB holds it.
  void drop(std::uint64_t generation);
  // With `all` the newest counts as frozen too: nothing will be added to it.
  std::shared_ptr<Memtable> oldest_frozen(bool all = false) const;

  // Waits until fewer than kMaxFrozen are frozen; false when the merger gave up for now.
  bool wait_for_room();
  // Whether the merger fails at the moment.
  void set_stuck(bool stuck);
  bool is_stuck() const;

  // True when that changed it.
  bool set_room(Room room) { return room_.exchange(room, std::memory_order_relaxed) != room; }
  Room room() const { return room_.load(std::memory_order_relaxed); }
  bool is_full() const { return room() != Room::for_all; }

 private:
  mutable Mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const List> list_ PHAROS_GUARDED_BY(mutex_) = std::make_shared<const List>();
  bool stuck_ PHAROS_GUARDED_BY(mutex_) = false;
  std::atomic<Room> room_{Room::for_all};
};

}  // namespace pharos::storage
